#pragma once

#include "paired.hpp"
#include "plain_sqlite.hpp"
#include <skald/aggregates/aggregate.hpp>
#include <skald/store/event_store.hpp>

#include <boost/describe.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace bench {

/// The event of all workloads; its JSON has 100 bytes.
struct renamed {
  std::string name;
  std::string email;
  std::int64_t age = 0;
};
BOOST_DESCRIBE_STRUCT(renamed, (), (name, email, age))
using user_events = skald::events<skald::event<"user:renamed", renamed>>;
extern const std::string sample_data;

/// One such event, as the typed interface sends it.
skald::append_request request_to(const skald::stream_id& stream);

/// Throws unless the store holds exactly so many events and is sound (`event_store::verify`). Cost grows with them.
void must_hold(const skald::event_store& store, std::size_t events);

/// Throws where they differ.
void must_be(std::size_t found, std::size_t expected, std::string_view what);

/// A new SQLite store in a folder of its own, gone at the end.
class store_file {
public:
  explicit store_file(const std::filesystem::path& folder);
  ~store_file();
  store_file(const store_file&) = delete;
  store_file& operator=(const store_file&) = delete;

  [[nodiscard]] std::filesystem::path path() const { return folder_ / "events.db"; }
  [[nodiscard]] std::string url() const { return "sqlite:" + path().string(); }
  [[nodiscard]] std::unique_ptr<skald::event_store> open(skald::store_options options = {}) const;

  /// Appends `events` events, one to each of `streams` in turn, as fast as may be.
  void fill(const std::vector<skald::stream_id>& streams, std::size_t events) const;

private:
  std::filesystem::path folder_;
};

/// How long `work(file)` says that it takes on a new store, which has to hold `events` events then.
template <class Work>
seconds on_new_store(const std::filesystem::path& folder, std::size_t events, Work work) {
  const store_file file{folder};
  const seconds taken = work(file);
  must_hold(*file.open(), events);
  return taken;
}

/// How long `events` one-event requests take through a store actor. `in_flight` of them are always under way: each
/// answer sends the next one, so that they arrive as groups of as many.
seconds through_store_actor(skald::event_store& store, const std::vector<skald::stream_id>& streams, std::size_t events,
                            std::size_t in_flight);
/// The same on a new store.
seconds through_store_actor(const std::filesystem::path& folder, std::size_t streams, std::size_t events,
                            std::size_t in_flight);

/// What floors and subjects share: made when one of them asks for it first, by `make`, which answers a
/// `std::unique_ptr`.
template <class Make>
auto shared(Make make) {
  return [make, made = std::make_shared<std::invoke_result_t<Make>>()]() -> auto& {
    if (!*made) *made = make();
    return **made;
  };
}

/// Names as skald generates them, ordered by time.
std::vector<skald::stream_id> ordered_names(std::size_t count);
/// Names in no order, the same in each run.
std::vector<skald::stream_id> random_names(std::size_t count);

/// Streams that are named one after the other, again from the first behind the last.
class rotation {
public:
  explicit rotation(const std::vector<skald::stream_id>& of) : of_{of} {}
  const skald::stream_id& next() { return of_[next_++ % of_.size()]; }

private:
  const std::vector<skald::stream_id>& of_;
  std::size_t next_ = 0;
};

/// How long it takes to append `events` events, one to each of `streams` in turn, in groups: `append(group)` gets
/// pointers to the streams of one.
template <class Append>
seconds timed_groups(const std::vector<skald::stream_id>& streams, std::size_t events, std::size_t group,
                     Append append) {
  rotation names{streams};
  std::vector<const skald::stream_id*> next;
  return timed([&] {
    for (std::size_t done = 0; done < events; done += next.size()) {
      next.clear();
      while (next.size() < std::min(group, events - done)) next.push_back(&names.next());
      append(std::span{next});
    }
  });
}

/// The same by skald's port.
seconds port_groups(skald::event_store& store, const std::vector<skald::stream_id>& streams, std::size_t events,
                    std::size_t group);

/// The same by plain SQLite, on a new store. `pages_in_log` as `plain_sqlite` has it.
seconds plain_groups(const std::filesystem::path& folder, std::size_t streams, std::size_t events, std::size_t group,
                     plain_sqlite::ids ids = plain_sqlite::ids::made,
                     int pages_in_log = plain_sqlite::default_pages_in_log);

/// Events that are written once and read by every pair: a thousand in each stream, which lie apart.
class history {
public:
  explicit history(std::size_t events);

  [[nodiscard]] std::size_t events() const { return events_; }
  [[nodiscard]] const std::vector<skald::stream_id>& streams() const { return streams_; }

  /// How long it takes to read everything, or so many of the streams. Throws where that was not all of it.
  [[nodiscard]] seconds read_all(const skald::event_store& store) const;
  [[nodiscard]] seconds read_streams(const skald::event_store& store, std::size_t count) const;

  /// The same by plain SQLite or libpq.
  template <class Plain>
  seconds read_all_plainly(Plain& db) const {
    std::size_t records = 0;
    const auto taken = timed([&] { records = db.scan(); });
    must_be(records, events_, "records that were read plainly");
    return taken;
  }
  template <class Plain>
  seconds read_streams_plainly(Plain& db, std::size_t count) const {
    std::size_t records = 0;
    const auto taken = timed([&] {
      for (std::size_t i = 0; i < count; ++i) records += db.scan_stream(streams_[at(i)]);
    });
    must_be(records, records_in(count), "records of streams that were read plainly");
    return taken;
  }

private:
  /// Where the one is that is read as number `i`: far from the one before.
  [[nodiscard]] std::size_t at(std::size_t i) const { return i * 7919 % streams_.size(); }
  [[nodiscard]] std::size_t records_in(std::size_t count) const;

  std::size_t events_;
  std::vector<skald::stream_id> streams_;
};

} // namespace bench
