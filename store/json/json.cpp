#include <skald/store/json.hpp>

#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/values/utf8.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace skald {

namespace {

namespace json = boost::json;

// What a message holds of them; the others are counted.
constexpr std::size_t kept_problems = 100;
constexpr std::size_t kept_problem_bytes = 8192;
constexpr std::size_t longest_plain_name = 64;

/// What Boost.JSON's parser tells while it walks over a text; this one only lets it walk.
struct checking_handler {
  using error_code = boost::system::error_code;
  using string_view = json::string_view;

  static constexpr auto max_object_size = static_cast<std::size_t>(-1);
  static constexpr auto max_array_size = static_cast<std::size_t>(-1);
  static constexpr auto max_key_size = static_cast<std::size_t>(-1);
  static constexpr auto max_string_size = static_cast<std::size_t>(-1);

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return true; }
  bool on_object_end(std::size_t, error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_key_part(string_view, std::size_t, error_code&) { return true; }
  bool on_key(string_view, std::size_t, error_code&) { return true; }
  bool on_string_part(string_view, std::size_t, error_code&) { return true; }
  bool on_string(string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, string_view, error_code&) { return true; }
  /// Boost 1.81 refuses an exponent that no int holds, newer ones do not: what one writes all can read.
  bool on_double(double, string_view text, error_code& problem) {
    auto exponent = text.substr(std::min(text.find_first_of("eE"), text.size()));
    exponent.remove_prefix(std::min(exponent.find_first_of("0123456789"), exponent.size()));
    int value = 0;
    if (std::from_chars(exponent.data(), exponent.data() + exponent.size(), value).ec == std::errc::result_out_of_range)
      problem = json::error::exponent_overflow;
    return !problem;
  }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }
};

/// Builds the tree. Boost's own handler does the same, but its doubles are off by a bit now and then.
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
    // Out of range means too large or too small; there the parser's value, infinite or nearly zero, tells which.
    return stack.push_double(code == std::errc{} ? exact : inexact), true;
  }
  bool on_bool(bool b, error_code&) { return stack.push_bool(b), true; }
  bool on_null(error_code&) { return stack.push_null(), true; }
};

template <class Handler>
result<void> parse(json::basic_parser<Handler>& parser, std::string_view text) {
  boost::system::error_code problem;
  const auto end = parser.write_some(false, text.data(), text.size(), problem);
  if (!problem && end == text.size()) return {};
  if (problem == json::error::too_deep)
    return error{errc::invalid_event, "this nests deeper than " + std::to_string(limits::json_depth) +
                                        " levels at byte " + std::to_string(end) + ": store it flatter"};
  return error{errc::invalid_event, "this is no JSON: " + (problem ? problem.message() : "more text follows") +
                                      " at byte " + std::to_string(end)};
}

json::parse_options parse_options(std::size_t levels = limits::json_depth) {
  json::parse_options options;
  options.max_depth = levels;
  return options;
}

bool plain(std::string_view name) {
  return !name.empty() && name.size() <= longest_plain_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void append_path(std::string& out, const detail::json_path& at) {
  if (!at.parent) return;
  append_path(out, *at.parent);
  if (at.index != detail::json_path::npos) {
    out += '[' + std::to_string(at.index) + ']';
  } else if (plain(at.name)) {
    if (at.parent->parent) out += '.';
    out += at.name;
  } else {
    out += '[' + detail::in_quotes(at.name, '"') + ']';
  }
}

void append_escaped(std::string& out, std::string_view text) {
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out += text.substr(written, i - written);
    written = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: {
        char code[8];
        std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
        out += code;
      }
    }
  }
  out += text.substr(written);
}

template <class Number>
std::string_view print(char (&to)[64], Number number) {
  return {to, static_cast<std::size_t>(std::to_chars(to, to + sizeof to, number).ptr - to)};
}

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

result<void> check_json(std::string_view text) { return check_json(text, limits::json_depth); }

result<void> check_json(std::string_view text, std::size_t levels) {
  json::basic_parser<checking_handler> parser{parse_options(levels)};
  return parse(parser, text);
}

namespace detail {

result<void> read_json(std::string_view text, void* target, void (*read)(const json_node&, void*), bool scalar) {
  const auto first = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size())).substr(0, 1);
  if (scalar && (first == "[" || first == "{")) {
    if (auto checked = check_json(text); !checked) return checked;
    text = first == "[" ? "[]" : "{}"; // which is no more of a scalar
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

void json_problems::add(const json_path& at, std::string_view what) {
  ++count_;
  if (kept_ == kept_problems || text_.size() > kept_problem_bytes) return;
  if (++kept_ != 1) text_ += "; ";
  append_path(text_, at);
  if (at.parent) text_ += ": ";
  text_ += what;
}

error json_problems::to_error() const {
  if (count_ == kept_) return {errc::invalid_event, text_};
  return {errc::invalid_event, text_ + "; and " + std::to_string(count_ - kept_) + " more"};
}

void json_writer::write(std::int64_t number) {
  char text[64];
  text_ += print(text, number);
}

void json_writer::write(std::uint64_t number) {
  char text[64];
  text_ += print(text, number);
}

void json_writer::write(double number, const json_path& at) {
  if (!std::isfinite(number)) return problems_.add(at, "a number that is not finite has no form in JSON");
  char text[64];
  text_ += print(text, number);
  if (number == 0 && std::signbit(number)) text_ += ".0"; // -0 is an integer, which has no sign to keep
}

void json_writer::write(float number, const json_path& at) {
  char text[64];
  const auto shortest = print(text, number);
  double read_back = 0;
  std::from_chars(shortest.data(), shortest.data() + shortest.size(), read_back);
  // Numbers are read as double: for a few floats, such as 7.038531e-26, the shortest text then rounds to a neighbour.
  if (number == 0 || !std::isfinite(number) || static_cast<float>(read_back) != number)
    return write(static_cast<double>(number), at);
  text_ += shortest;
}

void json_writer::write(std::string_view text, const json_path& at) {
  if (const auto bad = find_ill_formed_utf8(text); bad != std::string_view::npos)
    return problems_.add(at, "not UTF-8 at byte " + std::to_string(bad));
  text_ += '"';
  append_escaped(text_, text);
  text_ += '"';
}

bool json_writer::open(char bracket, const json_path& at) {
  text_ += bracket;
  if (at.depth < limits::json_depth) return true;
  problems_.add(at, "more than " + std::to_string(limits::json_depth) + " levels deep");
  return false;
}

void json_writer::key(std::string_view name, bool first) {
  text_ += first ? "\"" : ",\"";
  text_ += name;
  text_ += "\":";
}

void json_writer::no_enumerator(std::int64_t number, const json_path& at) {
  problems_.add(at, std::to_string(number) + " is no enumerator");
}

result<std::string> json_writer::finish() && {
  if (!problems_.empty()) return problems_.to_error();
  return std::move(text_);
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
    refuse("this number is too large"); // from here on it rounds to infinity
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

} // namespace detail

} // namespace skald
