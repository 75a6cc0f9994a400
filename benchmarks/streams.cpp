#include "fixtures.hpp"
#include "plain_sqlite.hpp"
#include "workloads.hpp"
#include <skald/store/sqlite_store.hpp>

#include <algorithm>
#include <memory>
#include <random>

namespace bench {

namespace {

constexpr std::size_t group = 256;

/// A store with streams that have an event each, opened by skald or plainly. It stays for all pairs.
class wide_store {
public:
  wide_store(const std::filesystem::path& folder, std::vector<skald::stream_id> streams)
    : file_{folder}, streams_{std::move(streams)} {
    file_.fill(streams_, streams_.size());
  }

  seconds append(bool plainly, const std::vector<skald::stream_id>& to) {
    if (!plainly) {
      if (!store_) store_ = skald::open_sqlite_store(file_.path()).value();
      return port_groups(*store_, to, to.size(), group);
    }
    if (!plain_) plain_ = std::make_unique<plain_sqlite>(file_.path(), plain_sqlite::use::appending);
    return timed_groups(to, to.size(), group,
                        [&](std::span<const skald::stream_id* const> next) { plain_->append(next, sample_data); });
  }

  /// So many of its streams in an order that is another one each time.
  std::vector<skald::stream_id> draw(std::size_t count) {
    std::uniform_int_distribution<std::size_t> any{0, streams_.size() - 1};
    std::vector<skald::stream_id> drawn;
    while (drawn.size() < count) drawn.push_back(streams_[any(random_)]);
    return drawn;
  }

  std::vector<skald::stream_id> in_turn(std::size_t count) {
    std::vector<skald::stream_id> taken;
    for (rotation names{streams_}; taken.size() < count;) taken.push_back(names.next());
    return taken;
  }

private:
  store_file file_;
  std::vector<skald::stream_id> streams_;
  std::mt19937_64 random_; // NOLINT(*-msc51-cpp): the same each time
  std::unique_ptr<skald::event_store> store_;
  std::unique_ptr<plain_sqlite> plain_;
};

/// Made when it is used for the first time.
auto store_with(const setting& s, std::vector<skald::stream_id> (*names)(std::size_t), std::size_t count) {
  return [=, made = std::make_shared<std::unique_ptr<wide_store>>()]() -> wide_store& {
    if (!*made) *made = std::make_unique<wide_store>(s.folder, names(count));
    return **made;
  };
}

} // namespace

std::vector<workload> stream_workloads(const setting& s) {
  constexpr std::size_t few = 1000;
  const auto many = s.scaled(1'000'000);
  const auto events = s.scaled(25'600);
  std::vector<workload> all;

  const auto here = store_with(s, random_names, many);
  const auto there = store_with(s, random_names, many);
  all.push_back({"random order over " + std::to_string(many) + " streams with random names", "events", events,
                 [=] { return here().append(true, here().draw(events)); },
                 [=] { return there().append(false, there().draw(events)); }, 0.8});

  for (const bool plainly : {false, true}) {
    const auto narrow = store_with(s, ordered_names, few);
    const auto wide = store_with(s, ordered_names, many);
    all.push_back({std::string{plainly ? "the same by plain SQLite" : "new streams beside "} +
                     (plainly ? "" : std::to_string(many) + " others, against appends to 1000 streams"),
                   "events", events, [=] { return narrow().append(plainly, narrow().in_turn(events)); },
                   [=] { return wide().append(plainly, ordered_names(events)); },
                   plainly ? std::nullopt : std::optional{0.6}});
  }
  return all;
}

} // namespace bench
