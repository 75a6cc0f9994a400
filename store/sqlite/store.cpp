#include <skald/store/database/store.hpp>

#include <skald/store/database/reader_pool.hpp>
#include <skald/store/sqlite/reader.hpp>
#include <skald/store/sqlite/schema.hpp>
#include <skald/store/sqlite/writer.hpp>
#include <skald/store/sqlite_store.hpp>

#include <mutex>

namespace skald {

namespace {

using namespace detail::sqlite;

constexpr std::size_t most_readers = 16;

class sqlite_store final : public detail::database_store<sqlite_store> {
public:
  sqlite_store(const std::filesystem::path& file, const store_options& options)
    : database_store{options}, kept_{options.durability},
      writer_{open_for_writing(file, options), options.durability, clock(), options.verify_reads},
      readers_{most_readers, [file, verified = options.verify_reads] {
                 return std::make_unique<reader>(open_for_reading(file, verified), verified);
               }} {}

private:
  friend database_store;

  std::optional<position> take_appended_elsewhere() {
    const std::lock_guard lock{mutex_};
    return writer_.take_appended_elsewhere();
  }

  template <class Use>
  auto ask(const Use& use) const -> result<decltype(use(std::declval<reader&>()))> {
    try {
      return readers_.with(use);
    } catch (const disk_fault& why) {
      readers_.clear(); // the next one opens the file again, and looks at what it holds
      return why.error();
    } catch (const failure& why) {
      return why.error();
    }
  }

  /// Runs `work` in one transaction, which is undone where it answers an error or throws.
  template <class Work>
  auto change(kind what, const Work& work) -> decltype(work(std::declval<writer&>())) {
    const std::lock_guard lock{mutex_};
    if (fault_) return *fault_;
    try {
      writer_.begin(what == kind::of_snapshots ? durability::relaxed : kept_);
      auto answer = work(writer_);
      if (answer)
        writer_.commit();
      else
        writer_.undo();
      return answer;
    } catch (const disk_fault& why) {
      writer_.undo();
      return turn_read_only(why.error());
    } catch (const failure& why) {
      writer_.undo();
      return why.error();
    } catch (...) {
      writer_.undo();
      throw;
    }
  }

  /// Answers why, to whoever hears of it first. The writer stays open: readers that came later would otherwise read the
  /// log anew, and find what was undone.
  error turn_read_only(error why) {
    writer_.leave_alone();
    why.message += ", and open the store again: until then it can only be read";
    fault_.emplace(errc::read_only, "nothing was written, because of what happened before: " + why.message);
    return why;
  }

  const durability kept_;
  std::mutex mutex_;
  std::optional<error> fault_; // of the disk, since which nothing is written
  writer writer_;
  mutable detail::reader_pool<reader> readers_;
};

} // namespace

result<std::unique_ptr<event_store>> open_sqlite_store(const std::filesystem::path& file, store_options options) {
  if (file.empty()) return error{errc::invalid_argument, "opening a store: no file is named: give sqlite:FILE"};
  if (file.native().find('\0') != std::string::npos) // SQLite would open what stands in front of it
    return error{errc::invalid_argument, "opening a store: the name of its file holds a NUL: name another one"};
  try {
    // SQLite gives names such as ":memory:" and "file:x?mode=ro" a meaning of its own, but no absolute path.
    const auto path = std::filesystem::absolute(file);
    create_file(path, options.create);
    return std::unique_ptr<event_store>{std::make_unique<sqlite_store>(path, options)};
  } catch (const failure& why) {
    return why.error();
  } catch (const std::filesystem::filesystem_error& why) {
    return error{errc::open_failed, "store '" + file.string() + "': opening it: " + why.code().message() +
                                      ": start the program in a folder that is there, or name the whole path"};
  }
}

} // namespace skald
