#pragma once

#include <skald/store/query.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools {

/// Sets on a query what all ways to read have in common. `from` is the record behind which, in the query's direction,
/// it reads.
template <class Query>
void narrow(Query& query, const std::optional<std::vector<std::string>>& types, bool backward,
            std::optional<std::size_t> limit, const std::optional<skald::record>& from) {
  if (types) query.types(*types);
  if (backward) query.backward();
  if (limit) query.limit(*limit);
  if (from) query.resume_behind(*from);
}

/// The names as ids, each parsed. Throws `failure` (`invalid_argument`).
template <class Name>
std::vector<Name> names_of(const std::vector<std::string>& texts) {
  std::vector<Name> names;
  for (const auto& text : texts) names.push_back(Name::parse(text).value());
  return names;
}

} // namespace tools
