#include <skald/store/backend.hpp>
#include <skald/store/checksum.hpp>
#include <skald/store/memory_store.hpp>
#include <skald/store/transaction.hpp>
#include <skald/store/verify/inspector.hpp>

#include <algorithm>
#include <cassert>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <ranges>
#include <set>
#include <shared_mutex>
#include <unordered_map>

namespace skald {

namespace {

/// All records and the ways to find them.
class record_log {
public:
  using index = std::size_t; // of a record: its position less one

  struct entry {
    stream_cursor at;
    index where;
  };
  /// The records of one stream in their order.
  using stream_entries = std::vector<entry>;

  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
  [[nodiscard]] const record& operator[](index where) const { return records_[where]; }

  [[nodiscard]] const record* find(const event_id& id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? nullptr : &records_[found->second];
  }

  [[nodiscard]] const stream_entries& stream(const stream_id& name) const {
    static const stream_entries none;
    const auto found = streams_.find(name);
    return found == streams_.end() ? none : found->second;
  }

  [[nodiscard]] std::vector<stream_summary> streams(std::string_view after, std::size_t limit) const {
    std::vector<stream_summary> all;
    for (const auto& [name, entries] : streams_)
      if (name.str() > after) all.push_back({name, revision{entries.size()}, entries.back().at.created});
    std::ranges::sort(all, {}, &stream_summary::stream);
    all.resize(std::min(limit, all.size()));
    return all;
  }

  [[nodiscard]] std::vector<type_summary> types() const {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& r : records_) ++counts[r.type];
    std::vector<type_summary> all;
    for (const auto& [type, events] : counts) all.push_back({type, events});
    return all;
  }

  [[nodiscard]] bool holds_later(const stream_id& name, std::string_view type, timestamp created) const {
    const auto& entries = stream(name);
    const auto later = std::ranges::partition_point(entries, [&](const entry& e) { return e.at.created <= created; });
    return std::any_of(later, entries.end(), [&](const entry& e) { return records_[e.where].type == type; });
  }

  void show(detail::inspector& found) const {
    for (index i = 0; i < records_.size(); ++i) found.show_record(records_[i], checksums_[i], nullptr);
    for (const auto& [name, entries] : streams_) {
      std::vector<index> places;
      timestamp newest;
      for (const auto& e : entries) {
        places.push_back(e.where);
        newest = std::max(newest, e.at.created);
      }
      std::ranges::sort(places);
      found.show_stream(name, revision{entries.size()}, newest);
      for (const auto i : places) found.show_event(records_[i].revision, records_[i].position, records_[i].created);
      found.end_streams();
    }
  }

  void add(const record& r) {
    const auto where = records_.size();
    checksums_.push_back(checksum_of(r));
    records_.push_back(r);
    ids_.emplace(r.id, where);
    auto& entries = streams_[r.stream];
    const auto at = stream_query::cursor_of(r);
    entries.insert(first_from(entries, at), {at, where});
  }

  /// Takes back what was added beyond the first `size` records, also where the last `add` stopped half-way.
  void truncate(std::size_t size) noexcept {
    checksums_.resize(size);
    for (; records_.size() > size; records_.pop_back()) {
      const auto& r = records_.back();
      ids_.erase(r.id);
      const auto found = streams_.find(r.stream);
      if (found == streams_.end()) continue;
      auto& entries = found->second;
      const auto entry = first_from(entries, stream_query::cursor_of(r));
      if (entry != entries.end() && entry->where == records_.size() - 1) entries.erase(entry);
      if (entries.empty()) streams_.erase(found);
    }
  }

private:
  static stream_entries::iterator first_from(stream_entries& entries, const stream_cursor& at) {
    if (!entries.empty() && entries.back().at < at) return entries.end();
    return std::ranges::partition_point(entries, [&](const entry& e) { return e.at < at; });
  }

  std::deque<record> records_;
  std::deque<std::uint64_t> checksums_; // of the records
  std::unordered_map<event_id, index> ids_;
  std::unordered_map<stream_id, stream_entries> streams_;
};

/// What it takes to undo the changes of a transaction.
class undo_list {
public:
  void add(std::function<void()> take_back) { steps_.push_back(std::move(take_back)); }
  void keep() noexcept { steps_.clear(); }
  void undo() {
    for (const auto& take_back : std::exchange(steps_, {}) | std::views::reverse) take_back();
    steps_.clear();
  }

private:
  std::vector<std::function<void()>> steps_;
};

/// Keys and the streams under them.
class relation_table {
public:
  explicit relation_table(undo_list& undo) : undo_{undo} {}

  void apply(const relation_change& change) {
    switch (change.what()) {
      case relation_change::kind::insert: return raise_where(insert(change.key(), change.stream()), change.key());
      case relation_change::kind::remove: return raise_where(remove(change.key(), change.stream()), change.key());
      case relation_change::kind::remove_key: {
        const auto streams = find(change.key()).streams;
        for (const auto& stream : streams) remove(change.key(), stream);
        return raise_where(!streams.empty(), change.key());
      }
      case relation_change::kind::remove_stream:
        for (const auto& key : keys_of(change.stream())) raise_where(remove(key, change.stream()), key);
    }
  }

  [[nodiscard]] relation find(const relation_key& key) const {
    const auto found = relations_.find(key);
    if (found == relations_.end()) return {};
    return {{found->second.streams.begin(), found->second.streams.end()}, revision{found->second.revision}};
  }

  [[nodiscard]] std::vector<relation_key> keys_of(const stream_id& stream) const {
    const auto found = keys_.find(stream);
    if (found == keys_.end()) return {};
    return {found->second.begin(), found->second.end()};
  }

  [[nodiscard]] std::vector<relation_summary> all(std::string_view after, std::size_t limit) const {
    std::vector<relation_summary> all;
    for (const auto& [key, entry] : relations_) {
      if (all.size() == limit) break;
      if (key.str() > after && !entry.streams.empty())
        all.push_back({key, revision{entry.revision}, entry.streams.size()});
    }
    return all;
  }

private:
  struct entry {
    std::set<stream_id> streams;
    std::uint64_t revision = 0;
  };

  bool insert(const relation_key& key, const stream_id& stream) {
    if (!relations_[key].streams.insert(stream).second) return false;
    keys_[stream].insert(key);
    undo_.add([this, key, stream] { remove(key, stream); });
    return true;
  }

  bool remove(const relation_key& key, const stream_id& stream) {
    const auto found = relations_.find(key);
    if (found == relations_.end() || found->second.streams.erase(stream) == 0) return false;
    if (const auto keys = keys_.find(stream); keys->second.erase(key) != 0 && keys->second.empty()) keys_.erase(keys);
    undo_.add([this, key, stream] { insert(key, stream); });
    return true;
  }

  void raise_where(bool changed, const relation_key& key) {
    if (!changed) return;
    ++relations_[key].revision;
    undo_.add([this, key] { --relations_[key].revision; });
  }

  std::map<relation_key, entry> relations_;
  std::unordered_map<stream_id, std::set<relation_key>> keys_;
  undo_list& undo_;
};

class snapshot_table {
public:
  explicit snapshot_table(undo_list& undo) : undo_{undo} {}

  [[nodiscard]] const snapshot* find(const snapshot_key& key) const {
    const auto found = snapshots_.find(key);
    return found == snapshots_.end() ? nullptr : &found->second;
  }

  [[nodiscard]] std::vector<snapshot_key> keys(const snapshot_key& after, std::size_t limit) const {
    std::vector<snapshot_key> all;
    for (auto at = snapshots_.upper_bound(after); at != snapshots_.end() && all.size() < limit; ++at)
      all.push_back(at->first);
    return all;
  }

  void save(const snapshot& s) {
    remove(s.key);
    snapshots_.emplace(s.key, s);
    undo_.add([this, key = s.key] { snapshots_.erase(key); });
  }

  void remove(const snapshot_key& key) {
    const auto found = snapshots_.find(key);
    if (found == snapshots_.end()) return;
    undo_.add([this, was = found->second] { snapshots_.emplace(was.key, was); });
    snapshots_.erase(found);
  }

private:
  std::map<snapshot_key, snapshot> snapshots_;
  undo_list& undo_;
};

/// The receipts of commands, by their ids and by their age.
class receipt_table {
public:
  using kept_receipt = event_store::transaction::kept_receipt;

  explicit receipt_table(undo_list& undo) : undo_{undo} {}

  [[nodiscard]] std::optional<kept_receipt> find(const command_id& command) const {
    const auto found = receipts_.find(command);
    return found == receipts_.end() ? std::nullopt : std::optional{found->second};
  }

  void put(const command_id& command, const kept_receipt& what) {
    erase(command);
    receipts_.emplace(command, what);
    by_age_.emplace(what.kept, command);
    undo_.add([this, command] { erase(command); });
  }

  void forget(timestamp oldest) {
    for (int i = 0; i < 2 && !by_age_.empty() && by_age_.begin()->first < oldest; ++i)
      erase(command_id{by_age_.begin()->second});
  }

private:
  void erase(const command_id& command) {
    const auto found = receipts_.find(command);
    if (found == receipts_.end()) return;
    undo_.add([this, command, what = found->second] { put(command, what); });
    by_age_.erase(found->second.kept);
    receipts_.erase(found);
  }

  std::map<command_id, kept_receipt> receipts_;
  std::map<timestamp, command_id> by_age_;
  undo_list& undo_;
};

class memory_transaction final : public event_store::transaction {
public:
  memory_transaction(record_log& log, relation_table& relations, receipt_table& receipts, snapshot_table& snapshots)
    : log_{log}, relations_{relations}, receipts_{receipts}, snapshots_{snapshots} {}

  stream_head head_of(const stream_id& stream) override {
    const auto& entries = log_.stream(stream);
    if (entries.empty()) return {};
    return {revision{entries.size()}, entries.back().at.created};
  }

  position head() override { return position{log_.size()}; }

  std::optional<known_event> find(const event_id& id) override {
    const auto* found = log_.find(id);
    if (!found) return std::nullopt;
    return known_event{detail::without_body(*found), checksum_of(*found)};
  }

  bool holds_later(const stream_id& stream, std::string_view type, timestamp created) override {
    return log_.holds_later(stream, type, created);
  }

  revision revision_at(const stream_id& stream, position head) override {
    const auto& entries = log_.stream(stream);
    const auto before = [&](const record_log::entry& e) { return e.where < head.value; };
    return revision{static_cast<std::uint64_t>(std::count_if(entries.begin(), entries.end(), before))};
  }

  void write(const record& r) override {
    assert(r.position == position{log_.size() + 1});
    log_.add(r);
  }

  std::optional<kept_receipt> find(const command_id& command) override { return receipts_.find(command); }

  void keep(const command_id& command, const receipt& given, timestamp kept) override {
    receipts_.put(command, {given, kept});
  }

  void forget_receipts(timestamp oldest) override { receipts_.forget(oldest); }

  void relate(const relation_change& change) override { relations_.apply(change); }

  void save(const snapshot& s) override { snapshots_.save(s); }
  void remove(const snapshot_key& key) override { snapshots_.remove(key); }

private:
  record_log& log_;
  relation_table& relations_;
  receipt_table& receipts_;
  snapshot_table& snapshots_;
};

/// The first entry of a stream behind `low`, and the one behind the last before `high`.
std::pair<std::size_t, std::size_t> bounds_in(const record_log::stream_entries& entries,
                                              const std::optional<stream_cursor>& low,
                                              const std::optional<stream_cursor>& high) {
  const auto count_while = [&](auto holds) {
    const auto stop = std::partition_point(entries.begin(), entries.end(), [&](const auto& e) { return holds(e.at); });
    return static_cast<std::size_t>(stop - entries.begin());
  };
  return {low ? count_while([&](const auto& at) { return at <= *low; }) : 0,
          high ? count_while([&](const auto& at) { return at < *high; }) : entries.size()};
}

template <class Query>
bool is_wanted(const Query& query, const record& r) {
  const auto& types = query.types();
  return !types || std::ranges::find(*types, r.type) != types->end();
}

/// One page of what `record_at` answers for `first` up to but without `last`, in the query's direction.
template <class Query, class RecordAt>
page fill_page(const Query& query, std::size_t first, std::size_t last, RecordAt record_at) {
  const bool forward = query.direction() == direction::forward;
  detail::page_builder page{query.limit()};
  for (auto left = last - std::min(first, last); left != 0 && page.open(); --left) {
    const record& r = record_at(forward ? last - left : first + left - 1);
    if (is_wanted(query, r)) page.add([&] { return r; });
  }
  return page.take();
}

class memory_store final : public event_store {
public:
  explicit memory_store(store_options options) : event_store{std::move(options)} {}

  result<record_status> status(const record& r) const override {
    if (auto ok = detail::check_readable(r); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    const bool exists = log_.find(r.id) != nullptr;
    return record_status{exists, exists || log_.holds_later(r.stream, r.type, r.created)};
  }

  result<page> read(const stream_query& query) const override {
    if (auto ok = detail::check_readable(query); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    const auto& entries = log_.stream(query.stream());
    const auto [first, last] = bounds_in(entries, query.after(), query.before());
    return fill_page(query, first, last, [&](auto i) -> const record& { return log_[entries[i].where]; });
  }

  result<page> read(const streams_query& query) const override {
    if (auto ok = detail::check_readable(query); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    std::set<stream_id> names{query.streams().begin(), query.streams().end()};
    for (const auto& key : query.keys()) {
      auto under = relations_.find(key).streams;
      names.insert(std::make_move_iterator(under.begin()), std::make_move_iterator(under.end()));
    }
    std::vector<const record_log::stream_entries*> streams;
    for (const auto& name : names) streams.push_back(&log_.stream(name));

    struct hit {
      stream_cursor at;
      record_log::index token;
    };
    const bool forward = query.direction() == direction::forward;
    const auto next = [&](std::size_t i, const stream_cursor* behind) -> std::optional<hit> {
      const auto& entries = *streams[i];
      const auto low = forward && behind ? std::optional{*behind} : query.after();
      const auto high = !forward && behind ? std::optional{*behind} : query.before();
      for (auto [first, last] = bounds_in(entries, low, high); first < last;) {
        const auto& e = entries[forward ? first++ : --last];
        if (is_wanted(query, log_[e.where])) return hit{e.at, e.where};
      }
      return {};
    };
    return detail::merge_streams(query, streams.size(), next, [&](auto where) { return log_[where]; });
  }

  result<relation> related(const relation_key& key) const override {
    if (auto ok = detail::check_readable(key); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return relations_.find(key);
  }

  result<std::vector<relation_key>> keys_of(const stream_id& stream) const override {
    if (auto ok = detail::check_readable(stream); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return relations_.keys_of(stream);
  }

  result<std::optional<stored_snapshot>> load_snapshot(const snapshot_key& key) const override {
    if (auto ok = detail::check_key(key); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    const auto* found = snapshots_.find(key);
    if (!found) return std::optional<stored_snapshot>{};
    const auto of = key.stream() ? relation{{*key.stream()}, {}} : relations_.find(*key.relation());
    detail::snapshot_basis now{.relation_revision = of.revision};
    for (const auto& stream : of.streams) {
      const auto& entries = log_.stream(stream);
      const auto [first, last] = bounds_in(entries, found->cursor, {});
      now.records += entries.size();
      now.behind += last - first;
    }
    return std::optional{detail::judge(*found, now)};
  }

  result<page> read(const all_query& query) const override {
    if (auto ok = detail::check_readable(query); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    // The record at position n has index n - 1: "behind n" begins at index n, "before n" ends at n - 1.
    const std::uint64_t size = log_.size();
    const auto first = std::min(query.after().value_or(position{0}).value, size);
    const auto before = std::max(query.before().value_or(detail::last_position).value, std::uint64_t{1});
    return fill_page(query, first, std::min(before - 1, size), [&](auto i) -> const record& { return log_[i]; });
  }

  result<std::optional<record>> find(const event_id& id) const override {
    const std::shared_lock lock{mutex_};
    const auto* found = log_.find(id);
    return found ? std::optional{*found} : std::nullopt;
  }

  result<revision> revision_of(const stream_id& stream) const override {
    if (auto ok = detail::check_readable(stream); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return revision{log_.stream(stream).size()};
  }

  result<std::vector<stream_summary>> streams(std::string_view after, std::size_t limit) const override {
    if (auto ok = detail::check_list_start(after); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return log_.streams(after, detail::page_of_list(limit));
  }

  result<std::vector<relation_summary>> relations(std::string_view after, std::size_t limit) const override {
    if (auto ok = detail::check_list_start(after); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return relations_.all(after, detail::page_of_list(limit));
  }

  result<std::vector<snapshot_key>> snapshots(const snapshot_key& after, std::size_t limit) const override {
    if (auto ok = detail::check_list_start(after.reducer()); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return snapshots_.keys(after, detail::page_of_list(limit));
  }

  result<std::vector<type_summary>> types() const override {
    const std::shared_lock lock{mutex_};
    return log_.types();
  }

  result<verification> verify() const override {
    const std::shared_lock lock{mutex_};
    detail::inspector found;
    log_.show(found);
    for (const auto& [name, progress] : projections_) found.show_projection(name, progress.handled);
    return found.take();
  }

  result<position> head() const override {
    const std::shared_lock lock{mutex_};
    return position{log_.size()};
  }

  result<checkpoint> register_projection(std::string_view projection, std::optional<position> fresh_from) override {
    if (auto ok = detail::check_projection(projection, fresh_from.value_or(position{})); !ok) return ok.error();
    const std::lock_guard lock{mutex_};
    const auto [known, added] = projections_.try_emplace(std::string{projection});
    if (added) known->second.fresh_from = fresh_from.value_or(position{log_.size()});
    return known->second.read();
  }

  result<void> save(std::span<const checkpoint_update> updates) override {
    for (const auto& update : updates)
      if (auto ok = detail::check_update(update); !ok) return ok;
    const std::lock_guard lock{mutex_};
    for (const auto& update : updates)
      if (!projections_.contains(update.projection)) return detail::unknown_projection(update.projection);
    for (const auto& update : updates) projections_[update.projection].save(update);
    return {};
  }

  result<checkpoint> rewind(std::string_view projection, position handled) override {
    if (auto ok = detail::check_projection(projection); !ok) return ok.error();
    const std::lock_guard lock{mutex_};
    const auto known = projections_.find(std::string{projection});
    if (known == projections_.end()) return detail::unknown_projection(projection);
    known->second.rewind(handled);
    return known->second.read();
  }

private:
  struct progress {
    position handled;
    position fresh_from;
    std::set<completion> completions;

    void save(const checkpoint_update& update) {
      handled = std::max(handled, update.handled);
      completions.insert(update.completions.begin(), update.completions.end());
      completions.erase(completions.begin(), completions.lower_bound({position{handled.value + 1}, {}}));
    }
    void rewind(position target) {
      if (target >= handled) return;
      fresh_from = std::max(fresh_from, handled);
      handled = target;
    }
    [[nodiscard]] checkpoint read() const { return {handled, fresh_from, {completions.begin(), completions.end()}}; }
  };

  result<void> transact(const std::function<result<void>(transaction&)>& work) override {
    const std::lock_guard lock{mutex_};
    const auto size = log_.size();
    const auto undo = [&] {
      log_.truncate(size);
      undo_.undo();
    };
    memory_transaction tx{log_, relations_, receipts_, snapshots_};
    try {
      auto done = work(tx);
      if (done)
        undo_.keep();
      else
        undo();
      return done;
    } catch (const failure& why) {
      undo();
      return why.error();
    } catch (...) {
      undo();
      throw;
    }
  }

  mutable std::shared_mutex mutex_;
  record_log log_;
  undo_list undo_; // of the transaction that runs
  relation_table relations_{undo_};
  receipt_table receipts_{undo_};
  snapshot_table snapshots_{undo_};
  std::map<std::string, progress> projections_;
};

} // namespace

std::unique_ptr<event_store> open_memory_store(store_options options) {
  return std::make_unique<memory_store>(std::move(options));
}

} // namespace skald
