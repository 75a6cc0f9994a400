#pragma once

#include <skald/store/transaction.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// The time before which stored receipts no longer count.
[[nodiscard]] timestamp oldest_receipt(timestamp now, const store_options& options);

/// The receipt of a command that was carried out. Errors: `corrupt` for a damaged one, whatever its age.
[[nodiscard]] result<std::optional<receipt>> find_receipt(event_store::transaction& tx, const command_id& command,
                                                          timestamp oldest);

/// Decides on one request and writes its records, or returns why it is refused.
class appender {
public:
  /// `seen` are the streams that validators have read for the request. The requests of a group share `records` as
  /// memory.
  appender(event_store::transaction& tx, hybrid_clock& clock, const store_options& options,
           const append_request& request, std::span<const stream_append> seen, std::vector<record>& records)
    : tx_{tx}, clock_{clock}, options_{options}, types_{options.catalog.get()}, request_{request}, seen_{seen},
      records_{records} {}

  [[nodiscard]] result<receipt> run();

private:
  using known_event = event_store::transaction::known_event;

  result<receipt> decide();
  void look_up();
  result<void> check_expectations();
  /// Checks that `append_request::after` is the last event of a stream of the request.
  result<void> check_basis();
  [[nodiscard]] error first_known(std::string_view how) const;
  /// The original receipt of a request whose ids are all known, if it is the same request.
  result<receipt> repeat();
  /// Writes the records. First checks everything that follows from them, since a refused request writes nothing.
  result<receipt> write();

  event_store::transaction& tx_;
  hybrid_clock& clock_;
  const store_options& options_;
  const catalog* types_;
  const append_request& request_;
  std::span<const stream_append> seen_;
  std::vector<record>& records_;
  std::vector<std::optional<known_event>> known_; // of each event in order, up to the last one with an id
  std::size_t event_count_ = 0;
  std::size_t known_count_ = 0;
};

} // namespace skald::detail
