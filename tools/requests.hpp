#pragma once

#include <skald/store/event_store.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The requests of `skald pipe` and their answers as JSON; `docs/reference/pipe.md` describes them.
namespace tools {

struct stats_request {};

/// What can be asked: an append, a hydration, reads, the status of a record, changes of relations, what is kept under a key
/// and under which keys a stream is kept, a snapshot to load and one to keep, and counts.
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

/// Members of an answer, without brackets.
[[nodiscard]] std::string answer_of(const skald::receipt& receipt);
/// A member more for an append, where its answer tells the ids of its events.
[[nodiscard]] std::string ids_of(const skald::append_request& request);
[[nodiscard]] std::string answer_of(const skald::hydrate_report& report);
[[nodiscard]] std::string answer_of(const skald::streams_query& query, const skald::page& page);
[[nodiscard]] std::string answer_of(const skald::all_query& query, const skald::page& page);
[[nodiscard]] std::string answer_of(const skald::record_status& status);
[[nodiscard]] std::string answer_of(const skald::relation& found);
[[nodiscard]] std::string answer_of(const std::vector<skald::relation_key>& keys);
[[nodiscard]] std::string answer_of(const std::optional<skald::stored_snapshot>& found);
[[nodiscard]] std::string answer_of(const std::vector<skald::type_summary>& types);

/// A whole answer.
[[nodiscard]] std::string success(std::uint64_t number, const std::string& members);
[[nodiscard]] std::string refusal(std::uint64_t number, const skald::error& why);
/// The answer to a line that cannot be told by its `req`.
[[nodiscard]] std::string refusal_of_line(std::uint64_t line, const skald::error& why);

/// Numbers that were used before. Memory stays small while they follow each other.
class number_set {
public:
  /// False where it is there already.
  bool insert(std::uint64_t number);

  [[nodiscard]] std::size_t ranges() const noexcept { return ranges_.size(); }

private:
  std::map<std::uint64_t, std::uint64_t> ranges_; ///< from the first number to the last
};

} // namespace tools
