#pragma once

#include "paired.hpp"
#include <skald/aggregates/aggregate.hpp>
#include <skald/store/event_store.hpp>

#include <boost/describe.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
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

/// A new SQLite store, gone at the end.
class store_file {
public:
  explicit store_file(const std::filesystem::path& folder);
  ~store_file();
  store_file(const store_file&) = delete;
  store_file& operator=(const store_file&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string url() const { return "sqlite:" + path_.string(); }

  /// Appends `events` events, one to each of `streams` in turn, as fast as may be.
  void fill(const std::vector<skald::stream_id>& streams, std::size_t events) const;

private:
  void remove() const;

  std::filesystem::path path_;
};

/// How long `events` one-event requests take through a store actor. `in_flight` of them are always under way: each
/// answer sends the next one, so that they arrive as groups of as many.
seconds through_store_actor(skald::event_store& store, const std::vector<skald::stream_id>& streams, std::size_t events,
                            std::size_t in_flight);

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

/// How long it takes to append `events` events, one to each of `streams` in turn, in groups: `append(group)` gets pointers
/// to the streams of one.
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

/// The same by plain SQLite, on a new file.
seconds plain_groups(const std::filesystem::path& folder, std::size_t streams, std::size_t events, std::size_t group,
                     bool ids_given = false);

} // namespace bench
