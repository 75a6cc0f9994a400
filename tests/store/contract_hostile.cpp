#include <skald/store/event.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/values/utf8.hpp>

#include <boost/describe/class.hpp>
#include <tests/store/contract.hpp>

#include <algorithm>
#include <iterator>
#include <span>

using namespace skald;
using namespace skald::test;
using namespace std::literals;

namespace {

/// One line in UTF-8 that anybody can read, however hostile the names in it.
bool tame(const std::string& message) {
  constexpr std::string_view harmful[] = {"\u0085", "\u200b", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff"};
  return !message.empty() && message.size() < 16'000 &&
         detail::find_ill_formed_utf8(message) == std::string_view::npos &&
         std::ranges::none_of(
           message, [](unsigned char c) { return c < 0x20 || c == 0x7f; }) &&
         std::ranges::none_of(harmful, [&](auto text) { return message.find(text) != std::string::npos; });
}

/// Whether this was refused with this code, in a sentence that may be shown.
template <class T>
bool refused(const result<T>& answer, errc code) {
  if (answer || answer.error().code != code) return false;
  CHECK_MESSAGE(tame(answer.error().message), answer.error().message.substr(0, 500));
  return true;
}

template <class T>
bool refused(const result<T>& answer) {
  return refused(answer, errc::invalid_argument);
}

struct hostile {
  const char* name;
  std::string text;
};

/// Names that are names all the same.
std::vector<hostile> strange_names() {
  std::string faces;
  for (int i = 0; i < 64; ++i) faces += "\U0001f600"; // 256 bytes, which every kind of name may have
  return {
    {"quotes", R"('"`´)"},
    {"a percent sign", "%"},
    {"an underscore", "_"},
    {"a comment", "';--"},
    {"a statement", "'); DROP TABLE skald_events; --"},
    {"a backslash", "\\"},
    {"a backslash in front of a quote", "\\'"},
    {"parameters", "?1 :a @a {} %s %n"},
    {"a space", " "},
    {"nothing but spaces", "   \t "},
    {"spaces around", " a "},
    {"lines", "a\nb\r\nc"},
    {"controls", "\x01\x1b[2J\x7f\b"},
    {"later controls", "\u0085\u009b"},
    {"a turn of direction", "\u202egpj.exe\u2066"},
    {"right to left", "שלום عليكم"},
    {"separators of lines", "\u2028\u2029"},
    {"no width", "a\u200bb\ufeff"},
    {"composed", "\u00e9"},
    {"combined", "e\u0301"},
    {"no character", "\U0010ffff\ufffe"},
    {"faces", faces},
    {"a path", "../../etc/passwd"},
    {"JSON", R"({"a":[null]})"},
    {"an array of SQL", R"({a,"b\",NULL})"},
    {"nothing, as SQL has it", "NULL"},
    {"a number", "-1"},
    {"a backslash at the end", "a\\"},
  };
}

/// Texts that are no names. The last ones are too long for every kind of name.
std::vector<hostile> no_names() {
  return {
    {"empty", ""},
    {"NUL", "\0"s},
    {"NUL inside", "a\0b"s},
    {"NUL at the end", "a\0"s},
    {"a byte that is never UTF-8", "a\xff"},
    {"a continuation", "\x80"},
    {"a sequence that ends early", "a\xe2\x82"},
    {"an overlong slash", "\xc0\xaf"},
    {"an overlong NUL", "\xc0\x80"},
    {"a surrogate", "\xed\xa0\x80"},
    {"beyond the last code point", "\xf4\x90\x80\x80"},
    {"a byte too long", std::string(limits::name_bytes + 1, 'x')},
    {"10 MB", std::string(10'000'000, 'x')},
    {"10 MB of no UTF-8", std::string(10'000'000, '\xfe')},
  };
}

struct member {
  std::string text;
};
BOOST_DESCRIBE_STRUCT(member, (), (text))

struct note {
  std::vector<member> members;
};
BOOST_DESCRIBE_STRUCT(note, (), (members))

std::shared_ptr<const catalog> note_catalog() {
  auto types = std::make_shared<catalog>();
  must(types->add<skald::events<skald::event<"note", note>>>());
  return types;
}

} // namespace

SKALD_CONTRACT("streams of strange names come back byte for byte, apart from each other") {
  fixture store{backend};
  std::uint64_t n = 0;
  for (const auto& row : strange_names()) {
    auto in_batch = request(row.text, no_stream, {an_event(++n)});
    in_batch.batch = batch_key{row.text};
    must(store->append(in_batch));
    must(store->hydrate(std::vector{foreign(1000 + n, row.text, at(1))}));
  }
  if (backend.persistent) store.reopen();
  n = 0;
  for (const auto& row : strange_names()) {
    CAPTURE(row.name);
    ++n;
    const auto found = read_stream(*store, row.text);
    REQUIRE(found.size() == 2);
    CHECK(found[0].stream.str() == row.text);
    CHECK(found[1].batch.str() == row.text);
    CHECK(found[1].data == number_json(n));
    CHECK(must(store->find(id(n)))->stream.str() == row.text);
    CHECK(must(store->revision_of(stream(row.text))) == revision{2});
    CHECK(must(store->status(foreign(5000, row.text, at(0)))).outdated);
    CHECK(read_all(*store, streams_query{std::vector{stream(row.text)}}) == found);
    const auto conflict = store->append(request(row.text, no_stream, {an_event(5000)}));
    CHECK(refused(conflict, errc::wrong_expected_revision));
    CHECK(conflict.error().conflict.stream == row.text);
    CHECK(refused(store->append(request(row.text, any, {an_event(n, "thing:else")})), errc::duplicate_event));
  }
}

SKALD_CONTRACT("a reserved name is refused in words that may be shown, however it goes on") {
  fixture store{backend};
  for (const auto& row : strange_names()) {
    CAPTURE(row.name);
    CHECK(refused(store->append(request("$" + row.text.substr(0, 100), any, {an_event(1)}))));
  }
  CHECK(refused(store->append(request("$1", any, {an_event(1)}))));
  CHECK(read_all(*store).empty());
}

TEST_CASE("what is no name is no stream, no relation key and nothing else, and the refusal does not repeat it") {
  for (const auto& row : no_names()) {
    CAPTURE(row.name);
    CHECK(refused(stream_id::parse(row.text)));
    CHECK(refused(relation_key::parse(row.text)));
    CHECK(refused(batch_key::parse(row.text)));
    CHECK(refused(command_id::parse(row.text)));
    CHECK(refused(event_id::parse(row.text)));
    CHECK(refused(revision::parse(row.text)));
    CHECK(refused(position::parse(row.text)));
    CHECK(refused(timestamp::parse(row.text)));
    CHECK_THROWS_AS(stream_id{row.text}, failure);
    CHECK_THROWS_AS(relation_key{row.text}, failure);
  }
}

SKALD_CONTRACT("relation keys of strange names come back byte for byte and touch only their own rows") { // E.96
  fixture store{backend};
  const auto rows = strange_names();
  for (const auto& row : rows) {
    append_request in_request = request(row.text, any, {});
    in_request.relations = {relation_change::insert(relation_key{row.text}, stream(row.text)),
                            relation_change::insert(relation_key{"all"}, stream(row.text))};
    must(store->append(in_request));
  }
  if (backend.persistent) store.reopen();
  CHECK(must(store->related(relation_key{"all"})).streams.size() == rows.size());
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const relation_key key{row.text};
    CHECK(must(store->related(key)) == relation{{stream(row.text)}, revision{1}});
    auto keys = must(store->keys_of(stream(row.text)));
    CHECK(std::ranges::is_sorted(keys));
    CHECK(std::ranges::find(keys, key) != keys.end());
    CHECK(keys.size() == 2);
    must(store->relate(std::vector{relation_change::remove_key(key)}));
    CHECK(must(store->related(key)) == relation{{}, revision{2}});
  }
  CHECK(must(store->related(relation_key{"all"})).streams.size() == rows.size());
}

SKALD_CONTRACT("names under a key and keys of a stream are in the order of their bytes") {
  fixture store{backend};
  auto names = strange_names();
  std::vector<relation_change> changes;
  std::vector<stream_id> streams;
  std::vector<relation_key> keys;
  for (const auto& row : names) {
    changes.push_back(relation_change::insert(relation_key{"k"}, streams.emplace_back(row.text)));
    changes.push_back(relation_change::insert(keys.emplace_back(row.text), stream("s")));
  }
  must(store->relate(changes));
  std::ranges::sort(streams);
  std::ranges::sort(keys);
  CHECK(must(store->related(relation_key{"k"})).streams == streams);
  CHECK(must(store->keys_of(stream("s"))) == keys);
  std::vector<relation_key> listed;
  for (const auto& summary : must(store->relations("", 1000))) listed.push_back(summary.key);
  keys.emplace_back("k");
  std::ranges::sort(keys);
  CHECK(listed == keys);
}

SKALD_CONTRACT("a list begins behind any name, and behind nothing that is none") {
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 1))));
  must(store->relate(std::vector{relation_change::insert(relation_key{"a"}, stream("a"))}));
  must(store->save_snapshots(std::vector{folded(*store, snapshot_key{"a", stream("a")})}));
  for (const auto& row : strange_names()) {
    CAPTURE(row.name);
    const std::size_t behind = row.text < "a" ? 1 : 0;
    CHECK(must(store->streams(row.text, 10)).size() == behind);
    CHECK(must(store->relations(row.text, 10)).size() == behind);
    CHECK(must(store->snapshots({row.text, stream_id{}}, 10)).size() == behind);
    CHECK(must(store->snapshots({"a", stream(row.text)}, 10)).size() == behind);
  }
  for (const auto& row : no_names()) {
    CAPTURE(row.name);
    if (row.text.empty()) continue; // the beginning
    CHECK(refused(store->streams(row.text, 10)));
    CHECK(refused(store->relations(row.text, 10)));
    CHECK(refused(store->snapshots({row.text, stream("a")}, 10)));
  }
}

SKALD_CONTRACT("event types of strange names come back byte for byte, and are looked for as they are") {
  fixture store{backend};
  std::uint64_t n = 0;
  for (const auto& row : strange_names()) must(store->append(request("a", any, {an_event(++n, row.text)})));
  if (backend.persistent) store.reopen();
  n = 0;
  for (const auto& row : strange_names()) {
    CAPTURE(row.name);
    const auto found = read_all(*store, all_query{}.types({row.text}));
    REQUIRE(found.size() == 1);
    CHECK(found.front().type == row.text);
    CHECK(found.front().id == id(++n));
    CHECK(read_all(*store, stream_query{stream("a")}.types({row.text})) == found);
    CHECK(must(store->status(foreign(5000, "a", at(0), row.text))).outdated);
  }
}

SKALD_CONTRACT("an event type that is no name is refused at every door") {
  fixture store{backend};
  auto rows = no_names();
  rows.push_back({"one byte more than a type has", std::string(limits::event_type_bytes + 1, 't')});
  for (const auto& row : rows) {
    CAPTURE(row.name);
    auto typed = an_event(2, row.text);
    typed.typed = true;
    CHECK(refused(store->append(request("a", any, {an_event(1), typed}))));
    CHECK(refused(store->append(request("a", any, {an_event(1), an_event(2, row.text)}))));
    CHECK(refused(store->hydrate(std::vector{foreign(1, "a", at(1)), foreign(2, "a", at(1), row.text)})));
    CHECK(refused(store->status(foreign(1, "a", at(1), row.text))));
    CHECK(refused(store->read(all_query{}.types({"a", row.text}))));
    CHECK(refused(store->read(stream_query{stream("a")}.types({row.text}))));
    CHECK(refused(store->read(streams_query{std::vector{stream("a")}}.types({row.text}))));
  }
  CHECK(read_all(*store).empty());
  CHECK(refused(store->status(record{})));
}

SKALD_CONTRACT("projections and handlers of strange names keep their progress apart") { // D.84
  fixture store{backend};
  must(store->append(request("a", any, some_events(1, 100))));
  std::uint64_t n = 0;
  for (const auto& row : strange_names()) {
    ++n;
    must(store->register_projection(row.text, position{n}));
    const checkpoint_update update{row.text, position{n}, {{position{n + 1}, row.text}}};
    must(store->save(std::span{&update, 1}));
  }
  if (backend.persistent) store.reopen();
  n = 0;
  for (const auto& row : strange_names()) {
    CAPTURE(row.name);
    ++n;
    const checkpoint expected{position{n}, position{n}, {{position{n + 1}, row.text}}};
    CHECK(must(store->register_projection(row.text, {})) == expected);
    CHECK(must(store->rewind(row.text, position{n - 1})).handled == position{n - 1});
    const checkpoint_update unknown{row.text + " unknown", position{1}, {}};
    CHECK(refused(store->save(std::span{&unknown, 1})));
  }
}

SKALD_CONTRACT("what is no name of a projection or of a handler is refused, and nothing of its neighbours saved") {
  fixture store{backend};
  must(store->register_projection("p", position{}));
  auto rows = no_names();
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(refused(store->register_projection(row.text, {})));
    CHECK(refused(store->rewind(row.text, position{})));
    const checkpoint_update of_projection[] = {{"p", position{1}, {}}, {row.text, position{1}, {}}};
    CHECK(refused(store->save(of_projection)));
    const checkpoint_update of_handler[] = {{"p", position{1}, {{position{2}, "h"}, {position{3}, row.text}}}};
    CHECK(refused(store->save(of_handler)));
  }
  CHECK(refused(store->register_projection(std::string(limits::projection_name_bytes + 1, 'p'), {})));
  CHECK(must(store->register_projection("p", {})) == checkpoint{});
  const checkpoint_update longest{"p", position{1}, {{position{2}, std::string(limits::handler_name_bytes, 'h')}}};
  must(store->save(std::span{&longest, 1}));
  CHECK(must(store->register_projection("p", {})).completions == longest.completions);
}

SKALD_CONTRACT("hostile JSON is refused in a sentence or comes back byte for byte") { // B.36
  fixture store{backend};
  const auto deep = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  struct row {
    const char* name;
    std::string text;
    bool fine;
  };
  const row rows[] = {
    {"an escaped NUL", R"("a\u0000b")", true},
    {"an escaped NUL in a name", R"({"\u0000":1,"a\u0000":2})", true},
    {"a NUL", "\"\0\""s, false},
    {"a NUL behind the value", "1\0"s, false},
    {"repeated members", R"({"a":1,"a":2,"":3,"":4})", true},
    {"as deep as can be", deep(limits::json_depth), true},
    {"deeper", deep(limits::json_depth + 1), false},
    {"a million levels", deep(1'000'000), false},
    {"a million levels that do not end", std::string(1'000'000, '['), false},
    {"a million objects",
     [] {
       std::string text;
       for (int i = 0; i < 1'000'000; ++i) text += "{\"a\":";
       return text;
     }(),
     false},
    {"a number of ten thousand digits", std::string(10'000, '9'), true},
    {"a fraction of ten thousand digits", "0." + std::string(10'000, '1'), true},
    {"a large exponent", "1e400", true},
    {"the largest exponents", "[1e2147483646,-1E-2147483646,0e+1]", true},
    {"an exponent beyond all", "1e99999999999999999999", false},
    {"an exponent below all", "1e-99999999999999999999", false},
    {"no number", "NaN", false},
    {"infinity", "-Infinity", false},
    {"zeros in front", "007", false},
    {"hexadecimal", "0x10", false},
    {"a plus", "+1", false},
    {"a comment", "/**/1", false},
    {"a comma too many", "[1,]", false},
    {"single quotes", "'a'", false},
    {"a mark of byte order", "\xef\xbb\xbf{}", false},
    {"no UTF-8", "\"\xff\"", false},
    {"overlong", "\"\xc0\xaf\"", false},
    {"a surrogate in UTF-8", "\"\xed\xa0\x80\"", false},
    {"half a pair", R"("\ud800")", false},
    {"a whole pair", R"("\ud83d\ude00")", true},
    {"a string that does not end", "\"" + std::string(1'000'000, 'a'), false},
    {"a line in a string", "\"a\nb\"", false},
    {"only spaces", "   ", false},
    {"spaces around", " \t\r\n1 \n", true},
    {"turns of direction", "\"\u202e\u2066\"", true},
    {"statements", R"({"'; DROP TABLE skald_events; --":"$1 ?1 %s"})", true},
  };
  std::uint64_t n = 0;
  for (const auto& row : rows) {
    CAPTURE(row.name);
    ++n;
    auto as_meta = an_event(1000 + n);
    as_meta.meta = row.text;
    const auto append = [&](new_event event) { return store->append(request("a", any, {std::move(event)})); };
    if (!row.fine) {
      CHECK(refused(append({"thing:happened", row.text, id(n)}), errc::invalid_event));
      CHECK(refused(append(as_meta), errc::invalid_event));
      auto foreign_one = foreign(2000 + n, "a", at(1));
      foreign_one.data = row.text;
      CHECK(refused(store->hydrate(std::span{&foreign_one, 1}), errc::invalid_event));
      CHECK_FALSE(must(store->find(id(n))));
      continue;
    }
    must(append({"thing:happened", row.text, id(n)}));
    must(append(as_meta));
    CHECK(must(store->find(id(n)))->data == row.text);
    CHECK(must(store->find(id(1000 + n)))->meta == row.text);
  }
}

SKALD_CONTRACT("however hostile an event that does not fit, the refusal is one line that is not long") { // B.34
  fixture store{backend, note_catalog()};
  std::string many = "{";
  for (int i = 0; i < 5'000; ++i) many += "\"\\u202eno\\nname " + std::to_string(i) + "\":0,";
  many.back() = '}';
  std::string wrong = R"({"members":[)";
  for (int i = 0; i < 5'000; ++i) wrong += R"({"text":1},)";
  wrong.back() = ']';
  wrong += '}';
  struct row {
    const char* name;
    std::string data;
  };
  const std::string long_name(10'000'000, 'x');
  const row rows[] = {
    {"a member with a name of 10 MB", R"({"members":[],")" + long_name + "\":1}"},
    {"a member with a name of 10 MB of quotes", R"({"members":[],"\")" + std::string(10'000'000, '\'') + "\":1}"},
    {"a string of 10 MB for an array", R"({"members":")" + long_name + "\"}"},
    {"thousands of unknown members", many},
    {"thousands of wrong elements", wrong},
    {"a member with lines in its name", R"({"members":[],"a\nb\u2028\u202e\u0000":1})"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(refused(store->append(request("a", any, {{"note", row.data}})), errc::invalid_event));
  }
  for (const auto& row : strange_names()) {
    CAPTURE(row.name);
    CHECK(refused(store->append(request(row.text, any, {{row.text, "{}"}})), errc::event_missing));
  }
  CHECK(read_all(*store).empty());
}

// -- limits ----------------------------------------------------------------------------------------------------------

SKALD_CONTRACT("a request holds as many streams and changes as the limits say, and not one more") {
  fixture store{backend};
  const auto of_streams = [](std::size_t count) {
    append_request r;
    for (std::size_t i = 0; i < count; ++i) r.streams.emplace_back(stream("s" + std::to_string(i)), no_stream);
    return r;
  };
  CHECK(refused(store->append(of_streams(limits::request_streams + 1))));
  CHECK(must(store->append(of_streams(limits::request_streams))).revisions.size() == limits::request_streams);

  std::vector<relation_change> changes(limits::relation_changes + 1, relation_change::remove_key(relation_key{"k"}));
  append_request related;
  related.relations = changes;
  CHECK(refused(store->relate(changes)));
  CHECK(refused(store->append(related)));
  CHECK(read_all(*store).empty());
  changes.pop_back();
  must(store->relate(changes));
}

// The largest that there can be takes databases seconds. The door is the same for all, and is shown of memory.

TEST_CASE("a request or a call holds as many events as the limit says, and not one more") {
  fixture store{kind_of<memory>};
  auto events = some_events(1, limits::request_events + 1);
  CHECK(refused(store->append(request("a", any, events))));
  CHECK(refused(store->append(append_request{{{stream("a"), any, {events.begin(), events.begin() + 9}},
                                              {stream("b"), any, {events.begin() + 9, events.end()}}}})));
  std::vector<record> records;
  for (std::uint64_t i = 0; i <= limits::request_events; ++i) records.push_back(foreign(1 + i, "a", at(1)));
  CHECK(refused(store->hydrate(records)));
  CHECK(read_all(*store).empty());
  events.pop_back();
  must(store->append(request("a", any, std::move(events))));
  records.pop_back();
  CHECK(must(store->hydrate(records)).known == limits::request_events);
}

TEST_CASE("a request or a call holds as many bytes as the limit says, and not one more") {
  fixture store{kind_of<memory>};
  const auto of_bytes = [](std::size_t bytes) {
    std::vector<new_event> made;
    for (std::size_t size = 0; bytes != 0; bytes -= size) {
      size = std::min(bytes, limits::event_bytes);
      made.emplace_back("thing:happened", std::string(size, '1'), id(made.size() + 1));
      made.back().typed = true; // so that appends do not look into the data
    }
    return made;
  };
  const auto hydrate = [&](const std::vector<new_event>& events) {
    std::vector<record> records;
    for (const auto& event : events) {
      records.push_back(foreign(100 + records.size(), "b", at(1)));
      records.back().data = event.data;
    }
    return store->hydrate(records);
  };
  auto events = of_bytes(limits::request_bytes + 1);
  CHECK(refused(store->append(request("a", any, events))));
  CHECK(refused(hydrate(events)));
  CHECK(read_all(*store).empty());
  events.pop_back();
  CHECK(must(hydrate(events)).written == events.size());
  must(store->append(request("a", any, std::move(events))));
}

TEST_CASE("a snapshot holds as many bytes as the limit says") {
  fixture store{kind_of<memory>};
  must(store->append(request("a", any, some_events(1, 1))));
  auto s = folded(*store, snapshot_key{"r", stream("a")});
  s.state.assign(limits::snapshot_bytes, '1');
  must(store->save_snapshots(std::span{&s, 1}));
  CHECK((must(store->load_snapshot(s.key))->snapshot.state == s.state));
}

SKALD_CONTRACT("names are as long as the limits say, and not one byte more") {
  const auto faces = [](std::size_t bytes) { // which are not cut in the middle
    std::string name(bytes % 4, 'x');
    while (name.size() < bytes) name += "\U0001f600";
    return name;
  };
  const auto name = faces(limits::name_bytes);
  const auto type = faces(limits::event_type_bytes);
  CHECK_FALSE(stream_id::parse(faces(limits::name_bytes + 1)));
  CHECK_FALSE(relation_key::parse(faces(limits::name_bytes + 1)));
  CHECK_FALSE(batch_key::parse(faces(limits::name_bytes + 1)));
  fixture store{backend};
  auto longest = request(name, no_stream, {an_event(1, type)});
  longest.batch = batch_key{name};
  longest.relations = {relation_change::insert(relation_key{name}, stream(name))};
  must(store->append(longest));
  CHECK(refused(store->append(request(name, any, {an_event(2, faces(limits::event_type_bytes + 1))}))));
  must(store->register_projection(faces(limits::projection_name_bytes), {}));
  CHECK(refused(store->register_projection(faces(limits::projection_name_bytes + 1), {})));
  must(store->save_snapshots(std::vector{folded(*store, snapshot_key{name, relation_key{name}})}));
  if (backend.persistent) store.reopen();
  const auto found = read_all(*store, streams_query{std::vector{relation_key{name}}}.types({type}));
  REQUIRE(found.size() == 1);
  CHECK(found.front().stream.str() == name);
  CHECK(found.front().type == type);
  CHECK(found.front().batch.str() == name);
  CHECK(must(store->keys_of(stream(name))) == std::vector{relation_key{name}});
  CHECK(must(store->load_snapshot(snapshot_key{name, relation_key{name}}))->holds);
  CHECK(must(store->streams("", 1)).front().stream.str() == name);
}

SKALD_CONTRACT("JSON is as deep as the limit says, and not one level more") {
  const auto deep = [](std::size_t levels) {
    return std::string(levels - 1, '[') + "{}" + std::string(levels - 1, ']');
  };
  fixture store{backend};
  auto deepest = an_event(1);
  deepest.data = deepest.meta = deep(limits::json_depth);
  must(store->append(request("a", any, {deepest})));
  auto copy = foreign(2, "a", at(1));
  copy.data = copy.meta = deepest.data;
  must(store->hydrate(std::vector{copy}));
  CHECK(must(store->find(id(1)))->meta == deepest.meta);
  CHECK(must(store->find(id(2)))->data == deepest.data);
  auto s = folded(*store, snapshot_key{"r", stream("a")});
  s.state = deepest.data;
  must(store->save_snapshots(std::vector{s}));

  const auto too_deep = deep(limits::json_depth + 1);
  for (auto member : {&new_event::data, &new_event::meta}) {
    auto made = an_event(3);
    made.*member = too_deep;
    CHECK(refused(store->append(request("a", any, {made})), errc::invalid_event));
  }
  for (auto member : {&record::data, &record::meta}) {
    copy = foreign(3, "a", at(1));
    copy.*member = too_deep;
    CHECK(refused(store->hydrate(std::vector{copy}), errc::invalid_event));
  }
  s.state = too_deep;
  CHECK(refused(store->save_snapshots(std::vector{s})));
  CHECK(must(store->load_snapshot(s.key))->snapshot.state == deepest.data);
  CHECK(read_all(*store).size() == 2);
}

SKALD_CONTRACT("a schema version may be any number of 32 bits") {
  fixture store{backend};
  const std::uint32_t versions[] = {0, 1, 0x7fff'ffff, 0x8000'0000, UINT32_MAX};
  for (std::uint64_t n = 0; n < std::size(versions); ++n) {
    auto made = an_event(n + 1);
    made.schema_version = versions[n];
    must(store->append(request("a", any, {made})));
  }
  auto other = foreign(90, "a", at(1));
  other.schema_version = UINT32_MAX;
  must(store->hydrate(std::vector{other}));
  for (std::uint64_t n = 0; n < std::size(versions); ++n)
    CHECK(must(store->find(id(n + 1)))->schema_version == versions[n]);
  CHECK(read_stream(*store, "a").front().schema_version == UINT32_MAX);
}

SKALD_CONTRACT("revisions at the edges of what numbers hold are only revisions that are not there") { // A.23
  fixture store{backend};
  must(store->append(request("a", no_stream, some_events(1, 2))));
  for (const std::uint64_t number : {std::uint64_t{1} << 31, std::uint64_t{1} << 32, std::uint64_t{1} << 63,
                                     (std::uint64_t{1} << 63) - 1, (std::uint64_t{1} << 63) + 2, UINT64_MAX}) {
    CAPTURE(number);
    const auto answer = store->append(request("a", exactly(number), some_events(50, 1)));
    REQUIRE(refused(answer, errc::wrong_expected_revision));
    CHECK(answer.error().conflict.actual == 2);
    auto check_only = request("a", exactly(number), {});
    check_only.streams.emplace_back(stream("b"), any, some_events(60, 1));
    CHECK(refused(store->append(check_only), errc::wrong_expected_revision));
  }
  CHECK(must(store->append(request("a", exactly(0), some_events(1, 2)))).last == position{2}); // as it was then
  CHECK(read_all(*store).size() == 2);
}

SKALD_CONTRACT("an event or a call that is empty is refused or does nothing") {
  fixture store{backend};
  CHECK(store->append(std::span<const append_request>{}).empty());
  CHECK(must(store->hydrate({})) == hydrate_report{});
  must(store->relate({}));
  must(store->save_snapshots({}));
  must(store->save(std::span<const checkpoint_update>{}));
  CHECK(must(store->append(append_request{})) == receipt{});
  CHECK(must(store->append(request("a", no_stream, {}))) == receipt{{revision{}}, {}, {}});
  CHECK(must(store->append(request("a", any, {}))) == receipt{{revision{}}, {}, {}});
  CHECK(refused(store->append(request("a", stream_exists, {})), errc::wrong_expected_revision));
  CHECK(refused(store->append(request("a", any, {{"thing:happened", ""}})), errc::invalid_event));
  CHECK(refused(store->append(request("a", any, {{"thing:happened", "  "}})), errc::invalid_event));
  CHECK(refused(store->append(request("a", any, {new_event{}}))));
  CHECK(must(store->streams("", 10)).empty()); // a check makes no stream
  CHECK(must(store->head()) == position{});

  must(store->append(request("a", any, some_events(1, 1))));
  must(store->relate(std::vector{relation_change::insert(relation_key{"k"}, stream("a"))}));
  CHECK(must(store->read(streams_query{std::vector<stream_id>{}})).records.empty());
  CHECK(must(store->read(streams_query{std::vector<relation_key>{}}.backward())).records.empty());
  CHECK(must(store->read(streams_query{std::vector{relation_key{"k"}}}.types({}))).records.empty());
}

SKALD_CONTRACT("a query names as many streams and types as the limits say, and not one more") {
  fixture store{backend};
  must(store->append(request("s7", any, {an_event(1, "type 7")})));
  std::vector<stream_id> streams;
  std::vector<relation_key> keys;
  std::vector<std::string> types;
  for (std::size_t i = 0; i < limits::query_names; ++i) streams.emplace_back("s" + std::to_string(i));
  for (std::size_t i = 0; i < limits::query_names; ++i) keys.emplace_back("s" + std::to_string(i));
  for (std::size_t i = 0; i < limits::query_types; ++i) types.push_back("type " + std::to_string(i));
  CHECK(read_all(*store, streams_query{streams}.types(types)).size() == 1);
  CHECK(read_all(*store, all_query{}.types(types)).size() == 1);
  CHECK(read_all(*store, stream_query{stream("s7")}.types(types)).size() == 1);
  CHECK(read_all(*store, streams_query{keys}).empty());
  streams.emplace_back("one more");
  keys.emplace_back("one more");
  types.emplace_back("one more");
  CHECK(refused(store->read(streams_query{streams})));
  CHECK(refused(store->read(streams_query{keys})));
  CHECK(refused(store->read(all_query{}.types(types))));
  CHECK(refused(store->read(stream_query{stream("s7")}.types(types))));
}

SKALD_CONTRACT("times at the end of time are kept, and what lies beyond is refused") {
  const auto place = backend.make_place();
  store_options options;
  options.max_drift = timestamp::max().time().time_since_epoch();
  const auto store = place->open(options);
  const auto append = [&](const char* to, std::uint64_t n, timestamp created) {
    return store->append(request(to, any, {an_event(n, "thing:happened", created)}));
  };
  must(append("a", 1, timestamp::max()));
  CHECK(must(store->find(id(1)))->created == timestamp::max());
  CHECK(refused(append("a", 2, at(1)))); // nothing can come after it
  CHECK(refused(append("b", 3, timestamp::max().next())));
  CHECK(refused(append("b", 4, timestamp{UINT64_MAX})));
  CHECK(refused(store->hydrate(std::vector{foreign(5, "b", timestamp{UINT64_MAX})})));
  must(append("b", 6, timestamp{1}));
  CHECK(must(store->find(id(6)))->created == timestamp{1});
  CHECK(read_all(*store).size() == 2);
}
