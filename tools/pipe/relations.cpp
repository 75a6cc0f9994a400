#include "readers.hpp"
#include <skald/store/checks/append_checks.hpp>
#include <skald/store/limits.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace tools {

std::vector<skald::relation_change> read_relations(const json_value& from) {
  using skald::relation_change;
  std::vector<relation_change> changes;
  std::size_t count = 0;
  from.for_each([&](const json_value& change) {
    skald::detail::at_most(skald::limits::relation_changes, ++count, "changes of relations").value();
    json_object object{change};
    const auto word = object.at("do");
    if (!word) return;
    std::string what;
    word->read(what);
    constexpr std::array<std::string_view, 4> words{"insert", "remove", "remove_key", "remove_stream"};
    if (std::ranges::find(words, what) == words.end())
      return word->refuse_word("insert, remove, remove_key or remove_stream", what);
    skald::relation_key key;
    skald::stream_id stream;
    if (what != "remove_stream") object.need("key", key);
    if (what != "remove_key") object.need("stream", stream);
    if (what == "insert")
      changes.push_back(relation_change::insert(std::move(key), std::move(stream)));
    else if (what == "remove")
      changes.push_back(relation_change::remove(std::move(key), std::move(stream)));
    else if (what == "remove_key")
      changes.push_back(relation_change::remove_key(std::move(key)));
    else
      changes.push_back(relation_change::remove_stream(std::move(stream)));
    object.end();
  });
  return changes;
}

std::variant<skald::stream_id, skald::relation_key> read_stream_or_key(json_object& from) {
  skald::stream_id stream;
  skald::relation_key key;
  const bool has_stream = from.read("stream", stream);
  const bool has_key = from.read("key", key);
  if (has_stream == has_key) from.refuse("stream", "give one of stream and key");
  if (has_stream) return stream;
  return key;
}

operation read_relate(json_object& from) {
  const auto relations = from.at("relations");
  return relations ? read_relations(*relations) : std::vector<skald::relation_change>{};
}

operation read_related(json_object& from) {
  return std::visit([](auto name) { return operation{std::move(name)}; }, read_stream_or_key(from));
}

} // namespace tools
