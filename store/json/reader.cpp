#include <skald/store/json.hpp>
#include <skald/store/json/number.hpp>
#include <skald/store/json/parser.hpp>
#include <skald/store/json_text.hpp>
#include <skald/store/quoted.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace skald::detail {

namespace {

/// Builds the tree. Unlike Boost's own handler, it reads each double exactly.
struct building_handler : checking_handler {
  json::value_stack stack;

  building_handler(unsigned char* memory, std::size_t size) : stack{{}, memory, size} {}

  bool on_object_end(std::size_t n, error_code&) { return stack.push_object(n), true; }
  bool on_array_end(std::size_t n, error_code&) { return stack.push_array(n), true; }
  bool on_key_part(string_view s, std::size_t, error_code&) { return stack.push_chars(s), true; }
  bool on_key(string_view s, std::size_t, error_code&) { return stack.push_key(s), true; }
  bool on_string_part(string_view s, std::size_t, error_code&) { return stack.push_chars(s), true; }
  bool on_string(string_view s, std::size_t, error_code&) { return stack.push_string(s), true; }
  bool on_int64(std::int64_t i, string_view, error_code&) { return stack.push_int64(i), true; }
  bool on_uint64(std::uint64_t u, string_view, error_code&) { return stack.push_uint64(u), true; }
  bool on_double(double inexact, string_view text, error_code& problem) {
    if (!checking_handler::on_double(inexact, text, problem)) return false;
    double exact = 0;
    const auto code = std::from_chars(text.data(), text.data() + text.size(), exact).ec;
    // Out of range: the parser's value, infinite or nearly zero, shows whether it is too large or too small.
    return stack.push_double(code == std::errc{} ? exact : inexact), true;
  }
  bool on_bool(bool b, error_code&) { return stack.push_bool(b), true; }
  bool on_null(error_code&) { return stack.push_null(), true; }
};

std::string number_text(const json::value& value) {
  char text[64];
  if (value.is_int64()) return std::string{print(text, value.get_int64())};
  if (value.is_uint64()) return std::string{print(text, value.get_uint64())};
  const auto number = print(text, value.get_double());
  return std::string{number} + (number.find_first_not_of("-0123456789") == std::string_view::npos ? ".0" : "");
}

std::string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_: return "a number";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
  }
  return "something else";
}

std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

} // namespace

result<void> read_json(std::string_view text, void* target, void (*read)(const json_node&, void*), bool scalar) {
  const auto first = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size())).substr(0, 1);
  if (scalar && (first == "[" || first == "{")) {
    if (auto checked = check_json(text); !checked) return checked;
    text = first == "[" ? "[]" : "{}"; // just as little a scalar
  }
  unsigned char stack_memory[2048];
  unsigned char tree_memory[4096];
  json::monotonic_resource resource{tree_memory};
  json::basic_parser<building_handler> parser{parse_options(), stack_memory, sizeof stack_memory};
  auto& stack = parser.handler().stack;
  stack.reset(&resource);
  if (auto parsed = parse(parser, text); !parsed) return parsed;
  const auto root = stack.release();
  json_problems problems;
  read(json_node{root, problems}, target);
  if (!problems.empty()) return problems.to_error();
  return {};
}

bool json_node::null() const noexcept { return value_->is_null(); }

void json_node::mismatch(std::string_view expected) const {
  refuse("expected " + std::string{expected} + ", found " + std::string{kind_of(*value_)});
}

void json_node::read(bool& out) const {
  if (const auto* value = value_->if_bool())
    out = *value;
  else
    mismatch("a boolean");
}

void json_node::read(double& out) const {
  if (const auto* number = value_->if_int64())
    out = static_cast<double>(*number);
  else if (const auto* natural = value_->if_uint64())
    out = static_cast<double>(*natural);
  else if (const auto* value = value_->if_double(); !value)
    mismatch("a number");
  else if (!std::isfinite(*value))
    refuse("this number is too large");
  else
    out = *value;
}

void json_node::read(float& out) const {
  double value = 0;
  read(value);
  if (std::abs(value) >= 0x1.ffffffp127)
    refuse("this number is too large"); // it rounds to infinity
  else
    out = static_cast<float>(value);
}

void json_node::read(std::string& out) const {
  if (const auto text = string()) out = *text;
}

std::optional<std::string_view> json_node::string() const {
  if (const auto* text = value_->if_string()) return view(*text);
  mismatch("a string");
  return {};
}

std::optional<std::int64_t> json_node::integer(std::int64_t least, std::int64_t most) const {
  if (const auto* number = value_->if_int64(); number && *number >= least && *number <= most) return *number;
  if (!value_->is_number())
    mismatch("an integer");
  else
    refuse("expected an integer from " + std::to_string(least) + " to " + std::to_string(most) + ", found " +
           number_text(*value_));
  return {};
}

std::optional<std::uint64_t> json_node::natural(std::uint64_t most) const {
  if (const auto* number = value_->if_int64(); number && *number >= 0 && static_cast<std::uint64_t>(*number) <= most)
    return static_cast<std::uint64_t>(*number);
  if (const auto* number = value_->if_uint64(); number && *number <= most) return *number;
  if (!value_->is_number())
    mismatch("an integer");
  else
    refuse("expected an integer from 0 to " + std::to_string(most) + ", found " + number_text(*value_));
  return {};
}

std::optional<std::size_t> json_node::elements() const {
  if (const auto* array = value_->if_array()) return array->size();
  mismatch("an array");
  return {};
}

json_node json_node::element(std::size_t index) const {
  return {value_->get_array()[index], path_.element(index), *problems_};
}

std::optional<std::size_t> json_node::members() const {
  if (const auto* object = value_->if_object()) return object->size();
  mismatch("an object");
  return {};
}

json_node json_node::member(std::size_t index) const {
  const auto& member = value_->get_object().begin()[index];
  return {member.value(), path_.member(view(member.key())), *problems_};
}

std::optional<json_node> json_node::find(std::string_view name, std::size_t index) const {
  const auto& object = value_->get_object();
  const auto* found = index < object.size() ? object.begin() + index : object.end();
  if (found == object.end() || view(found->key()) != name) found = object.find({name.data(), name.size()});
  if (found == object.end()) return {};
  return json_node{found->value(), path_.member(name), *problems_};
}

void json_node::refuse_others(std::span<const std::string_view> known) const {
  for (const auto& member : value_->get_object())
    if (const auto name = view(member.key()); std::ranges::find(known, name) == known.end())
      problems_->add(path_.member(name), "unknown");
}

void json_node::expected_one_of(std::span<const std::string_view> names, std::string_view found) const {
  std::string known;
  for (const auto name : names) known += (known.empty() ? "" : ", ") + std::string{name};
  refuse("expected one of " + known + ", found " + in_quotes(found, '"'));
}

} // namespace skald::detail
