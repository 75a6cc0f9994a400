#include "fixtures.hpp"
#include "workloads.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <random>
#include <utility>

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

  seconds append(const std::vector<skald::stream_id>& to) {
    if (!store_) store_ = file_.open();
    const auto taken = port_groups(*store_, to, to.size(), group);
    must_have_grown(to.size(), store_->head().value().value);
    return taken;
  }

  seconds append_plainly(const std::vector<skald::stream_id>& to) {
    if (!plain_) plain_ = std::make_unique<plain_sqlite>(file_.path(), plain_sqlite::use::appending);
    const auto taken = timed_groups(
      to, to.size(), group, [&](std::span<const skald::stream_id* const> next) { plain_->append(next, sample_data); });
    must_have_grown(to.size(), plain_->head());
    return taken;
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
  /// Looks through all of it in the pair that is thrown away: that also moves the log into the database.
  void must_have_grown(std::size_t by, std::size_t head) {
    events_ += by;
    if (!std::exchange(looked_through_, true)) must_hold(*file_.open(), events_);
    must_be(head, events_, "the newest position of a store");
  }

  store_file file_;
  std::vector<skald::stream_id> streams_;
  std::size_t events_ = streams_.size();
  bool looked_through_ = false;
  std::mt19937_64 random_; // NOLINT(*-msc51-cpp): the same each time
  std::unique_ptr<skald::event_store> store_;
  std::unique_ptr<plain_sqlite> plain_;
};

/// Two stores that are filled alike, which floor and subject exchange every two pairs: one of them is always the faster
/// one, by where its file lies.
class exchanged_stores {
public:
  exchanged_stores(const std::filesystem::path& folder, const std::vector<skald::stream_id>& streams)
    : stores_{wide_store{folder, streams}, wide_store{folder, streams}} {}

  wide_store& of_floor() { return stores_.at(floors_++ / 2 % 2); }
  wide_store& of_subject() { return stores_.at((subjects_++ / 2 + 1) % 2); }

private:
  std::array<wide_store, 2> stores_;
  std::size_t floors_ = 0;
  std::size_t subjects_ = 0;
};

auto store_with(const setting& s, std::vector<skald::stream_id> (*names)(std::size_t), std::size_t count) {
  return shared([=] { return std::make_unique<wide_store>(s.folder, names(count)); });
}

} // namespace

std::vector<workload> stream_workloads(const setting& s) {
  constexpr std::size_t few = 1000;
  const auto many = s.scaled(1'000'000);
  const auto events = s.scaled(25'600);
  std::vector<workload> all;

  const auto stores = shared([=] { return std::make_unique<exchanged_stores>(s.folder, random_names(many)); });
  all.push_back({"random order over " + std::to_string(many) + " streams with random names", "events", events,
                 [=] {
                   auto& store = stores().of_floor();
                   return store.append_plainly(store.draw(events));
                 },
                 [=] {
                   auto& store = stores().of_subject();
                   return store.append(store.draw(events));
                 },
                 0.8});

  const auto new_ones = [&](std::string name, auto append, std::optional<double> bar) {
    const auto narrow = store_with(s, ordered_names, few);
    const auto wide = store_with(s, ordered_names, many);
    all.push_back({std::move(name), "events", events, [=] { return (narrow().*append)(narrow().in_turn(events)); },
                   [=] { return (wide().*append)(ordered_names(events)); }, bar});
  };
  new_ones("new streams beside " + std::to_string(many) + " others, against appends to 1000 streams",
           &wide_store::append, 0.6);
  new_ones("the same by plain SQLite", &wide_store::append_plainly, std::nullopt);
  return all;
}

} // namespace bench
