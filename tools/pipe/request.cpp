#include "../json/string.hpp"
#include "../json/walker.hpp"
#include "readers.hpp"
#include "request.hpp"
#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <array>

namespace tools {

namespace {

using skald::detail::in_quotes;

operation read_stats(json_object&) { return stats_request{}; }

struct reader {
  std::string_view name;
  operation (*read)(json_object&);
};
constexpr std::array readers{
  reader{"append", read_append},     reader{"hydrate", read_hydrate},   reader{"read", read_read},
  reader{"read_all", read_read_all}, reader{"status", read_status},     reader{"relate", read_relate},
  reader{"related", read_related},   reader{"snapshot", read_snapshot}, reader{"stats", read_stats},
};

operation read_operation(json_object& from) {
  std::string name;
  if (const auto op = from.at("op")) {
    op->read(name);
    if (op->text().front() != '"') return {};
  } else {
    return {};
  }
  const auto found = std::ranges::find(readers, name, &reader::name);
  if (found == readers.end()) {
    std::string names;
    for (const auto& one : readers) names += (names.empty() ? "" : ", ") + std::string{one.name};
    from.refuse("op", "there is no " + in_quotes(name) + ", there are " + names);
    return {};
  }
  auto made = found->read(from);
  from.end();
  return made;
}

skald::error invalid(std::string why) { return {skald::errc::invalid_argument, std::move(why)}; }

/// The `req` of a line that is no JSON, where it stands once in front of the fault. Where the object ends in front of
/// it nobody knows whose fault that is: another line may have run into this one.
std::optional<std::uint64_t> number_in_front(std::string_view line) {
  std::optional<std::uint64_t> number;
  try {
    json_walker walk{line};
    auto read = number; // it counts once a comma has ended it
    for (bool more = walk.take('{'); more; more = walk.take(',')) {
      number = read;
      const auto name = walk.string();
      if (!skald::check_json(name) || !walk.take(':')) return number;
      const auto value = walk.value();
      if (!skald::check_json(value)) return number;
      if (json_string_in(name) != "req") continue;
      const auto found = skald::from_json<std::uint64_t>(value);
      if (read || !found) return {};
      read = *found;
    }
    if (walk.take('}')) return {};
    return number;
  } catch (const skald::failure&) {
    return number; // there is the fault
  }
}

} // namespace

request parse_request(std::string_view line) {
  if (const auto json = skald::check_json(line, 2 * skald::limits::json_depth); !json)
    return {number_in_front(line), invalid(json.error().message)};
  skald::detail::json_problems problems;
  const json_value whole{line, problems};
  json_object members{whole};
  std::uint64_t number = 0;
  members.need("req", number);
  const auto known = problems.empty() ? std::optional{number} : std::nullopt;
  try {
    auto what = read_operation(members);
    if (!problems.empty()) return {known, invalid(problems.to_error().message)};
    return {known, std::move(what)};
  } catch (const skald::failure& over_a_limit) {
    return {known, over_a_limit.error()};
  }
}

} // namespace tools
