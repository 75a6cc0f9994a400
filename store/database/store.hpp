#pragma once

#include <skald/store/checks/projection_checks.hpp>
#include <skald/store/checks/read_checks.hpp>
#include <skald/store/checks/snapshot_checks.hpp>
#include <skald/store/database/inspection.hpp>
#include <skald/store/database/rows.hpp>
#include <skald/store/event_store.hpp>
#include <skald/store/read/lists.hpp>
#include <skald/store/verify/inspector.hpp>

#include <algorithm>
#include <functional>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail {

/// The common part of the stores in databases. It checks the arguments, and leaves the rest to a session of the
/// database.
///
/// `Store` has
///
/// - `ask(use)`: calls `use(reader)`;
/// - `change(what, work)`: calls `work(writer)` in a transaction of its own;
/// - `take_appended_elsewhere()`: may throw `failure`.
///
/// After a lost connection, `use` or `work` may be called again. Readers return lists as rows (see rows.hpp).
template <class Store>
class database_store : public event_store {
public:
  result<record_status> status(const record& r) const override {
    return ask(check_readable(r), [&](auto& from) { return status_in(from.status(r)); });
  }
  result<page> read(const stream_query& query) const override {
    return ask(check_readable(query), [&](auto& from) { return from.read(query); });
  }
  result<page> read(const streams_query& query) const override {
    return ask(check_readable(query), [&](auto& from) { return from.read(query); });
  }
  result<page> read(const all_query& query) const override {
    return ask(check_readable(query), [&](auto& from) { return from.read(query); });
  }
  result<std::optional<record>> find(const event_id& id) const override {
    return ask({}, [&](auto& from) { return from.find(id); });
  }
  result<revision> revision_of(const stream_id& stream) const override {
    return ask(check_readable(stream), [&](auto& from) {
      auto row = from.revision_of(stream);
      return row.next() ? revision{unsigned_at(row, 0)} : revision{};
    });
  }
  result<relation> related(const relation_key& key) const override {
    return ask(check_readable(key), [&](auto& from) { return relation_in(from.related(key)); });
  }
  result<std::vector<relation_key>> keys_of(const stream_id& stream) const override {
    return ask(check_readable(stream), [&](auto& from) { return all_in<relation_key>(from.keys_of(stream)); });
  }
  result<std::vector<stream_summary>> streams(std::string_view after, std::size_t limit) const override {
    return in_order(ask(check_list_start(after),
                        [&](auto& from) { return all_in<stream_summary>(from.streams(after, page_of_list(limit))); }),
                    after, [](const auto& one) -> std::string_view { return one.stream.str(); });
  }
  result<std::vector<relation_summary>> relations(std::string_view after, std::size_t limit) const override {
    return in_order(
      ask(check_list_start(after),
          [&](auto& from) { return all_in<relation_summary>(from.relations(after, page_of_list(limit))); }),
      after, [](const auto& one) -> std::string_view { return one.key.str(); });
  }
  result<std::vector<snapshot_key>> snapshots(const snapshot_key& after, std::size_t limit) const override {
    return in_order(ask(check_list_start(after.reducer()),
                        [&](auto& from) { return all_in<snapshot_key>(from.snapshots(after, page_of_list(limit))); }),
                    after, std::identity{});
  }
  result<std::vector<type_summary>> types() const override {
    return ask({}, [](auto& from) { return from.types(); });
  }
  result<verification> verify() const override {
    return ask({}, [](auto& from) {
      inspector found;
      from.inspect(found);
      return found.take();
    });
  }
  result<position> head() const override {
    return ask({}, [](auto& from) { return from.head(); });
  }
  result<store_identity> identity() const override {
    return ask({}, [](auto& from) { return identity_in(from.identity()); });
  }
  result<std::optional<stored_snapshot>> load_snapshot(const snapshot_key& key) const override {
    return ask(check_key(key), [&](auto& from) { return snapshot_in(from.snapshot_of(key), key); });
  }

  result<std::optional<position>> appended_elsewhere() override {
    try {
      return store().take_appended_elsewhere();
    } catch (const failure& why) {
      return error{errc::read_failed, why.error().message};
    }
  }

  result<checkpoint> register_projection(std::string_view projection, std::optional<position> fresh_from) override {
    if (auto ok = check_projection(projection, fresh_from.value_or(position{})); !ok) return ok.error();
    return store().change(kind::of_projections, [&](auto& to) -> result<checkpoint> {
      to.register_projection(projection, fresh_from);
      return to.read_checkpoint(projection);
    });
  }

  result<void> save(std::span<const checkpoint_update> updates) override {
    for (const auto& update : updates)
      if (auto ok = check_update(update); !ok) return ok;
    if (updates.empty()) return {};
    return store().change(kind::of_projections, [&](auto& to) -> result<void> {
      for (const auto& update : updates)
        if (auto ok = to.save(update); !ok) return ok;
      return {};
    });
  }

  result<checkpoint> rewind(std::string_view projection, position handled) override {
    if (auto ok = check_projection(projection); !ok) return ok.error();
    return store().change(kind::of_projections, [&](auto& to) -> result<checkpoint> {
      auto stored = to.read_checkpoint(projection);
      if (!stored || handled >= stored->handled) return stored;
      stored->fresh_from = std::max(stored->fresh_from, stored->handled);
      stored->handled = handled;
      to.rewind(projection, stored->handled, stored->fresh_from);
      return stored;
    });
  }

  result<store_identity> begin_epoch() override {
    return store().change(kind::of_projections, [epoch = make_event_id()](auto& to) -> result<store_identity> {
      to.begin_epoch(epoch);
      return to.identity();
    });
  }

protected:
  using event_store::event_store;

  /// The kind of data that a transaction writes.
  enum class kind : std::uint8_t { of_events, of_projections, of_snapshots };

private:
  result<void> transact(const std::function<result<void>(transaction&)>& work) override {
    return store().change(kind::of_events, work);
  }
  result<void> transact_relaxed(const std::function<result<void>(transaction&)>& work) override {
    return store().change(kind::of_snapshots, work);
  }

  [[nodiscard]] Store& store() noexcept { return static_cast<Store&>(*this); }
  [[nodiscard]] const Store& store() const noexcept { return static_cast<const Store&>(*this); }

  template <class Use>
  auto ask(const result<void>& allowed, const Use& use) const {
    using answer = decltype(store().ask(use));
    return allowed ? store().ask(use) : answer{allowed.error()};
  }
};

} // namespace skald::detail
