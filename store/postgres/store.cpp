#include <skald/store/database/store.hpp>

#include <skald/store/database/reader_pool.hpp>
#include <skald/store/postgres/patience.hpp>
#include <skald/store/postgres/reader.hpp>
#include <skald/store/postgres/schema.hpp>
#include <skald/store/postgres/writer.hpp>
#include <skald/store/postgres_store.hpp>

#include <mutex>

namespace skald {

namespace {

using namespace detail::postgres;
using detail::postgres_url;
using steady = std::chrono::steady_clock;

constexpr std::size_t most_readers = 8;

/// A transaction whose commit was not answered, and the answer that it gives if it was committed.
template <class Answer>
struct commit_in_doubt {
  writer::trace trace;
  Answer answer;
};

class postgres_store final : public detail::database_store<postgres_store> {
public:
  postgres_store(postgres_url to, const store_options& options)
    : database_store{options}, to_{std::move(to)}, kept_{options.durability}, verified_{options.verify_reads},
      dog_{to_.deadline}, readers_{most_readers, [this] {
                                     return std::make_unique<reader>(open_for_reading(to_, dog_, kept_), verified_);
                                   }} {
    writer_.emplace(open_for_writing(to_, options, dog_), clock(), heads_, verified_);
    (void)heads_.take(); // what was there before
    writer_->set_trouble(errc::insertion_failed);
  }

private:
  friend database_store;

  /// Does not wait for a server that is gone, since appends may wait for this. Finds nothing until the server has
  /// been gone for its deadline.
  std::optional<position> take_appended_elsewhere() {
    const std::lock_guard lock{mutex_};
    const auto now = steady::now();
    for (bool again = writer_.has_value();; again = false) {
      try {
        auto& from = session(); // a new one looks by itself
        from.hear();
        // Notifications are hints: what one of them should have told is found all the same.
        if (now >= next_look_) {
          next_look_ = now + to_.deadline / 6;
          heads_.seen(from.look());
        }
        deaf_since_.reset();
        return heads_.take();
      } catch (const lost_connection&) {
        writer_.reset();
        if (again) continue;
        if (!deaf_since_) deaf_since_ = now;
        if (steady::now() - *deaf_since_ >= to_.deadline) throw;
        return heads_.take();
      }
    }
  }

  /// Runs `work` in one transaction, which is undone if it returns an error or throws. If the connection is lost,
  /// `work` runs again in another transaction, unless the first one turns out to have been committed. Only
  /// transactions of events can tell: writes of projections or snapshots may happen twice.
  template <class Work>
  auto change(kind what, const Work& work) -> decltype(work(std::declval<writer&>())) {
    using answer = decltype(work(std::declval<writer&>()));
    const std::lock_guard lock{mutex_};
    patience waiting{to_.deadline};
    for (std::optional<commit_in_doubt<answer>> doubt;;) {
      try {
        return attempt(what, work, doubt);
      } catch (const lost_connection& why) {
        writer_.reset();
        if (!waiting.wait()) return told(why.error(), doubt.has_value());
      } catch (const failure& why) {
        undo();
        if (!doubt || !waiting.wait()) return told(why.error(), doubt.has_value());
      } catch (...) {
        undo();
        throw;
      }
    }
  }

  /// Runs `work` once, unless the transaction in doubt was committed. Leaves a doubt if its own commit is not answered.
  template <class Work, class Answer>
  Answer attempt(kind what, const Work& work, std::optional<commit_in_doubt<Answer>>& doubt) {
    auto& to = session();
    what == kind::of_projections ? to.begin() : to.begin_appending(what == kind::of_snapshots);
    if (doubt && what == kind::of_events && to.committed(doubt->trace)) {
      to.undo();
      return std::move(doubt->answer);
    }
    if (what == kind::of_events) doubt.reset();
    auto answer = work(to);
    if (!answer) {
      to.undo();
      return answer;
    }
    try {
      to.commit();
    } catch (const lost_connection& why) {
      if (why.error().outcome == outcome::unknown) doubt.emplace(to.last_trace(), std::move(answer));
      throw;
    }
    return answer;
  }

  /// Does nothing without a session.
  void undo() noexcept {
    if (writer_) writer_->undo();
  }

  static error told(error why, bool in_doubt) {
    if (!in_doubt) {
      why.outcome = outcome::not_written;
      return why;
    }
    why.outcome = outcome::unknown;
    why.message += "; whether it was written before that is not known: repeat it with the same event ids";
    return why;
  }

  writer& session() {
    if (!writer_) writer_.emplace(open_session(to_, errc::insertion_failed, dog_, kept_), clock(), heads_, verified_);
    return *writer_;
  }

  /// Asks a reader, and another one if the connection is lost.
  template <class Use>
  auto ask(const Use& use) const -> result<decltype(use(std::declval<reader&>()))> {
    for (patience waiting{to_.deadline};;) {
      try {
        return readers_.with(use);
      } catch (const lost_connection& why) {
        readers_.clear(); // the others are most probably lost, too
        if (!waiting.wait()) return why.error();
      } catch (const failure& why) {
        return why.error();
      }
    }
  }

  const postgres_url to_;
  const durability kept_;
  const bool verified_;
  mutable watchdog dog_;
  std::mutex mutex_;
  detail::head_tracker heads_;
  steady::time_point next_look_{};
  std::optional<steady::time_point> deaf_since_; // when the first look began of those that found no server
  std::optional<writer> writer_; // none after the connection was lost
  mutable detail::reader_pool<reader> readers_;
};

} // namespace

result<std::unique_ptr<event_store>> open_postgres_store(const std::string& url, store_options options) {
  auto to = postgres_url::parse(url);
  if (!to) return to.error();
  try {
    return std::unique_ptr<event_store>{std::make_unique<postgres_store>(std::move(*to), options)};
  } catch (const failure& why) {
    return why.error();
  }
}

} // namespace skald
