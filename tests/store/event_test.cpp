#include <skald/store/event.hpp>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <string>
#include <type_traits>

using namespace skald;
using namespace std::literals;

namespace event_test {

struct person {
  std::string given;
  std::string family;
};
BOOST_DESCRIBE_STRUCT(person, (), (given, family))

struct created {
  person name;
  std::int64_t amount_cents = 0;
};
BOOST_DESCRIBE_STRUCT(created, (), (name, amount_cents))

struct paid {
  std::int64_t payment_cents = 0;
};
BOOST_DESCRIBE_STRUCT(paid, (), (payment_cents))

struct closed {};
BOOST_DESCRIBE_STRUCT(closed, (), ())

struct audit {
  std::string officer;
};
BOOST_DESCRIBE_STRUCT(audit, (), (officer))

struct other {};
BOOST_DESCRIBE_STRUCT(other, (), ())

using created_event = event<"fine:created", created>;
using paid_event = event<"fine:paid", paid, audit, 3>;
using closed_event = event<"fine:closed", closed>;
using fine_events = events<created_event, paid_event, closed_event>;

static_assert(created_event::name == "fine:created" && created_event::schema_version == 1);
static_assert(std::is_same_v<created_event::data_type, created> && std::is_void_v<created_event::meta_type>);
static_assert(std::is_same_v<paid_event::meta_type, audit> && paid_event::schema_version == 3);
static_assert(std::is_same_v<event_of<fine_events, paid>, paid_event>);
static_assert(event_data_in<paid, fine_events> && event_data_in<closed, fine_events>);
static_assert(!event_data_in<other, fine_events> && !event_data_in<paid, events<>>);
static_assert(detail::names_differ<created_event, paid_event>() && detail::names_differ<>());
static_assert(!detail::names_differ<created_event, closed_event, event<"fine:created", paid>>());
static_assert(!detail::data_types_differ<created_event, event<"fine:made", created>>());

constexpr std::size_t letters() {
  std::size_t count = 0;
  for_each_event<fine_events>([&count]<class Event>() { count += Event::name.size(); });
  return count;
}
static_assert(letters() == 12 + 9 + 11);

template <class Events>
catalog catalog_of() {
  catalog c;
  REQUIRE(c.add<Events>());
  return c;
}

new_event paid_with(std::string data, std::string meta) {
  new_event e{"fine:paid", std::move(data)};
  e.schema_version = 3;
  e.meta = std::move(meta);
  return e;
}

error checked(const new_event& e) {
  const auto ok = catalog_of<fine_events>().check(e);
  return ok ? error{} : ok.error();
}

record stored(const new_event& e) {
  record r;
  r.stream = stream_id{"fine-1"};
  r.revision = revision{7};
  r.type = e.type;
  r.schema_version = e.schema_version;
  r.data = e.data;
  r.meta = e.meta;
  return r;
}

} // namespace event_test

using namespace event_test;

TEST_CASE("an encoded event carries its type, its version and its text") {
  const auto e = encode<created_event>({{"Ann", "Example"}, 2500});
  REQUIRE(e);
  CHECK(e->type == "fine:created");
  CHECK(e->schema_version == 1);
  CHECK(e->data == R"({"name":{"given":"Ann","family":"Example"},"amount_cents":2500})");
  CHECK(e->meta.empty());
  CHECK(e->typed);
  CHECK(e->id.nil());
  CHECK(!e->created.given());

  const auto with_meta = encode<paid_event>({100}, audit{"Bea"});
  REQUIRE(with_meta);
  CHECK(with_meta->schema_version == 3);
  CHECK(with_meta->data == R"({"payment_cents":100})");
  CHECK(with_meta->meta == R"({"officer":"Bea"})");
}

TEST_CASE("an event that has no form in JSON is not encoded") {
  const auto e = encode<created_event>({{"\xff", "\xfe"}, 1});
  REQUIRE(!e);
  CHECK(e.error() == error{errc::invalid_event, "data of 'fine:created': name.given: not UTF-8 at byte 0; "
                                                "name.family: not UTF-8 at byte 0"});
  const auto m = encode<paid_event>({1}, audit{"\xff"});
  REQUIRE(!m);
  CHECK(m.error().message == "metadata of 'fine:paid': officer: not UTF-8 at byte 0");
}

TEST_CASE("an event larger than the store takes is not encoded") {
  const auto e = encode<created_event>({{std::string(limits::event_bytes, 'x'), ""}, 1});
  REQUIRE(!e);
  CHECK(e.error().code == errc::invalid_argument);
  CHECK(e.error().message.find("at most 16777216 are stored") != std::string::npos);
}

TEST_CASE("what was encoded is decoded") {
  const auto r = stored(*encode<paid_event>({100}, audit{"Bea"}));
  CHECK(decode<paid_event>(r)->payment_cents == 100);
  CHECK(decode_meta<paid_event>(r)->officer == "Bea");
  CHECK(decode<closed_event>(stored(*encode<closed_event>({}))));
}

TEST_CASE("what cannot be decoded says which record and which paths") {
  auto r = stored(*encode<created_event>({{"Ann", "Example"}, 1}));
  const auto why = [&r] {
    const auto data = decode<created_event>(r);
    REQUIRE(!data);
    CHECK(data.error().code == errc::invalid_event);
    return data.error().message;
  };
  SUBCASE("the data") {
    r.data = R"({"name":{"given":"Ann"},"amount_cents":"1"})";
    CHECK(why() == "data of 'fine:created' in stream 'fine-1' at revision 7: name.family: missing; "
                   "amount_cents: expected an integer, found a string");
  }
  SUBCASE("text that is no JSON") {
    r.data = "{";
    CHECK(why().find("data of 'fine:created' in stream 'fine-1' at revision 7: this is no JSON") == 0);
  }
  SUBCASE("another type") {
    r.type = "fine:paid";
    CHECK(why() == "event of 'fine:paid' in stream 'fine-1' at revision 7: it is no 'fine:created': ask for its own "
                   "type");
  }
  SUBCASE("another version") {
    r.schema_version = 2;
    CHECK(why() == "event of 'fine:created' in stream 'fine-1' at revision 7: it has schema version 2, this program "
                   "knows 1: add an upcaster between them");
  }
  SUBCASE("no metadata") {
    auto p = stored(*encode<paid_event>({100}, audit{"Bea"}));
    p.meta.clear();
    const auto meta = decode_meta<paid_event>(p);
    REQUIRE(!meta);
    CHECK(meta.error() == error{errc::invalid_event, "metadata of 'fine:paid' in stream 'fine-1' at revision 7: "
                                                     "missing"});
    CHECK(decode<paid_event>(p));
  }
}

TEST_CASE("a catalog knows what was added, sorted") {
  const auto c = catalog_of<fine_events>();
  CHECK(c.types() == std::vector<std::string>{"fine:closed", "fine:created", "fine:paid"});
  CHECK(c.knows("fine:paid"));
  CHECK(!c.knows("fine:pai"));
  CHECK(!catalog{}.knows("fine:paid"));
}

TEST_CASE("event types may be added again, but not with another struct or version") {
  auto c = catalog_of<fine_events>();
  CHECK(c.add<fine_events>());
  CHECK(c.add<events<event<"other:made", other>, closed_event>>());
  CHECK(c.types().size() == 4);

  const auto other_data = c.add<events<event<"new", audit>, event<"fine:closed", other>>>();
  REQUIRE(!other_data);
  CHECK(other_data.error() == error{errc::invalid_argument, "event type 'fine:closed' is already in the catalog with "
                                                            "another struct: give one of them another name"});
  CHECK(!c.knows("new")); // all or none
  CHECK(!c.add<events<event<"fine:closed", closed, audit>>>());
  const auto other_version = c.add<events<event<"fine:closed", closed, void, 2>>>();
  REQUIRE(!other_version);
  CHECK(other_version.error().message.find("with schema version 1") != std::string::npos);
}

TEST_CASE("a catalog accepts what fits") {
  CHECK(checked(*encode<created_event>({{"Ann", "Example"}, 1})) == error{});
  CHECK(checked({"fine:created", R"( {"amount_cents":1, "name":{"family":"E","given":"A"}})"}) == error{});
  CHECK(checked({"fine:closed", "{}"}) == error{});
  CHECK(checked(paid_with(R"({"payment_cents":1})", R"({"officer":"Bea"})")) == error{});
}

TEST_CASE("an event type that is not registered is missing, and the message helps") {
  const auto near = checked({"fine:payed", "{}"});
  CHECK(near == error{errc::event_missing, "event type 'fine:payed' is not in the catalog: add an skald::events list "
                                           "that has it; did you mean 'fine:paid'?"});
  const auto far = checked({"book:lent", "{}"});
  CHECK(far.code == errc::event_missing);
  CHECK(far.message.ends_with("; it holds 'fine:closed', 'fine:created', 'fine:paid'"));
  const auto empty = catalog{}.check({"fine:paid", "{}"});
  REQUIRE(!empty);
  CHECK(empty.error().message.ends_with("; it is empty"));
  CHECK(checked({std::string(1000, 'x') + "\n", "{}"}).message.find('\n') == std::string::npos);
}

TEST_CASE("an event that does not fit is invalid, with all paths of data and metadata") {
  const struct {
    const char* what;
    new_event e;
    const char* message;
  } rows[] = {
    {"null for a struct", {"fine:created", "null"}, "data of 'fine:created': expected an object, found null"},
    {"a path in a struct",
     {"fine:created", R"({"name":{"given":"Ann"},"amount_cents":1})"},
     "data of 'fine:created': name.family: missing"},
    {"all problems",
     {"fine:created", R"({"name":{"given":1,"x":2}})"},
     "data of 'fine:created': name.given: expected a string, found a number; name.family: missing; name.x: unknown; "
     "amount_cents: missing"},
    {"null for an empty struct", {"fine:closed", "null"}, "data of 'fine:closed': expected an object, found null"},
    {"metadata that the type has not",
     [] {
       new_event e{"fine:closed", "{}"};
       e.meta = "{}";
       return e;
     }(),
     "metadata of 'fine:closed': the event type has none"},
    {"no metadata", paid_with(R"({"payment_cents":1})", ""), "metadata of 'fine:paid': missing"},
    {"null for metadata", paid_with(R"({"payment_cents":1})", "null"),
     "metadata of 'fine:paid': expected an object, found null"},
    {"wrong data and wrong metadata", paid_with("{}", "{}"),
     "data of 'fine:paid': payment_cents: missing; metadata of 'fine:paid': officer: missing"},
    {"another version",
     {"fine:paid", R"({"payment_cents":1})"},
     "event 'fine:paid' has schema version 1, this program knows 3"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(checked(row.e).code == errc::invalid_event);
    CHECK(checked(row.e).message == row.message);
  }
}

TEST_CASE("a catalog tells the event type of a struct") {
  auto c = catalog_of<fine_events>();
  CHECK(c.type_of<paid>().value() == "fine:paid");
  const auto none = c.type_of<other>();
  REQUIRE(!none);
  CHECK(none.error().code == errc::event_missing);
  CHECK(none.error().message.find("event_test::other") != std::string::npos);
  REQUIRE(c.add<events<event<"fine:settled", paid>>>());
  const auto two = c.type_of<paid>();
  REQUIRE(!two);
  CHECK(two.error() == error{errc::invalid_argument, "the struct event_test::paid is the data of 'fine:paid' and of "
                                                     "'fine:settled': say which event is meant"});
}
