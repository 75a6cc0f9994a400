#pragma once

#include <skald/store/event_store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The requests of `skald pipe` as JSON; `docs/reference/pipe.md` describes them.
namespace tools {

struct stats_request {};

/// What can be asked: an append, a hydration, reads, the status of a record, changes of relations, what is kept under
/// a key and under which keys a stream is kept, a snapshot to load and one to keep, and counts.
using operation =
  std::variant<skald::append_request, std::vector<skald::record>, skald::streams_query, skald::all_query, skald::record,
               std::vector<skald::relation_change>, skald::relation_key, skald::stream_id, skald::snapshot_key,
               skald::snapshot, stats_request>;

struct request {
  std::optional<std::uint64_t> number; ///< its `req`, where that can be read
  skald::result<operation> what; ///< or all that is wrong with it, each with its path (`invalid_argument`)
};

/// Reads a line. Events without an id get one here, so that the answer can tell it.
[[nodiscard]] request parse_request(std::string_view line);

} // namespace tools
