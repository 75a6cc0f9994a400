#pragma once

#include <skald/store/event_store.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// The answers of `skald pipe` as JSON; `docs/reference/pipe.md` describes them.
namespace tools {

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
[[nodiscard]] std::string success(std::uint64_t number, std::string members);
[[nodiscard]] std::string refusal(std::uint64_t number, const skald::error& why);
/// The answer to a line that cannot be told by its `req`.
[[nodiscard]] std::string refusal_of_line(std::uint64_t line, const skald::error& why);

} // namespace tools
