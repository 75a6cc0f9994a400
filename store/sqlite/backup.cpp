#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/sqlite/reader.hpp>
#include <skald/store/sqlite/schema.hpp>
#include <skald/store/sqlite_store.hpp>

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace skald {

namespace {

using namespace detail::sqlite;
namespace fs = std::filesystem;

[[noreturn]] void fail(errc code, const fs::path& to, const std::string& why) {
  throw failure{code, "backup '" + to.string() + "': " + why};
}

/// Marks a copy, so that it begins an epoch of its own when it is opened. Stores of older versions have none.
void mark_as_copy(const connection& copy) {
  if (!is_newest(copy)) return;
  copy.execute("marking the copy", "UPDATE skald_store SET epoch = NULL");
  copy.take_over_log();
}

/// Copies the store as of one moment. Returns false if `go_on` stopped it.
bool copy(const connection& from, const fs::path& to, const std::function<bool(backup_progress)>& go_on) {
  create_file(to, true);
  const connection target{to, errc::insertion_failed};
  from.execute("copying it", "BEGIN; SELECT count(*) FROM sqlite_schema"); // the first read chooses the moment
  const bool complete = from.copy_to(
    target, [&](std::uint64_t done, std::uint64_t all) { return !go_on || go_on(backup_progress{done, all}); });
  from.execute("copying it", "COMMIT");
  if (complete) mark_as_copy(target);
  return complete;
}

/// None if the schema is too old to be read.
std::optional<verification> verify(const fs::path& file) {
  auto db = open_for_reading(file, false);
  if (is_newest(*db)) {
    detail::inspector found;
    reader{std::move(db), false}.inspect(found);
    return found.take();
  }
  statement check{*db, "verifying it", "PRAGMA integrity_check(1)"};
  auto row = check();
  if (row.next() && row.text(0) != "ok") db->corrupt("SQLite finds: " + detail::on_one_line(row.text(0)));
  return {};
}

/// Gives the file its name, and waits until the disk has that.
void rename_on_disk(const fs::path& from, const fs::path& to) {
  int failed = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (failed != 0 && errno == EINVAL) failed = ::rename(from.c_str(), to.c_str()); // a file system that cannot refuse
  if (failed != 0)
    fail(errc::insertion_failed, to,
         "naming it: " + std::generic_category().message(errno) + ": see its folder; the copy is complete in '" +
           from.string() + "'");
  const int folder = ::open(to.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return; // a folder that may not be read cannot be synced
  ::fsync(folder);
  ::close(folder);
}

backup_report back_up(const fs::path& from, const fs::path& to, const std::function<bool(backup_progress)>& go_on) {
  const auto source = open_for_copying(from);
  if (fs::exists(to)) fail(errc::invalid_argument, to, "there is such a file already: name a new one");
  auto partial = to;
  partial += ".partial";
  if (!copy(*source, partial, go_on)) {
    fs::remove(partial);
    fail(errc::stopped, to, "it was stopped before its end, and nothing of it is left");
  }
  backup_report report;
  report.found = verify(partial);
  if (report.found && !report.found->sound())
    fail(errc::corrupt, to,
         "the copy has " + std::to_string(report.found->problem_count) +
           " problems, and so has the store: verify the "
           "store to see all of them. First: " +
           report.found->problems.front().message + ". The copy stays in '" + partial.string() + "'");
  report.bytes = fs::file_size(partial);
  rename_on_disk(partial, to);
  return report;
}

} // namespace

result<backup_report> back_up_sqlite_store(const fs::path& from, const fs::path& to,
                                           const std::function<bool(backup_progress)>& go_on) {
  for (const auto& file : {from, to})
    if (file.empty() || file.native().find('\0') != std::string::npos)
      return error{errc::invalid_argument, "a backup: the name of a file is empty or holds a NUL: name another one"};
  try {
    return back_up(fs::absolute(from), fs::absolute(to), go_on);
  } catch (const failure& why) {
    return why.error();
  } catch (const fs::filesystem_error& why) {
    return error{errc::insertion_failed, "backup '" + to.string() + "': " + why.code().message() +
                                           ": see that its folder is there and that this user may write to it"};
  }
}

} // namespace skald
