#pragma once

#include <skald/store/checkpoint.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/query.hpp>
#include <skald/store/snapshot.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// What the backends share beside the rules of appending: the checks at their doors, the form of flags, the size of a page
/// and the lending of readers. Not for users, and not installed.
namespace skald::detail {

/// Positions fit a signed integer of 64 bits, which is what databases have.
inline constexpr position last_position{(std::uint64_t{1} << 63) - 1};

/// The marks of a record as one number, as they are stored: 1 for hydrated, 2 for outdated, 4 for silent.
[[nodiscard]] std::uint64_t flags_of(const record& r) noexcept;

/// What databases store of a record as signed integers.
struct stored_numbers {
  std::int64_t position;
  std::int64_t revision;
  std::int64_t schema_version;
  std::int64_t created;
  std::int64_t recorded;
  std::int64_t flags;
};

/// Sets them, and the batch key where it has one. Answers what cannot have been written, or null.
[[nodiscard]] const char* restore(record& r, const stored_numbers& from, std::optional<std::string_view> batch);

/// What is wrong with a record, by the checksum that is kept beside it; null for nothing.
[[nodiscard]] const char* problem_of_checksum(const record& r, std::optional<std::uint64_t> kept);

/// All of a record but its data and metadata, which may be large.
[[nodiscard]] record without_body(const record& r);

/// A sentence that names the record.
[[nodiscard]] std::string sentence_about(const record& r, std::string_view problem);

/// What is wrong with a page of all events, as it was read: a position that is missing; none for nothing. `newest` is the
/// newest there was before.
[[nodiscard]] std::optional<std::string> problem_of_gaps(const all_query& query, const page& read, position newest);

/// A sentence about a stream of which another number of events is found than there should be.
[[nodiscard]] std::string incomplete(std::string_view stream, std::int64_t revision, std::int64_t found);

/// Whether a page ended because nothing lies behind it.
template <class Query>
[[nodiscard]] bool ended(const Query& query, const page& answer) {
  return !answer.more && answer.records.size() < query.limit().value_or(SIZE_MAX);
}

/// Of two things, that for forward comes first.
inline std::size_t index_of(direction d) { return d == direction::forward ? 0 : 1; }

/// Fails where the schema is none that this skald knows.
void check_version(const auto& db, std::int64_t version, std::int64_t newest) {
  if (version > 0 && version <= newest) return;
  db.fail("identifying it",
          "it has version " + std::to_string(version) + " of the schema, this skald knows versions up to " +
            std::to_string(newest),
          version > newest ? "open it with a newer skald" : "restore it from a backup");
}

/// Revisions as a JSON array.
[[nodiscard]] std::string json_of(const std::vector<revision>& revisions);

/// Adds them; false where the text is none.
[[nodiscard]] bool read_revisions(std::string_view text, std::vector<revision>& revisions);

/// Errors: `invalid_argument`.
[[nodiscard]] result<void> check_readable(const stream_id& stream);
[[nodiscard]] result<void> check_readable(const relation_key& key);
[[nodiscard]] result<void> check_readable(const stream_query& query);
[[nodiscard]] result<void> check_readable(const streams_query& query);
[[nodiscard]] result<void> check_readable(const all_query& query);
/// That the status of a record may be asked.
[[nodiscard]] result<void> check_readable(const record& r);

/// What a list begins behind: nothing, or a name. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_list_start(std::string_view after);

/// How much of a list is answered at once.
[[nodiscard]] constexpr std::size_t page_of_list(std::size_t limit) noexcept {
  return limit < limits::list_names ? limit : limits::list_names;
}

/// Of a list whose names are not in their order.
[[nodiscard]] error out_of_order();

/// A piece of a list, if `name_of` each of it lies behind the one before, the first behind `after`; else a list might never
/// end. Errors: `corrupt`.
template <class T, class Name, class NameOf>
[[nodiscard]] result<std::vector<T>> in_order(result<std::vector<T>> piece, const Name& after, NameOf name_of) {
  if (!piece) return piece;
  const T* last = nullptr;
  for (const auto& one : *piece) {
    if (!(last ? name_of(*last) < name_of(one) : after < name_of(one))) return out_of_order();
    last = &one;
  }
  return piece;
}

/// The name of a projection, and that a position that is stored of it is one that a store can hold. Errors:
/// `invalid_argument`.
[[nodiscard]] result<void> check_projection(std::string_view name, position stored = {});

/// The same for all that an update holds, and the names of its handlers.
[[nodiscard]] result<void> check_update(const checkpoint_update& update);

/// Reducer, stream or relation, and what is stored of them. Errors: `invalid_argument`.
[[nodiscard]] result<void> check_key(const snapshot_key& key);
[[nodiscard]] result<void> check_snapshot(const snapshot& s);

/// What a database keeps beside a snapshot, to tell that none of its bits has changed.
[[nodiscard]] std::string checksum_of(const snapshot& s);

/// What the streams of a snapshot are like, in the moment in which it was read.
struct snapshot_basis {
  std::uint64_t records = 0; ///< all that they hold
  std::uint64_t behind = 0; ///< those behind the snapshot's cursor
  revision relation_revision{};
  bool intact = true; ///< the snapshot's checksum is the one that is stored
};

/// Decides whether a snapshot holds.
///
/// Records are never removed, and a relation's revision tells that its streams are the same. So where as many records lie
/// at or before the cursor as were folded, they are those that were folded: what came since sorts behind it.
[[nodiscard]] stored_snapshot judge(snapshot s, const snapshot_basis& now);

[[nodiscard]] error unknown_projection(std::string_view name);

/// Tells appends of others from one's own.
class head_tracker {
public:
  explicit head_tracker(position now = {}) : known_{now} {}

  void set(position own) { known_ = own; }
  void seen(position head) {
    if (head <= known_) return;
    if (!others_behind_) others_behind_ = known_;
    known_ = head;
  }
  /// See `event_store::appended_elsewhere`.
  [[nodiscard]] std::optional<position> take() { return std::exchange(others_behind_, std::nullopt); }

private:
  position known_;
  std::optional<position> others_behind_;
};

/// Collects the records of one page and knows when it is full.
class page_builder {
public:
  explicit page_builder(std::optional<std::size_t> limit) : left_{limit.value_or(SIZE_MAX)} {}

  /// Whether the next record that fits the query is worth looking for.
  [[nodiscard]] bool open() const noexcept { return left_ != 0 && !page_.more; }

  /// Adds what `make` answers, or only notes that there is more where the page is full.
  template <class Make>
  void add(Make make) {
    if (page_.records.size() == limits::page_records || bytes_ >= limits::page_bytes) {
      page_.more = true;
      return;
    }
    const auto& added = page_.records.emplace_back(make());
    bytes_ += added.data.size() + added.meta.size();
    --left_;
  }

  [[nodiscard]] page take() { return std::move(page_); }

private:
  page page_;
  std::size_t left_; // of the query's limit
  std::size_t bytes_ = 0;
};

/// Merges streams that are each in the query's order into one page.
///
/// `next(i, behind)` answers the cursor of the first record of stream `i` that the query wants, behind a cursor where one is
/// given, and a token, by which `take` then makes the record. Memory holds a cursor for each stream, and the page.
template <class Next, class Take>
page merge_streams(const streams_query& query, std::size_t streams, Next next, Take take) {
  using hit = typename std::invoke_result_t<Next&, std::size_t, const stream_cursor*>::value_type;
  struct front {
    hit first;
    std::size_t stream;
  };
  const bool forward = query.direction() == direction::forward;
  const auto comes_later = [&](const front& a, const front& b) {
    return forward ? a.first.at > b.first.at : a.first.at < b.first.at;
  };
  std::priority_queue<front, std::vector<front>, decltype(comes_later)> fronts{comes_later};
  const auto look_behind = [&](std::size_t stream, const stream_cursor* cursor) {
    if (auto found = next(stream, cursor)) fronts.push({std::move(*found), stream});
  };
  for (std::size_t i = 0; i < streams; ++i) look_behind(i, nullptr);
  page_builder page{query.limit()};
  while (page.open() && !fronts.empty()) {
    const auto front = fronts.top();
    fronts.pop();
    page.add([&] { return take(front.first.token); });
    look_behind(front.stream, &front.first.at);
  }
  return page.take();
}

/// Lends things, each to one caller at a time. Makes them when they are wanted, and waits only when `most` are lent. Safe to
/// use from several threads at once.
template <class Lent>
class pool {
public:
  pool(std::size_t most, std::function<std::unique_ptr<Lent>()> make) : most_{most}, make_{std::move(make)} {}

  /// Calls `use` with one of them, and answers its answer.
  template <class Use>
  auto with(Use use) -> decltype(use(std::declval<Lent&>())) {
    loan taken{*this};
    return use(*taken.lent);
  }

  /// Ends those that are not lent.
  void clear() {
    std::vector<std::unique_ptr<Lent>> ended; // outlives the lock
    const std::lock_guard lock{mutex_};
    ended.swap(idle_);
  }

private:
  struct loan {
    explicit loan(pool& from) : of{from}, lent{from.take()} {}
    ~loan() { of.give_back(std::move(lent)); }
    loan(const loan&) = delete;
    loan& operator=(const loan&) = delete;

    pool& of;
    std::unique_ptr<Lent> lent;
  };

  std::unique_ptr<Lent> take() {
    std::unique_lock lock{mutex_};
    available_.wait(lock, [&] { return !idle_.empty() || lent_ < most_; });
    ++lent_;
    if (!idle_.empty()) {
      auto taken = std::move(idle_.back());
      idle_.pop_back();
      return taken;
    }
    lock.unlock();
    try {
      return make_();
    } catch (...) {
      give_back(nullptr);
      throw;
    }
  }

  void give_back(std::unique_ptr<Lent> lent) {
    {
      const std::lock_guard lock{mutex_};
      --lent_;
      if (lent) idle_.push_back(std::move(lent));
    }
    available_.notify_one();
  }

  std::size_t most_;
  std::function<std::unique_ptr<Lent>()> make_;
  std::mutex mutex_;
  std::condition_variable available_;
  std::vector<std::unique_ptr<Lent>> idle_;
  std::size_t lent_ = 0;
};

} // namespace skald::detail
