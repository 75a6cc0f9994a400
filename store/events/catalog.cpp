#include <skald/store/catalog.hpp>

#include <skald/store/event.hpp>
#include <skald/store/quoted.hpp>

#include <boost/core/demangle.hpp>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <numeric>

namespace skald {

namespace {

using detail::in_quotes;
using detail::other_version;

/// The number of letters to insert, delete or change. Source: Wagner and Fischer, "The String-to-String
/// Correction Problem", 1974.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    auto diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= to.size(); ++j)
      diagonal =
        std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)}));
  }
  return row.back();
}

/// Lists the first ten names.
std::string some_of(const std::vector<std::string>& names) {
  const auto shown = std::min<std::size_t>(names.size(), 10);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : ", ") + in_quotes(names[i]);
  return names.size() > shown ? text + " and " + std::to_string(names.size() - shown) + " more" : text;
}

} // namespace

bool catalog::knows(std::string_view type) const { return entries_.find(type) != entries_.end(); }

result<void> catalog::check(const new_event& event) const {
  const auto known = entries_.find(event.type);
  if (known == entries_.end()) return accepts_unknown_ ? result<void>{} : unknown(event.type);
  const auto& type = known->second;
  const auto invalid = [&event](std::string_view part, std::string_view why) {
    return error{errc::invalid_event, std::string{part} + " of " + in_quotes(event.type) + ": " + std::string{why}};
  };
  if (event.schema_version != type.schema_version)
    return error{errc::invalid_event,
                 "event " + in_quotes(event.type) + " " + other_version(event.schema_version, type.schema_version)};
  if (event.typed) return {}; // its text was written from the structs
  const auto data = type.check_data(event.data);
  std::string problems = data ? "" : invalid("data", data.error().message).message;
  const auto add = [&problems](const error& why) { problems += (problems.empty() ? "" : "; ") + why.message; };
  if (!type.check_meta) {
    if (!event.meta.empty()) add(invalid("metadata", "the event type has none"));
  } else if (event.meta.empty()) {
    add(invalid("metadata", "missing"));
  } else if (const auto meta = type.check_meta(event.meta); !meta) {
    add(invalid("metadata", meta.error().message));
  }
  if (!problems.empty()) return error{errc::invalid_event, problems};
  return {};
}

result<std::vector<relation_change>> catalog::relations_of(const record& r) const {
  std::vector<relation_change> changes;
  const auto known = entries_.find(r.type);
  if (known == entries_.end() || known->second.relation_maps.empty()) return changes;
  if (auto same = detail::check_type(r, r.type, known->second.schema_version); !same) return same.error();
  const auto invalid = [&r](std::string_view why) {
    return detail::unreadable(r, "relations", {errc::invalid_event, std::string{why}});
  };
  try {
    for (const auto& map : known->second.relation_maps) std::ranges::move(map(r), std::back_inserter(changes));
  } catch (const std::exception& e) {
    return invalid(e.what());
  } catch (...) {
    return invalid("what maps them threw something that is no std::exception");
  }
  return changes;
}

bool catalog::validates(std::string_view type) const {
  const auto known = entries_.find(type);
  return known != entries_.end() && !known->second.validators.empty();
}

result<void> catalog::validate(validation& of) const {
  const auto& event = of.event();
  const auto refused = [&](errc code, std::string_view why) {
    return error{code, "event " + in_quotes(event.type) + " for stream " + in_quotes(of.stream().str()) +
                         " is refused: " + std::string{why}};
  };
  try {
    for (const auto& check : entries_.find(event.type)->second.validators)
      if (const auto ok = check(of); !ok) return refused(ok.error().code, ok.error().message);
  } catch (const failure& why) {
    return refused(why.code(), why.error().message);
  } catch (const std::exception& why) {
    return refused(errc::invalid_event, why.what());
  } catch (...) {
    return refused(errc::invalid_event, "what validates it threw something that is no std::exception");
  }
  return {};
}

std::uint32_t catalog::version_of(std::string_view type) const {
  const auto known = entries_.find(type);
  assert(known != entries_.end());
  return known->second.schema_version;
}

std::vector<std::string> catalog::types() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, type] : entries_) names.push_back(name);
  return names;
}

result<void> catalog::add(const std::vector<std::pair<std::string_view, entry>>& added) {
  for (const auto& [name, type] : added) {
    const auto known = entries_.find(name);
    if (known == entries_.end()) continue;
    if (known->second.data != type.data || known->second.meta != type.meta)
      return error{errc::invalid_argument, "event type " + in_quotes(name) +
                                             " is already in the catalog with another struct: give one of them "
                                             "another name"};
    if (known->second.schema_version != type.schema_version)
      return error{errc::invalid_argument,
                   "event type " + in_quotes(name) + " is already in the catalog with schema version " +
                     std::to_string(known->second.schema_version) + ": name the same version everywhere"};
  }
  for (const auto& [name, type] : added) entries_.emplace(name, type);
  return {};
}

result<std::string> catalog::type_of(std::type_index data) const {
  const auto struct_name = [data] { return "the struct " + boost::core::demangle(data.name()); };
  const std::string* found = nullptr;
  for (const auto& [name, type] : entries_) {
    if (type.data != data) continue;
    if (found)
      return error{errc::invalid_argument, struct_name() + " is the data of " + in_quotes(*found) + " and of " +
                                             in_quotes(name) + ": say which event is meant"};
    found = &name;
  }
  if (found) return *found;
  return error{errc::event_missing, struct_name() + " is the data of no event type in the catalog: add an "
                                                    "skald::events list that has it"};
}

error catalog::unknown(std::string_view type) const {
  const std::string* nearest = nullptr;
  auto distance = std::max<std::size_t>(3, type.size() / 3); // a name that is farther away is no hint
  for (const auto& [name, known] : entries_) {
    if (name.size() + distance <= type.size() || type.size() + distance <= name.size()) continue;
    if (const auto d = edit_distance(type, name); d < distance) {
      distance = d;
      nearest = &name;
    }
  }
  std::string hint;
  if (nearest)
    hint = "did you mean " + in_quotes(*nearest) + "?";
  else if (entries_.empty())
    hint = "it is empty";
  else
    hint = "it holds " + some_of(types());
  return {errc::event_missing,
          "event type " + in_quotes(type) + " is not in the catalog: add an skald::events list that has it; " + hint};
}

} // namespace skald
