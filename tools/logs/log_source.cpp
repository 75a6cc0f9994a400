#include "cloud_event.hpp"
#include "csv_rows.hpp"
#include "json_pieces.hpp"
#include "log_source.hpp"
#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

namespace tools {

namespace {

using format = log_shape::format;

[[noreturn]] void refuse(const std::string& why) { throw skald::failure{skald::errc::invalid_argument, why}; }

void check_json(std::string_view object) { skald::check_json(object, 2 * skald::limits::json_depth).value(); }

/// Lines as `event_line` writes them.
class skald_log : public log_source {
public:
  skald_log(const log_shape& shape, line_reader& lines) : shape_{shape}, lines_{lines} {}

  std::optional<log_event> next() override {
    auto line = lines_.next();
    while (line && line->text.find_first_not_of(" \t\r") == std::string_view::npos) line = lines_.next();
    if (!line) return {};
    number_ = line->number;
    if (line->too_long) refuse("the line is longer than any event may be");
    return parse_event_line(line->text, shape_.times);
  }

  std::uint64_t line() const noexcept override { return number_; }

private:
  const log_shape& shape_;
  line_reader& lines_;
  std::uint64_t number_ = 0;
};

/// Objects of any shape, or CloudEvents.
class json_log : public log_source {
public:
  json_log(const log_shape& shape, line_reader& lines) : shape_{shape}, pieces_{lines} {}

  std::optional<log_event> next() override {
    const auto object = pieces_.next();
    if (!object) return {};
    check_json(*object);
    return shape_.kind == format::cloudevents ? cloud_event_of(*object, shape_.members, shape_.times)
                                              : shape_.members.event_of(*object, shape_.times);
  }

  std::uint64_t line() const noexcept override { return pieces_.line(); }

private:
  const log_shape& shape_;
  json_pieces pieces_;
};

class csv_log : public log_source {
public:
  csv_log(const log_shape& shape, line_reader& lines) : shape_{shape}, rows_{lines} {}

  std::optional<log_event> next() override {
    const auto object = rows_.next();
    if (!object) return {};
    return shape_.members.event_of(*object, shape_.times);
  }

  std::uint64_t line() const noexcept override { return rows_.line(); }

private:
  const log_shape& shape_;
  csv_rows rows_;
};

format format_named(const std::string& name, bool has_map) {
  if (name.empty()) return has_map ? format::json : format::skald;
  if (name == "skald") return format::skald;
  if (name == "json") return format::json;
  if (name == "cloudevents") return format::cloudevents;
  if (name == "csv") return format::csv;
  refuse("--format: " + skald::detail::in_quotes(name) + " is none: it takes skald, json, cloudevents or csv");
}

} // namespace

log_shape::log_shape(const std::string& format_name, const std::string& map, log_time times)
  : kind{format_named(format_name, !map.empty())}, times{times} {
  if (kind == format::skald && !map.empty())
    refuse("--map: skald's own lines have no map: say --format json, cloudevents or csv");
  if (!map.empty()) members = member_map{map};
  members = members.or_else(kind == format::cloudevents ? cloud_event_map()
                                                        : member_map{"stream=stream,type=type,created=created,data=."});
}

std::unique_ptr<log_source> make_log_source(const log_shape& shape, line_reader& lines) {
  switch (shape.kind) {
    case format::csv: return std::make_unique<csv_log>(shape, lines);
    case format::skald: return std::make_unique<skald_log>(shape, lines);
    default: return std::make_unique<json_log>(shape, lines);
  }
}

} // namespace tools
