#include "../json/checked_walker.hpp"
#include "../json/string.hpp"
#include "../text.hpp"
#include "member_map.hpp"
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <charconv>

namespace tools {

namespace {

constexpr std::array<std::string_view, 6> names{"stream", "type", "created", "data", "meta", "id"};

[[noreturn]] void refuse(const std::string& why) { throw skald::failure{skald::errc::invalid_argument, why}; }

/// Runs what reads a member, and says of an error which member it is.
template <class Read>
auto in_member(std::string_view name, Read read) {
  try {
    return read();
  } catch (const skald::failure& why) {
    refuse(std::string{name} + ": " + why.what());
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  return text.substr(0, text.find_last_not_of(space) + 1);
}

std::optional<std::string_view> member_of(std::string_view object, const std::string& name) {
  for (checked_walker walk{object}; walk.next('{');) {
    const auto found = json_string_in(walk.value());
    walk.take(':');
    const auto value = walk.value();
    if (found == name) return value;
  }
  return {};
}

std::optional<std::string_view> element_of(std::string_view array, const std::string& name) {
  std::size_t number = 0;
  const auto* end = name.data() + name.size();
  if (const auto read = std::from_chars(name.data(), end, number); read.ec != std::errc{} || read.ptr != end) return {};
  std::size_t i = 0;
  for (checked_walker walk{array}; walk.next('[');) {
    const auto value = walk.value();
    if (i++ == number) return value;
  }
  return {};
}

/// What is at the end of a path; none where it leads nowhere, or to null.
std::optional<std::string_view> value_at(std::string_view object, const std::vector<std::string>& path) {
  std::optional<std::string_view> value = trimmed(object);
  for (const auto& name : path) {
    if (value->front() == '{')
      value = member_of(*value, name);
    else if (value->front() == '[')
      value = element_of(*value, name);
    else
      value.reset();
    if (!value) return {};
  }
  if (value->front() == 'n') return {};
  return value;
}

} // namespace

/// Takes a map apart from its front.
class member_map::parser {
public:
  explicit parser(std::string_view text) : whole_{text}, rest_{text} {}

  void read_into(std::array<source, 6>& sources) {
    do {
      const auto name = rest_.substr(0, rest_.find('='));
      const auto which = static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
      if (which == names.size() || name.size() == rest_.size())
        wrong("expected stream=, type=, created=, data=, meta= or id=");
      auto& to = sources[which];
      if (!to.texts.empty()) wrong(std::string{name} + " stands twice");
      rest_.remove_prefix(name.size() + 1);
      const auto begin = rest_;
      do to.texts.push_back(read_text());
      while (take('|'));
      to.written = begin.substr(0, begin.size() - rest_.size());
    } while (take(','));
    if (!rest_.empty()) wrong("expected a comma");
  }

private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  text read_text() {
    text parts;
    do parts.push_back(read_part());
    while (take('+'));
    return parts;
  }

  part read_part() {
    if (rest_.starts_with('\'')) return {read_quoted(), {}, true};
    if (take('.') && (rest_.empty() || std::string_view{",+|"}.find(rest_.front()) != std::string_view::npos))
      return {};
    part path;
    do path.path.push_back(read_name());
    while (take('.'));
    return path;
  }

  std::string read_name() {
    if (rest_.starts_with('"')) return read_quoted();
    const auto name = rest_.substr(0, rest_.find_first_of(".,+|'\""));
    if (name.empty()) wrong("expected a name, a point or a text in single quotes");
    rest_.remove_prefix(name.size());
    return std::string{name};
  }

  std::string read_quoted() {
    const auto quote = rest_.substr(0, 1);
    std::string text;
    for (rest_.remove_prefix(1);; rest_.remove_prefix(1)) {
      const auto end = rest_.find(quote);
      if (end == std::string_view::npos) wrong("a quote is not closed");
      text += rest_.substr(0, end);
      rest_.remove_prefix(end + 1);
      if (!rest_.starts_with(quote)) return text;
      text += quote;
    }
  }

  [[noreturn]] void wrong(const std::string& why) const {
    refuse("--map: " + why + ", at byte " + std::to_string(whole_.size() - rest_.size()) + " of " +
           skald::detail::in_quotes(whole_) +
           ": it takes a list such as stream=subject,created=time,type='a:b',data=.");
  }

  std::string_view whole_;
  std::string_view rest_;
};

member_map::member_map(std::string_view text) { parser{text}.read_into(sources_); }

member_map member_map::or_else(const member_map& other) const {
  auto both = *this;
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (both.sources_[i].texts.empty()) both.sources_[i] = other.sources_[i];
  return both;
}

log_event member_map::event_of(std::string_view object, const log_time& times) const {
  log_event event;
  auto& r = event.record;
  r.stream = in_member(names[stream], [&] { return skald::stream_id::parse(need_text_at(stream, object)).value(); });
  r.type = in_member(names[type], [&] { return need_text_at(type, object); });
  event.time = in_member(names[created], [&] { return times.read(need_text_at(created, object)); });
  r.created = event.time;
  r.data = in_member(names[data], [&] { return json_at(data, object); });
  if (r.data.empty()) r.data = "null";
  r.meta = in_member(names[meta], [&] { return json_at(meta, object); });
  if (const auto text = in_member(names[id], [&] { return text_at(id, object); })) {
    const auto uuid = skald::event_id::parse(*text);
    r.id = uuid && !uuid->nil() ? *uuid : skald::derive_event_id({"id in a log", r.stream.str(), *text});
  }
  event.is_foreign = true;
  return event;
}

std::optional<std::string> member_map::text_of(const text& parts, std::string_view object) {
  std::string all;
  for (const auto& p : parts) {
    const auto value = p.is_literal ? std::nullopt : value_at(object, p.path);
    if (!p.is_literal && !value) return {};
    if (p.is_literal)
      all += p.literal;
    else if (value->front() == '"')
      all += json_string_in(*value);
    else if (value->front() == '{' || value->front() == '[')
      refuse(std::string{"expected a string or a number, found "} + (value->front() == '{' ? "an object" : "an array") +
             ": say with --map which part of it");
    else
      all += *value;
  }
  return all;
}

std::optional<std::string> member_map::text_at(member m, std::string_view object) const {
  for (const auto& parts : sources_[m].texts)
    if (auto text = text_of(parts, object)) return text;
  return {};
}

std::string member_map::need_text_at(member m, std::string_view object) const {
  auto text = text_at(m, object);
  if (!text)
    refuse("there is nothing at " + skald::detail::in_quotes(sources_[m].written) + ": say with --map where it is");
  return std::move(*text);
}

std::string member_map::json_at(member m, std::string_view object) const {
  for (const auto& parts : sources_[m].texts) {
    if (parts.size() != 1 || parts[0].is_literal) {
      if (const auto text = text_of(parts, object)) return quoted(*text);
    } else if (const auto value = value_at(object, parts[0].path)) {
      return std::string{*value};
    }
  }
  return "";
}

} // namespace tools
