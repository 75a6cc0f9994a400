#include "log.hpp"
#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/log_ids.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace fines {

namespace json = boost::json;

namespace {

/// What is wrong with a line.
class bad_line : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

const json::value& member(const json::object& line, std::string_view name) {
  const auto* found = line.if_contains(name);
  if (found == nullptr) throw bad_line{"the field '" + std::string{name} + "' is missing"};
  return *found;
}

std::string text(const json::object& line, std::string_view name) {
  const auto* found = member(line, name).if_string();
  if (found == nullptr) throw bad_line{"the field '" + std::string{name} + "' is no string"};
  return {found->data(), found->size()};
}

void refuse_other_fields(const json::object& line) {
  constexpr std::array<std::string_view, 5> known{"stream", "type", "created", "data", "meta"};
  for (const auto& field : line) {
    const std::string_view name{field.key().data(), field.key().size()};
    if (std::ranges::find(known, name) == known.end())
      throw bad_line{"the field '" + std::string{name} +
                     "' is unknown: there are stream, type, created, data and meta"};
  }
  const auto* meta = line.if_contains("meta");
  if (meta != nullptr && !meta->is_null() && !(meta->is_object() && meta->get_object().empty()))
    throw bad_line{"the field 'meta' is not empty, but events of fines have no metadata"};
}

/// The data as the struct of its event type, and as the text that is stored.
std::pair<fine_event, std::string> data_of(const std::string& type, const json::value& data) {
  std::pair<fine_event, std::string> answer;
  bool known = false;
  skald::for_each_event<fine_events>([&]<class Event>() {
    if (type != Event::name) return;
    known = true;
    auto read = skald::from_json<typename Event::data_type>(json::serialize(data));
    if (!read) throw bad_line{"the data do not fit '" + type + "': " + read.error().message};
    auto written = skald::encode<Event>(*read);
    if (!written) throw bad_line{written.error().message};
    answer = {std::move(*read), std::move(written->data)};
  });
  if (!known) throw bad_line{"the event type '" + type + "' is unknown"};
  return answer;
}

class reader {
public:
  log_line read(std::size_t number, const std::string& line_text) {
    if (line_text.empty()) throw bad_line{"the line is empty"};
    json::parse_options options;
    options.max_depth = 1 + skald::limits::json_depth; // of the line, whose data may be as deep as any
    if (auto ok = skald::check_json(line_text, options.max_depth); !ok) throw bad_line{ok.error().message};
    const auto parsed = json::parse(line_text, {}, options);
    if (!parsed.is_object()) throw bad_line{"the line is JSON, but no object"};
    const auto& line = parsed.get_object();
    refuse_other_fields(line);

    auto stream = skald::stream_id::parse(text(line, "stream"));
    if (!stream) throw bad_line{stream.error().message};
    if (stream->reserved()) throw bad_line{"the stream id '" + stream->str() + "' is reserved, for it starts with '$'"};
    const auto type = text(line, "type");
    const auto created = skald::timestamp::parse(text(line, "created"));
    if (!created) throw bad_line{created.error().message};
    auto [data, stored] = data_of(type, member(line, "data"));

    const auto id = ids_.next(*created, *stream, type, stored);
    return {number, std::move(*stream), *created, id, std::move(data)};
  }

private:
  skald::log_ids ids_;
};

skald::error unreadable(const std::string& name, const std::string& why) {
  return {skald::errc::read_failed, "the log '" + name + "' cannot be read: " + why};
}

} // namespace

skald::result<event_log> read_log(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in) return unreadable(file.string(), std::generic_category().message(errno));
  return read_log(in, file.string());
}

skald::result<event_log> read_log(std::istream& in, std::string name) {
  event_log log{std::move(name), {}};
  reader lines;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3); // a byte order mark
    try {
      log.lines.push_back(lines.read(number, line));
    } catch (const bad_line& why) {
      return skald::error{skald::errc::invalid_event,
                          at_line(log.name, number, why.what()) + "; nothing of this log was imported"};
    }
  }
  if (in.bad()) return unreadable(log.name, std::generic_category().message(errno));
  return log;
}

std::string at_line(const std::string& log, std::size_t number, const std::string& what) {
  return log + ":" + std::to_string(number) + ": " + what;
}

} // namespace fines
