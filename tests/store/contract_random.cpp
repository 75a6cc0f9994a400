#include <tests/store/contract.hpp>
#include <tests/store/model.hpp>

#include <algorithm>
#include <iterator>
#include <memory>
#include <random>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace doctest {

template <>
struct StringMaker<model::answer> {
  static String convert(const model::answer& a) {
    return toString(a.code) + ", " + toString(a.receipt) + ", " + toString(a.conflict);
  }
};

} // namespace doctest

namespace {

/// Makes requests and queries of which many collide. Rolls one after the other, never among the arguments of one
/// call, which each compiler evaluates in an order of its own.
class dice {
public:
  explicit dice(std::uint32_t seed) : random_{seed} {}

  /// 0 to `sides` - 1.
  std::uint64_t roll(std::uint64_t sides) { return random_() % sides; }
  bool once_in(std::uint64_t rounds) { return roll(rounds) == 0; }

  stream_id any_stream() { return stream("s" + std::to_string(roll(6))); }
  relation_key any_key() { return relation_key{"k" + std::to_string(roll(4))}; }
  std::string any_type() { return "type " + std::to_string(roll(3)); }
  timestamp any_time() {
    const auto counter = static_cast<std::uint16_t>(roll(3));
    return at(static_cast<std::int64_t>(roll(60)), counter);
  }
  stream_cursor any_cursor(std::uint64_t ids) {
    const auto created = any_time();
    return {created, id(roll(ids))};
  }
  /// Mostly one that is new.
  std::uint64_t any_number(std::uint64_t rounds) { return once_in(rounds) ? 1 + roll(next_) : next_++; }

  expected_revision any_expectation(const model& so_far, const stream_id& name) {
    switch (roll(6)) {
      case 0: return no_stream;
      case 1: return stream_exists;
      case 2: return exactly(roll(12));
      case 3: return exactly(so_far.revision_of(name).value);
      default: return any;
    }
  }

  new_event any_event() {
    const auto created = any_time();
    const auto type = any_type();
    auto made = an_event(any_number(30), type, created);
    if (once_in(4)) made.meta = number_json(roll(9));
    made.schema_version = static_cast<std::uint32_t>(1 + roll(2));
    return made;
  }

  relation_change any_change() {
    const auto kind = roll(6);
    const auto stream = any_stream();
    const auto key = any_key();
    switch (kind) {
      case 0: return relation_change::remove(key, stream);
      case 1: return relation_change::remove_key(key);
      case 2: return relation_change::remove_stream(stream);
      default: return relation_change::insert(key, stream);
    }
  }

  std::vector<relation_change> any_changes(std::uint64_t most) {
    std::vector<relation_change> changes;
    for (auto left = roll(most + 1); left != 0; --left) changes.push_back(any_change());
    return changes;
  }

  snapshot_key any_snapshot_key() {
    auto reducer = "reducer " + std::to_string(roll(2));
    return once_in(2) ? snapshot_key{reducer, any_stream()} : snapshot_key{reducer, any_key()};
  }

  std::string any_projection() { return "projection " + std::to_string(roll(3)); }

  std::vector<checkpoint_update> any_progress(const model& so_far) {
    const auto place = [&] { return position{roll(so_far.log().size() + 2)}; };
    std::vector<checkpoint_update> made;
    for (auto left = roll(4); left != 0; --left) {
      const auto handled = place();
      auto& update = made.emplace_back(any_projection(), handled);
      for (auto done = roll(5); done != 0; --done)
        update.completions.push_back({place(), "handler " + std::to_string(roll(3))});
    }
    return made;
  }

  append_request any_request(const model& so_far) {
    if (!sent_.empty() && once_in(4)) return once_more(so_far);
    append_request made;
    std::set<stream_id> names;
    std::set<event_id> ids; // each once in a request
    for (auto left = roll(4); left != 0; --left)
      if (const auto name = any_stream(); names.insert(name).second) {
        auto& part = made.streams.emplace_back(name, any_expectation(so_far, name));
        for (auto events = roll(4); events != 0; --events)
          if (auto event = any_event(); ids.insert(event.id).second) part.events.push_back(std::move(event));
      }
    made.relations = any_changes(2);
    made.emit = !once_in(4);
    if (once_in(4)) made.batch = batch_key{"batch " + std::to_string(roll(9))};
    if (once_in(8)) made.command = command_id{"command " + std::to_string(roll(40))};
    if (!made.command.empty() && once_in(2)) made.answer = number_json(roll(9));
    if (once_in(6)) made.after = id(1 + roll(next_));
    if (once_in(6) && !so_far.log().empty()) made.after = so_far.log().back().id;
    sent_.push_back(made);
    return made;
  }

  record any_foreign(std::uint64_t number) {
    const auto type = any_type();
    const auto created = any_time();
    return foreign(number, any_stream().str(), created, type);
  }

  std::vector<record> any_records() {
    std::vector<record> made;
    for (auto left = roll(6); left != 0; --left) {
      auto& r = made.emplace_back(any_foreign(any_number(4)));
      r.silent = once_in(4);
      if (once_in(4)) r.batch = batch_key{"batch of another store"};
    }
    return made;
  }

  template <class Query, class Cursor>
  Query any_query(Query query, Cursor any_cursor) {
    if (once_in(2)) query.after(any_cursor());
    if (once_in(3)) query.before(any_cursor());
    if (once_in(3)) query.types({any_type(), any_type()});
    if (once_in(2)) query.backward();
    if (once_in(2)) query.limit(roll(20));
    return query;
  }

private:
  /// One that was sent before, as it was or changed a little.
  append_request once_more(const model& so_far) {
    auto again = sent_[roll(sent_.size())];
    if (again.streams.empty() || once_in(2)) return again;
    auto& part = again.streams[roll(again.streams.size())];
    switch (roll(5)) {
      case 0: part.expected = any_expectation(so_far, part.stream); break;
      case 1: std::ranges::reverse(part.events); break;
      case 2: std::ranges::reverse(again.streams); break;
      case 3:
        if (!part.events.empty()) part.events.front().data = number_json(0);
        break;
      default:
        if (!part.events.empty()) part.events.pop_back();
    }
    return again;
  }

  std::mt19937 random_;
  std::uint64_t next_ = 1;
  std::vector<append_request> sent_;
};

std::vector<record> without_times(std::vector<record> records) {
  for (auto& r : records) r.recorded = {};
  return records;
}

/// `same` is what the model is asked, which knows the streams under a key by other means.
template <class Query>
void compare(const event_store& store, const model& expected, const Query& query, const Query& same) {
  auto got = must(store.read(query));
  const auto wanted = expected_page(expected.log(), same);
  REQUIRE(without_times(got.records) == wanted.records);
  REQUIRE(got.more == wanted.more);
}

template <class Query>
void compare(const event_store& store, const model& expected, const Query& query) {
  compare(store, expected, query, query);
}

/// Changes the store and the model in the same way, and compares what they answer.
void change_both(event_store& store, model& expected, dice& roll) {
  switch (roll.roll(7)) {
    case 0: {
      const auto records = roll.any_records();
      auto told = must(store.hydrate(records));
      for (auto& d : told.different) d.message.clear();
      REQUIRE(told == expected.hydrate(records));
      break;
    }
    case 1: {
      const auto changes = roll.any_changes(5);
      must(store.relate(changes));
      expected.relate(changes);
      break;
    }
    case 2: {
      std::vector<snapshot> folded;
      for (auto left = 1 + roll.roll(3); left != 0; --left) {
        const auto key = roll.any_snapshot_key();
        const auto most = expected.folded_by(key).size();
        if (most != 0) folded.push_back(expected.fold(key, 1 + roll.roll(most)));
      }
      must(store.save_snapshots(folded));
      for (const auto& s : folded) expected.save(s);
      if (!roll.once_in(4)) break;
      const auto key = roll.any_snapshot_key();
      must(store.remove_snapshot(key));
      expected.remove(key);
      break;
    }
    case 3: {
      const auto name = roll.any_projection();
      const auto target = position{roll.roll(expected.log().size() + 2)};
      const auto fresh_from = roll.once_in(2) ? std::optional{target} : std::nullopt;
      REQUIRE(must(store.register_projection(name, fresh_from)) == expected.register_projection(name, fresh_from));
      if (roll.once_in(3)) REQUIRE(must(store.rewind(name, target)) == expected.rewind(name, target));
      const auto progress = roll.any_progress(expected);
      REQUIRE(code_of(store.save(progress)) == expected.save(progress));
      break;
    }
    default: {
      std::vector<append_request> group;
      std::vector<model::answer> answers;
      for (auto left = 1 + roll.roll(4); left != 0; --left) {
        group.push_back(roll.any_request(expected));
        answers.push_back(expected.append(group.back()));
      }
      const auto told = store.append(group);
      for (std::size_t i = 0; i < group.size(); ++i) REQUIRE(model::of(told[i]) == answers[i]);
    }
  }
}

/// Asks both for all that can be asked.
void compare_answers(const event_store& store, const model& expected, dice& roll) {
  const auto place = [&] { return position{roll.roll(expected.log().size() + 2)}; };
  const auto cursor = [&] { return roll.any_cursor(100); };
  compare(store, expected, roll.any_query(all_query{}, place));
  compare(store, expected, roll.any_query(stream_query{roll.any_stream()}, cursor));
  const std::vector names{roll.any_stream(), roll.any_stream(), roll.any_stream()};
  compare(store, expected, roll.any_query(streams_query{names}, cursor));

  const std::vector keys{roll.any_key(), roll.any_key()};
  std::vector<stream_id> under_keys;
  for (const auto& key : keys) std::ranges::copy(expected.related(key).streams, std::back_inserter(under_keys));
  auto again = roll;
  const auto same = again.any_query(streams_query{under_keys}, [&] { return again.any_cursor(100); });
  compare(store, expected, roll.any_query(streams_query{keys}, cursor), same);

  REQUIRE(must(store.related(keys.front())) == expected.related(keys.front()));
  REQUIRE(must(store.keys_of(names.front())) == expected.keys_of(names.front()));
  REQUIRE(must(store.revision_of(names.front())) == expected.revision_of(names.front()));
  auto asked = roll.any_foreign(roll.roll(300));
  asked.stream = names.front();
  REQUIRE(must(store.status(asked)) == expected.status(asked));
  const auto* known = expected.find(asked.id);
  const auto found = must(store.find(asked.id));
  REQUIRE(found.has_value() == (known != nullptr));
  if (found) REQUIRE(without_times({*found}) == std::vector{*known});

  const auto key = roll.any_snapshot_key();
  const auto stored = must(store.load_snapshot(key));
  const auto wanted = expected.load(key);
  REQUIRE(stored.has_value() == wanted.has_value());
  if (stored) REQUIRE((stored->snapshot == wanted->snapshot));
  if (stored) REQUIRE(stored->holds == wanted->holds);
}

void compare_lists(const event_store& store, const model& expected, dice& roll) {
  const auto limit = roll.once_in(2) ? roll.roll(4) : SIZE_MAX;
  const auto after_stream = roll.once_in(2) ? roll.any_stream().str() : "";
  const auto after_key = roll.once_in(2) ? roll.any_key().str() : "";
  REQUIRE((must(store.streams(after_stream, limit)) == expected.streams(after_stream, limit)));
  REQUIRE((must(store.relations(after_key, limit)) == expected.relations(after_key, limit)));
  const auto after_snapshot = roll.once_in(2) ? roll.any_snapshot_key() : snapshot_key{};
  REQUIRE((must(store.snapshots(after_snapshot, limit)) == expected.snapshots(after_snapshot, limit)));
  REQUIRE((must(store.types()) == expected.types()));
  REQUIRE(must(store.head()) == position{expected.log().size()});
}

/// Two stores on one place, where it can be shared. What they remember must not mislead them.
class nodes {
public:
  explicit nodes(const backend_kind& backend) : place_{backend.make_place()} {
    for (std::size_t i = 0; i < (backend.persistent ? 2 : 1); ++i) stores_.push_back(open());
  }

  event_store& any(dice& roll) { return *stores_[roll.roll(2) % stores_.size()]; }
  void reopen_any(dice& roll) {
    auto& store = stores_[roll.roll(2) % stores_.size()];
    if (stores_.size() == 1) return; // a new one would be empty
    store.reset();
    store = open();
  }

private:
  std::unique_ptr<event_store> open() {
    store_options options;
    options.wall = clock_;
    return place_->open(std::move(options));
  }

  std::unique_ptr<store_place> place_;
  manual_clock clock_;
  std::vector<std::unique_ptr<event_store>> stores_;
};

} // namespace

SKALD_CONTRACT("random operations agree with a model, and so all backends with each other") { // E.118
  for (const std::uint32_t seed : {1, 2, 3}) {
    CAPTURE(seed);
    nodes stores{backend};
    model expected;
    dice roll{seed}; // which falls the same for all backends
    for (int round = 0; round < 150; ++round) {
      CAPTURE(round);
      change_both(stores.any(roll), expected, roll);
      if (roll.once_in(40)) stores.reopen_any(roll);
      compare_answers(stores.any(roll), expected, roll);
      if (roll.once_in(8)) compare_lists(stores.any(roll), expected, roll);
    }
    const auto all = read_all(stores.any(roll));
    CHECK(without_times(all) == expected.log());
    CHECK(std::ranges::is_sorted(all, std::less{}, &record::recorded));
    CHECK(all.size() > 100);
    CHECK(must(stores.any(roll).verify()).sound());
  }
}
