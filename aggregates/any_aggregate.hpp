#pragma once

#include <skald/aggregates/aggregate.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace skald {

/// A copied state. Call it to make the snapshot, which may be later than the copy.
using snapshot_source = std::function<result<snapshot>()>;

/// An aggregate with its type erased. Actors hold these.
class any_aggregate {
public:
  virtual ~any_aggregate() = default;

  /// Applies a stored record. Errors: `invalid_event`.
  virtual result<void> fold(const record& r) = 0;
  /// The number of events folded, including pending ones.
  [[nodiscard]] virtual skald::revision revision() const noexcept = 0;
  [[nodiscard]] virtual bool has_pending() const noexcept = 0;
  /// The request that appends the pending events at the revision before them. Nothing is pending afterwards.
  [[nodiscard]] virtual append_request take_request() = 0;
  /// The key of its snapshots. None if its type has no snapshots.
  [[nodiscard]] virtual std::optional<snapshot_key> key() const = 0;
  /// Restores the state from a snapshot. False if the snapshot does not hold; nothing has changed then.
  virtual bool restore(const stored_snapshot& s) = 0;
  /// A copy of the current state. Null if its type has no snapshots. Precondition: nothing is pending.
  [[nodiscard]] virtual snapshot_source copy() const = 0;
  /// The aggregate itself. A command that knows its type casts it back.
  [[nodiscard]] virtual void* object() noexcept = 0;
};

/// Makes the aggregate of a stream, at revision 0.
using aggregate_factory = std::unique_ptr<any_aggregate> (*)(const stream_id&);

namespace detail {

template <aggregate_type A>
class erased_aggregate final : public any_aggregate {
public:
  explicit erased_aggregate(const stream_id& id) : object_{aggregate_access::make<A>(id)} {}

  result<void> fold(const record& r) override { return aggregate_access::fold(object_, r); }
  [[nodiscard]] skald::revision revision() const noexcept override { return object_.revision(); }
  [[nodiscard]] bool has_pending() const noexcept override { return !object_.pending().empty(); }
  [[nodiscard]] append_request take_request() override {
    auto request = aggregate_access::request_for(object_);
    aggregate_access::take_pending(object_);
    return request;
  }
  [[nodiscard]] std::optional<snapshot_key> key() const override {
    if constexpr (keeps_snapshots<A>) return aggregate_access::key_of<A>(object_.id());
    return std::nullopt;
  }
  bool restore([[maybe_unused]] const stored_snapshot& s) override {
    if constexpr (keeps_snapshots<A>) return aggregate_access::restore(object_, s);
    return false;
  }
  [[nodiscard]] snapshot_source copy() const override {
    if constexpr (keeps_snapshots<A>) return [copy = object_] { return aggregate_access::take_snapshot(copy); };
    return nullptr;
  }
  [[nodiscard]] void* object() noexcept override { return &object_; }

private:
  A object_;
};

} // namespace detail

/// The factory of one aggregate type.
template <aggregate_type A>
[[nodiscard]] std::unique_ptr<any_aggregate> make_any_aggregate(const stream_id& id) {
  return std::make_unique<detail::erased_aggregate<A>>(id);
}

} // namespace skald
