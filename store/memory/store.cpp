#include <skald/store/checks/projection_checks.hpp>
#include <skald/store/checks/read_checks.hpp>
#include <skald/store/checks/snapshot_checks.hpp>
#include <skald/store/memory/projection_table.hpp>
#include <skald/store/memory/writer.hpp>
#include <skald/store/memory_store.hpp>
#include <skald/store/read/lists.hpp>
#include <skald/store/read/merge_streams.hpp>
#include <skald/store/read/snapshots.hpp>
#include <skald/store/values/last_position.hpp>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>
#include <shared_mutex>

namespace skald {

namespace {

using namespace detail::memory;

/// The range of a stream's entries between `low` and `high`, both excluded.
std::pair<std::size_t, std::size_t> bounds_in(const event_table::stream_entries& entries,
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

/// One page of the records that `record_at` returns for `first` up to, not including, `last`, in the query's direction.
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
    const bool exists = events_.find(r.id) != nullptr;
    return record_status{exists, exists || events_.holds_later(r.stream, r.type, r.created)};
  }

  result<page> read(const stream_query& query) const override {
    if (auto ok = detail::check_readable(query); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    const auto& entries = events_.stream(query.stream());
    const auto [first, last] = bounds_in(entries, query.after(), query.before());
    return fill_page(query, first, last, [&](auto i) -> const record& { return events_[entries[i].where]; });
  }

  result<page> read(const streams_query& query) const override {
    if (auto ok = detail::check_readable(query); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    std::set<stream_id> names{query.streams().begin(), query.streams().end()};
    for (const auto& key : query.keys()) {
      auto under = relations_.find(key).streams;
      names.insert(std::make_move_iterator(under.begin()), std::make_move_iterator(under.end()));
    }
    std::vector<const event_table::stream_entries*> streams;
    for (const auto& name : names) streams.push_back(&events_.stream(name));

    struct hit {
      stream_cursor at;
      event_table::index token;
    };
    const bool forward = query.direction() == direction::forward;
    const auto next = [&](std::size_t i, const stream_cursor* after) -> std::optional<hit> {
      const auto& entries = *streams[i];
      const auto low = forward && after ? std::optional{*after} : query.after();
      const auto high = !forward && after ? std::optional{*after} : query.before();
      for (auto [first, last] = bounds_in(entries, low, high); first < last;) {
        const auto& e = entries[forward ? first++ : --last];
        if (is_wanted(query, events_[e.where])) return hit{e.at, e.where};
      }
      return {};
    };
    return detail::merge_streams(query, streams.size(), next, [&](auto where) { return events_[where]; });
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
      const auto& entries = events_.stream(stream);
      const auto [first, last] = bounds_in(entries, found->cursor, {});
      now.records += entries.size();
      now.after += last - first;
    }
    return std::optional{detail::judge(*found, now)};
  }

  result<page> read(const all_query& query) const override {
    if (auto ok = detail::check_readable(query); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    // The record at position n has index n - 1: "after n" begins at index n, "before n" ends at n - 1.
    const std::uint64_t size = events_.size();
    const auto first = std::min(query.after().value_or(position{0}).value, size);
    const auto before = std::max(query.before().value_or(detail::last_position).value, std::uint64_t{1});
    return fill_page(query, first, std::min(before - 1, size), [&](auto i) -> const record& { return events_[i]; });
  }

  result<std::optional<record>> find(const event_id& id) const override {
    const std::shared_lock lock{mutex_};
    const auto* found = events_.find(id);
    return found ? std::optional{*found} : std::nullopt;
  }

  result<revision> revision_of(const stream_id& stream) const override {
    if (auto ok = detail::check_readable(stream); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return revision{events_.stream(stream).size()};
  }

  result<std::vector<stream_summary>> streams(std::string_view after, std::size_t limit) const override {
    if (auto ok = detail::check_list_start(after); !ok) return ok.error();
    const std::shared_lock lock{mutex_};
    return events_.streams(after, detail::page_of_list(limit));
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
    return events_.types();
  }

  result<verification> verify() const override {
    const std::shared_lock lock{mutex_};
    detail::inspector found;
    events_.show(found);
    for (const auto& [name, progress] : projections_) found.show_projection(name, progress.handled);
    return found.take();
  }

  result<position> head() const override {
    const std::shared_lock lock{mutex_};
    return position{events_.size()};
  }

  result<store_identity> identity() const override {
    const std::shared_lock lock{mutex_};
    return identity_;
  }

  result<store_identity> begin_epoch() override {
    const std::lock_guard lock{mutex_};
    identity_.epoch = make_event_id();
    return identity_;
  }

  result<checkpoint> register_projection(std::string_view projection, std::optional<position> fresh_from) override {
    if (auto ok = detail::check_projection(projection, fresh_from.value_or(position{})); !ok) return ok.error();
    const std::lock_guard lock{mutex_};
    const auto [known, added] = projections_.try_emplace(std::string{projection});
    if (added) known->second.fresh_from = fresh_from.value_or(position{events_.size()});
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
  result<void> transact(const std::function<result<void>(transaction&)>& work) override {
    const std::lock_guard lock{mutex_};
    const auto size = events_.size();
    const auto undo = [&] {
      events_.truncate(size);
      undo_.undo();
    };
    writer tx{events_, relations_, receipts_, snapshots_};
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
  store_identity identity_{make_event_id(), make_event_id()};
  event_table events_;
  undo_list undo_; // of the transaction that runs
  relation_table relations_{undo_};
  receipt_table receipts_{undo_};
  snapshot_table snapshots_{undo_};
  projection_table projections_;
};

} // namespace

std::unique_ptr<event_store> open_memory_store(store_options options) {
  return std::make_unique<memory_store>(std::move(options));
}

} // namespace skald
