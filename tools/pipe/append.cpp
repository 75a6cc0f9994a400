#include "moment.hpp"
#include "readers.hpp"
#include <skald/store/checks/append_checks.hpp>
#include <skald/store/limits.hpp>

namespace tools {

namespace {

skald::expected_revision read_expected(const json_value& from) {
  const std::string words = "any, no_stream, stream_exists or a number";
  if (const char first = from.text().front(); first != '"') {
    if (std::string_view{"{[tfn"}.find(first) != std::string_view::npos) {
      from.expected(words);
      return skald::expected_revision::any();
    }
    skald::revision number;
    from.read(number.value);
    return skald::expected_revision::exactly(number);
  }
  std::string word;
  from.read(word);
  if (word == "no_stream") return skald::expected_revision::no_stream();
  if (word == "stream_exists") return skald::expected_revision::stream_exists();
  if (word != "any") from.refuse_word(words, word);
  return skald::expected_revision::any();
}

skald::new_event read_new_event(const json_value& from) {
  skald::new_event made;
  json_object object{from};
  object.need("type", made.type);
  if (const auto data = object.at("data")) made.data = data->text();
  if (const auto meta = object.find("meta")) made.meta = meta->text();
  made.id = skald::make_event_id();
  object.read("id", made.id);
  if (made.id.nil()) object.refuse("id", "is nil, which names no event: give another one, or none");
  read_created(object, made.created);
  object.read("version", made.schema_version);
  object.end();
  return made;
}

/// `all` counts the events of the whole request.
skald::stream_append read_part(const json_value& from, skald::detail::volume& all) {
  skald::stream_append made{{}, skald::expected_revision::any()};
  json_object object{from};
  object.need("stream", made.stream);
  if (const auto expected = object.find("expected")) made.expected = read_expected(*expected);
  if (const auto events = object.find("events"))
    events->for_each([&](const json_value& event) {
      const auto& read = made.events.emplace_back(read_new_event(event));
      all.add(read.data, read.meta).value();
    });
  object.end();
  return made;
}

} // namespace

operation read_append(json_object& from) {
  skald::append_request made;
  skald::detail::volume all;
  if (const auto streams = from.at("streams"))
    streams->for_each([&](const json_value& part) {
      skald::detail::at_most(skald::limits::request_streams, made.streams.size() + 1, "streams").value();
      made.streams.push_back(read_part(part, all));
    });
  if (const auto relations = from.find("relations")) made.relations = read_relations(*relations);
  from.read("batch", made.batch);
  from.read("emit", made.emit);
  from.read("command_id", made.command);
  if (const auto answer = from.find("answer")) made.answer = answer->text();
  return made;
}

} // namespace tools
