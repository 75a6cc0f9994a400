#pragma once

#include <skald/store/transaction.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

/// Not for users, and not installed.
namespace skald {

/// Commits a group of requests in one transaction. A validator that reads a stream to which an earlier request of the
/// group writes divides the group: the earlier requests are committed first.
class event_store::group_commit {
public:
  group_commit(event_store& store, std::span<const append_request> group)
    : store_{store}, types_{store.options_.catalog.get()}, group_{group} {}

  [[nodiscard]] std::vector<result<receipt>> run();

private:
  struct member {
    std::size_t index;
    std::vector<stream_append> seen;
  };

  result<void> validate(const append_request& request, std::vector<stream_append>& seen);
  /// Whether the request was written before, so that it gets its first answer. It may repeat an earlier one of the
  /// group.
  result<bool> repeats(const append_request& request);
  /// Whether an earlier request of the group writes to the stream.
  [[nodiscard]] bool writes(const stream_id& stream) const;
  result<void> commit();

  event_store& store_;
  const catalog* types_;
  std::span<const append_request> group_;
  std::vector<result<receipt>> answers_;
  std::vector<member> waiting_; // to be committed
  std::optional<error> broken_; // why nothing more can be committed
};

} // namespace skald
