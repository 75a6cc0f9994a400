#include <skald/store/memory_store.hpp>

#include <skald/store/backend.hpp>
#include <skald/store/transaction.hpp>

#include <algorithm>
#include <cassert>
#include <deque>
#include <map>
#include <mutex>
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

  [[nodiscard]] bool holds_later(const stream_id& name, std::string_view type, timestamp created) const {
    const auto& entries = stream(name);
    const auto later =
      std::partition_point(entries.begin(), entries.end(), [&](const entry& e) { return e.at.created <= created; });
    return std::any_of(later, entries.end(), [&](const entry& e) { return records_[e.where].type == type; });
  }

  void add(const record& r) {
    const auto where = records_.size();
    records_.push_back(r);
    ids_.emplace(r.id, where);
    auto& entries = streams_[r.stream];
    const auto at = stream_query::cursor_of(r);
    entries.insert(first_from(entries, at), {at, where});
  }

  /// Takes back what was added beyond the first `size` records, also where the last `add` stopped half-way.
  void truncate(std::size_t size) noexcept {
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
    return std::partition_point(entries.begin(), entries.end(), [&](const entry& e) { return e.at < at; });
  }

  std::deque<record> records_;
  std::unordered_map<event_id, index> ids_;
  std::unordered_map<stream_id, stream_entries> streams_;
};

class memory_transaction final : public event_store::transaction {
public:
  explicit memory_transaction(record_log& log) : log_{log} {}

  stream_head head_of(const stream_id& stream) override {
    const auto& entries = log_.stream(stream);
    if (entries.empty()) return {};
    return {revision{entries.size()}, entries.back().at.created};
  }

  position head() override { return position{log_.size()}; }

  std::optional<record> find(const event_id& id) override {
    const auto* found = log_.find(id);
    return found ? std::optional{*found} : std::nullopt;
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

private:
  record_log& log_;
};

/// One page of what `record_at` answers for `first` up to but without `last`, in the query's direction.
template <class Query, class RecordAt>
page fill_page(const Query& query, std::size_t first, std::size_t last, RecordAt record_at) {
  const auto& types = query.types();
  const bool forward = query.direction() == direction::forward;
  detail::page_builder page{query.limit()};
  for (auto left = last - std::min(first, last); left != 0 && page.open(); --left) {
    const record& r = record_at(forward ? last - left : first + left - 1);
    if (types && std::find(types->begin(), types->end(), r.type) == types->end()) continue;
    page.add([&] { return r; });
  }
  return page.take();
}

class memory_store final : public event_store {
public:
  explicit memory_store(store_options options) : event_store{std::move(options)} {}

  result<record_status> status(const record& r) const override {
    const std::shared_lock lock{mutex_};
    const bool exists = log_.find(r.id) != nullptr;
    return record_status{exists, exists || log_.holds_later(r.stream, r.type, r.created)};
  }

  result<page> read(const stream_query& query) const override {
    if (auto ok = detail::check_readable(query.stream()); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    const auto& entries = log_.stream(query.stream());
    // How many entries come before the first one for which `behind` is true.
    const auto count_until = [&](auto behind) {
      const auto stop =
        std::partition_point(entries.begin(), entries.end(), [&](const record_log::entry& e) { return !behind(e.at); });
      return static_cast<std::size_t>(stop - entries.begin());
    };
    const auto first = query.after() ? count_until([&](const auto& at) { return at > *query.after(); }) : 0;
    const auto last =
      query.before() ? count_until([&](const auto& at) { return at >= *query.before(); }) : entries.size();
    return fill_page(query, first, last, [&](auto i) -> const record& { return log_[entries[i].where]; });
  }

  result<page> read(const all_query& query) const override {
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
    memory_transaction tx{log_};
    try {
      auto done = work(tx);
      if (!done) log_.truncate(size);
      return done;
    } catch (const failure& why) {
      log_.truncate(size);
      return why.error();
    } catch (...) {
      log_.truncate(size);
      throw;
    }
  }

  mutable std::shared_mutex mutex_;
  record_log log_;
  std::map<std::string, progress> projections_;
};

} // namespace

std::unique_ptr<event_store> open_memory_store(store_options options) {
  return std::make_unique<memory_store>(std::move(options));
}

} // namespace skald
