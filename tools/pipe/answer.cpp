#include "../logs/event_line.hpp"
#include "../text.hpp"
#include "answer.hpp"
#include <skald/store/quoted.hpp>
#include <skald/store/values/utf8.hpp>

namespace tools {

namespace {

/// Of texts that others made, such as messages of a driver, too.
std::string quoted_whatever(const std::string& text) {
  return quoted(skald::detail::find_ill_formed_utf8(text) == std::string::npos ? text : skald::detail::in_quotes(text));
}

template <class List, class Text>
std::string list_of(const List& list, Text text) {
  std::string all = "[";
  for (const auto& one : list) {
    if (all.size() != 1) all += ',';
    all += text(one);
  }
  return all + ']';
}

std::string cursor_text(const skald::stream_cursor& cursor) {
  const auto counter = cursor.created.counter();
  return "{\"created\":\"" + cursor.created.str() + '"' +
         (counter == 0 ? "" : ",\"counter\":" + std::to_string(counter)) + ",\"id\":\"" + cursor.id.str() + "\"}";
}

std::string cursor_text(skald::position cursor) { return std::to_string(cursor.value); }

template <class Query>
std::string page_text(const skald::page& page) {
  auto text = "\"records\":" + list_of(page.records, [](const skald::record& r) { return record_line(r); });
  if (!page.records.empty()) text += ",\"next\":" + cursor_text(Query::cursor_of(page.records.back()));
  return text + ",\"more\":" + (page.more ? "true" : "false");
}

std::string error_text(const skald::error& why) {
  std::string text{"{\"code\":\""};
  text += to_string(why.code);
  text += "\",\"message\":" + quoted_whatever(why.message) + ",\"outcome\":\"";
  text += to_string(why.outcome);
  text += '"';
  if (why.code == skald::errc::wrong_expected_revision) {
    const auto& [stream, expected, actual] = why.conflict;
    text += ",\"stream\":" + quoted_whatever(stream);
    text += ",\"expected\":" + (skald::revision::parse(expected) ? expected : quoted_whatever(expected));
    text += ",\"actual\":" + std::to_string(actual);
  }
  return text + '}';
}

} // namespace

std::string ids_of(const skald::append_request& request) {
  if (!request.command.empty()) return {}; // its receipt may be that of other events
  std::string ids;
  for (const auto& part : request.streams)
    for (const auto& event : part.events) ids += (ids.empty() ? "\"" : ",\"") + event.id.str() + '"';
  return ",\"ids\":[" + ids + ']';
}

std::string answer_of(const skald::receipt& receipt) {
  auto text = "\"revisions\":" + list_of(receipt.revisions, [](skald::revision r) { return std::to_string(r.value); });
  if (receipt.first != skald::position{})
    text += ",\"first\":" + std::to_string(receipt.first.value) + ",\"last\":" + std::to_string(receipt.last.value);
  if (!receipt.answer.empty()) text += ",\"answer\":" + receipt.answer;
  return text;
}

std::string answer_of(const skald::hydrate_report& report) {
  auto text = "\"written\":" + std::to_string(report.written) + ",\"known\":" + std::to_string(report.known);
  if (report.last != skald::position{}) text += ",\"last\":" + std::to_string(report.last.value);
  if (!report.different.empty())
    text += ",\"different\":" + list_of(report.different, [](const skald::hydrate_difference& d) {
              return "{\"record\":" + std::to_string(d.index) + ",\"message\":" + quoted(d.message) + '}';
            });
  return text;
}

std::string answer_of(const skald::streams_query&, const skald::page& page) {
  return page_text<skald::streams_query>(page);
}

std::string answer_of(const skald::all_query&, const skald::page& page) { return page_text<skald::all_query>(page); }

std::string answer_of(const skald::record_status& status) {
  return std::string{"\"exists\":"} + (status.exists ? "true" : "false") +
         ",\"outdated\":" + (status.outdated ? "true" : "false");
}

std::string answer_of(const skald::relation& found) {
  return "\"streams\":" + list_of(found.streams, [](const auto& s) { return quoted(s.str()); }) +
         ",\"revision\":" + std::to_string(found.revision.value);
}

std::string answer_of(const std::vector<skald::relation_key>& keys) {
  return "\"keys\":" + list_of(keys, [](const auto& k) { return quoted(k.str()); });
}

std::string answer_of(const std::optional<skald::stored_snapshot>& found) {
  if (!found) return "\"snapshot\":null";
  const auto& s = found->snapshot;
  auto text = "\"snapshot\":{\"fingerprint\":" + quoted(s.fingerprint) + ",\"cursor\":" + cursor_text(s.cursor) +
              ",\"records\":" + std::to_string(s.records) +
              ",\"relation_revision\":" + std::to_string(s.relation_revision.value) + ",\"state\":";
  text.reserve(text.size() + s.state.size() + 100); // with all that comes around it: the state may be long
  return std::move(text) + s.state + ",\"holds\":" + (found->holds ? "true" : "false") + '}';
}

std::string answer_of(const std::vector<skald::type_summary>& types) {
  std::uint64_t events = 0;
  std::string counts;
  for (const auto& t : types) {
    events += t.events;
    counts += (counts.empty() ? "" : ",") + quoted(t.type) + ':' + std::to_string(t.events);
  }
  return "\"events\":" + std::to_string(events) + ",\"types\":{" + counts + '}';
}

std::string success(std::uint64_t number, std::string members) { // without a copy: they may be long
  members.insert(0, "{\"req\":" + std::to_string(number) + ",\"ok\":true" + (members.empty() ? "" : ","));
  return std::move(members += '}');
}

std::string refusal(std::uint64_t number, const skald::error& why) {
  return "{\"req\":" + std::to_string(number) + ",\"ok\":false,\"error\":" + error_text(why) + '}';
}

std::string refusal_of_line(std::uint64_t line, const skald::error& why) {
  return "{\"req\":null,\"ok\":false,\"line\":" + std::to_string(line) + ",\"error\":" + error_text(why) + '}';
}

} // namespace tools
