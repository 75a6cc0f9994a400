#pragma once

#include <skald/store/limits.hpp>
#include <skald/store/result.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The parser of Boost.JSON with the limits and the messages of skald. Not for users, and not installed.
namespace skald::detail {

namespace json = boost::json;

/// Receives the events of Boost.JSON's parser and ignores them: the parser only checks the text.
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
  /// Boost 1.81 refuses an exponent that does not fit an int, newer versions do not. All versions have to read the
  /// same.
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

/// Parses the whole of `text`. Errors: `invalid_event`, with the byte.
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

/// The options of a parser that accepts so many levels.
inline json::parse_options parse_options(std::size_t levels = limits::json_depth) {
  json::parse_options options;
  options.max_depth = levels;
  return options;
}

} // namespace skald::detail
