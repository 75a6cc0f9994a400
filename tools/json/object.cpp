#include "checked_walker.hpp"
#include "object.hpp"
#include "string.hpp"

#include <algorithm>

namespace tools {

namespace {

// More than any object has that means something to somebody: so that looking for repeated ones costs little.
constexpr std::size_t most_members = 32;

} // namespace

json_object::json_object(const json_value& value) : value_{value} {
  if (value.text().front() != '{') {
    complete_ = false;
    value.expected("an object");
    return;
  }
  std::size_t count = 0;
  for (checked_walker walk{value.text()}; walk.next('{');) {
    if (++count > most_members) {
      complete_ = false;
      value.refuse("has more than " + std::to_string(most_members) + " members");
      return;
    }
    auto name = json_string_in(walk.value());
    walk.take(':');
    const auto text = walk.value();
    if (std::ranges::find(members_, name, &member::name) != members_.end())
      refuse(name, "stands twice");
    else
      members_.push_back({std::move(name), text});
  }
}

std::optional<json_value> json_object::find(std::string_view name) {
  const auto found = std::ranges::find(members_, name, &member::name);
  if (found == members_.end()) return {};
  found->asked = true;
  return json_value{found->value, *value_.problems_, value_.path_.member(name)};
}

std::optional<json_value> json_object::at(std::string_view name) {
  auto found = find(name);
  if (!found && complete_) refuse(name, "missing");
  return found;
}

void json_object::refuse(std::string_view name, std::string_view why) const {
  value_.problems_->add(value_.path_.member(name), why);
}

void json_object::end() const {
  if (!complete_) return;
  for (const auto& m : members_)
    if (!m.asked) refuse(m.name, "unknown");
}

} // namespace tools
