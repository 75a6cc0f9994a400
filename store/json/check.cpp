#include <skald/store/json.hpp>
#include <skald/store/json/parser.hpp>

namespace skald {

result<void> check_json(std::string_view text) { return check_json(text, limits::json_depth); }

result<void> check_json(std::string_view text, std::size_t levels) {
  boost::json::basic_parser<detail::checking_handler> parser{detail::parse_options(levels)};
  return detail::parse(parser, text);
}

} // namespace skald
