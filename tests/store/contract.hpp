#pragma once

#include <skald/store/event_store.hpp>
#include <skald/store/memory_store.hpp>
#include <skald/store/postgres_store.hpp>
#include <skald/store/sqlite_store.hpp>
#include <skald/store/transaction.hpp>

#include <doctest/doctest.h>
#include <tests/store/postgres_server.hpp>
#include <tests/store/printing.hpp>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tests may be built without PostgreSQL.
#ifdef SKALD_WITH_POSTGRES
#define SKALD_IF_POSTGRES(...) __VA_ARGS__
#else
#define SKALD_IF_POSTGRES(...)
#endif

/// One behaviour that every backend shows. `backend` is the `backend_kind` under test; a failure prints its name behind
/// the test's.
#define SKALD_CONTRACT(name) SKALD_CONTRACT_ON(SKALD_EVERY_BACKEND, name, DOCTEST_ANONYMOUS(skald_contract_))

/// The same for what only a backend shows that keeps its events when a process ends. `Backend` is its type: some
/// of these tests need more of it than a `store_place` has.
#define SKALD_PERSISTENT(name)                                                                                         \
  TEST_CASE_TEMPLATE(name, Backend, skald::test::sqlite SKALD_IF_POSTGRES(, skald::test::postgres))

/// A test for each of `backends`. They share one body, which is compiled once.
#define SKALD_CONTRACT_ON(backends, name, body)                                                                        \
  static void body(const skald::test::backend_kind& backend);                                                          \
  backends(name, body) static void body(const skald::test::backend_kind& backend)

#define SKALD_EVERY_BACKEND(name, body)                                                                                \
  SKALD_ONE_BACKEND(skald::test::memory, name, body)                                                                   \
  SKALD_ONE_BACKEND(skald::test::sqlite, name, body)                                                                   \
  SKALD_IF_POSTGRES(SKALD_ONE_BACKEND(skald::test::postgres, name, body))

#define SKALD_ONE_BACKEND(type, name, body)                                                                            \
  TEST_CASE(name "<" #type ">") { body(skald::test::kind_of<type>); }

/// How a failed check shows what stores answer.
namespace doctest {

template <>
struct StringMaker<skald::outcome> {
  static String convert(skald::outcome fate) { return std::string{to_string(fate)}.c_str(); }
};

template <>
struct StringMaker<skald::record> {
  static String convert(const skald::record& r) {
    return "{" + toString(r.position) + ", " + toString(r.stream) + " at " + toString(r.revision) + ", id " +
           toString(r.id) + ", " + r.type.c_str() + " v" + toString(r.schema_version) + ", data " +
           r.data.substr(0, 80).c_str() + ", meta '" + r.meta.substr(0, 80).c_str() + "', created " +
           toString(r.created) + ", recorded " + toString(r.recorded) + (r.hydrated ? ", hydrated" : "") +
           (r.outdated ? ", outdated" : "") + (r.silent ? ", silent" : "") +
           (r.batch.empty() ? "" : ", batch " + r.batch.str()).c_str() + "}";
  }
};

template <class T>
struct StringMaker<std::vector<T>> {
  static String convert(const std::vector<T>& all) {
    auto text = toString(static_cast<unsigned long>(all.size())) + " of them:";
    for (const auto& one : all) text += "\n    " + toString(one);
    return text;
  }
};

template <>
struct StringMaker<skald::receipt> {
  static String convert(const skald::receipt& r) {
    return toString(r.first) + " to " + toString(r.last) + ", now at " + toString(r.revisions);
  }
};

template <>
struct StringMaker<skald::conflict> {
  static String convert(const skald::conflict& c) {
    return ("'" + c.stream + "' expected " + c.expected + ", is at " + std::to_string(c.actual)).c_str();
  }
};

template <>
struct StringMaker<skald::hydrate_report> {
  static String convert(const skald::hydrate_report& r) {
    return (std::to_string(r.written) + " written, " + std::to_string(r.known) + " known, " +
            std::to_string(r.different.size()) + " of them different")
             .c_str() +
           (", last at " + toString(r.last));
  }
};

template <>
struct StringMaker<skald::record_status> {
  static String convert(const skald::record_status& s) {
    return toString("exists: ") + toString(s.exists) + ", outdated: " + toString(s.outdated);
  }
};

template <>
struct StringMaker<skald::relation> {
  static String convert(const skald::relation& r) {
    return toString(r.revision) + " with streams: " + toString(r.streams);
  }
};

template <>
struct StringMaker<skald::completion> {
  static String convert(const skald::completion& done) {
    return toString(done.position) + " by " + done.handler.c_str();
  }
};

template <>
struct StringMaker<skald::checkpoint> {
  static String convert(const skald::checkpoint& c) {
    return "handled to " + toString(c.handled) + ", fresh from " + toString(c.fresh_from) +
           ", completed: " + toString(c.completions);
  }
};

} // namespace doctest

namespace skald::test {

/// A wall clock that moves only when it is told to. Copies show the same time.
class manual_clock {
public:
  void set(timestamp::milliseconds time) { *time_ = time.time_since_epoch().count(); }
  void advance(std::chrono::milliseconds by) { *time_ += by.count(); }
  [[nodiscard]] timestamp::milliseconds time() const {
    return timestamp::milliseconds{std::chrono::milliseconds{*time_}};
  }
  timestamp::milliseconds operator()() const { return time(); }

private:
  static constexpr std::int64_t start = 1'750'000'000'000; // in June 2025
  std::shared_ptr<std::atomic<std::int64_t>> time_ = std::make_shared<std::atomic<std::int64_t>>(start);
};

/// A folder of its own, which is gone at the end.
class temporary_folder {
public:
  temporary_folder() {
    auto name = (std::filesystem::temp_directory_path() / "skald-test-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::filesystem::filesystem_error{"mkdtemp", name, {}};
    path_ = name;
  }
  ~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

private:
  std::filesystem::path path_;
};

/// What was answered; a test that got an error instead ends here and says which.
template <class T>
T must(result<T> answer) {
  if (answer) {
    if constexpr (std::is_void_v<T>)
      return;
    else
      return std::move(*answer);
  }
  FAIL(to_string(answer.error().code), ": ", answer.error().message);
  throw failure{answer.error()};
}

/// The code of the error, `errc::none` where there is none.
template <class T>
errc code_of(const result<T>& answer) {
  return answer ? errc::none : answer.error().code;
}

/// Where stores of one backend are opened. What it keeps, it keeps until it is destroyed.
struct store_place {
  static constexpr bool alone = true;
  virtual ~store_place() = default;
  virtual std::unique_ptr<event_store> open(store_options options) = 0;
};

// The backends.

struct memory : store_place {
  static constexpr bool persistent = false;
  std::unique_ptr<event_store> open(store_options options) override { return open_memory_store(std::move(options)); }
};

struct sqlite : store_place {
  static constexpr bool persistent = true;
  std::unique_ptr<event_store> open(store_options options) override {
    return must(open_sqlite_store(folder.path() / "events.db", std::move(options)));
  }
  [[nodiscard]] std::string url() const { return "sqlite:" + (folder.path() / "events.db").string(); }
  temporary_folder folder;
};

struct postgres : store_place {
  static constexpr bool persistent = true;
  std::unique_ptr<event_store> open(store_options options) override {
    return must(open_postgres_store(url(), std::move(options)));
  }
  [[nodiscard]] std::string url() const { return schema.url(); }
  postgres_schema schema;
};

/// A backend, as a test takes it that runs on each of them.
struct backend_kind {
  bool persistent; // it keeps its events when a process ends
  bool alone; // no other process writes to it
  std::unique_ptr<store_place> (*make_place)();
};

/// The backend whose places are of this type.
template <class Backend>
inline constexpr backend_kind kind_of{Backend::persistent, Backend::alone,
                                      []() -> std::unique_ptr<store_place> { return std::make_unique<Backend>(); }};

/// A fresh store of one backend, with a clock that is moved by hand.
class fixture {
public:
  explicit fixture(const backend_kind& backend, std::shared_ptr<const catalog> types = {})
    : types_{std::move(types)}, place_{backend.make_place()} {
    reopen();
  }

  /// Closes the store and opens it again, which makes a new one where the backend is not persistent.
  void reopen() {
    store_.reset();
    store_ = place_->open({types_, clock});
  }

  event_store& operator*() { return *store_; }
  event_store* operator->() { return store_.get(); }

  manual_clock clock;

private:
  std::shared_ptr<const catalog> types_;
  std::unique_ptr<store_place> place_;
  std::unique_ptr<event_store> store_;
};

inline constexpr auto any = expected_revision::any();
inline constexpr auto no_stream = expected_revision::no_stream();
inline constexpr auto stream_exists = expected_revision::stream_exists();
inline constexpr auto exactly(std::uint64_t number) { return expected_revision::exactly(revision{number}); }

inline stream_id stream(std::string name) { return stream_id{std::move(name)}; }

/// The same id for the same number; ids are ordered as the numbers are.
inline event_id id(std::uint64_t number) {
  event_id::bytes_type bytes{};
  bytes[6] = 0x80; // a version 8 UUID
  bytes[8] = 0x80;
  for (std::size_t i = 0; i < 7; ++i) bytes[15 - i] = static_cast<std::uint8_t>(number >> 8 * i);
  return event_id{bytes};
}

inline std::string number_json(std::uint64_t n) { return "{\"n\":" + std::to_string(n) + '}'; }

/// An event whose id and data follow from a number.
inline new_event an_event(std::uint64_t number, std::string type = "thing:happened", timestamp created = {}) {
  return {std::move(type), number_json(number), id(number), created};
}

/// Events numbered from `first` on.
inline std::vector<new_event> some_events(std::uint64_t first, std::size_t count) {
  std::vector<new_event> made;
  for (std::size_t i = 0; i < count; ++i) made.push_back(an_event(first + i));
  return made;
}

inline append_request request(std::string stream, expected_revision expected, std::vector<new_event> events) {
  return {stream_id{std::move(stream)}, expected, std::move(events)};
}

/// A record as another store would hand it over.
inline record foreign(std::uint64_t number, std::string stream, timestamp created,
                      std::string type = "thing:happened") {
  record r;
  r.id = id(number);
  r.stream = stream_id{std::move(stream)};
  r.revision = revision{7};
  r.position = position{77};
  r.type = std::move(type);
  r.data = number_json(number);
  r.created = created;
  r.recorded = created;
  return r;
}

/// The time `ms` milliseconds after a day in 2025, before which the clocks of the tests do not go.
inline timestamp at(std::int64_t ms, std::uint16_t counter = 0) {
  return {timestamp::milliseconds{std::chrono::milliseconds{1'740'000'000'000 + ms}}, counter};
}

/// Everything a query reads, over all pages.
template <class Query>
std::vector<record> read_all(const event_store& store, Query query) {
  std::vector<record> records;
  must(for_each(store, std::move(query), [&](const record& r) { records.push_back(r); }));
  return records;
}

inline std::vector<record> read_all(const event_store& store) { return read_all(store, all_query{}); }

inline std::vector<record> read_stream(const event_store& store, std::string name) {
  return read_all(store, stream_query{stream_id{std::move(name)}});
}

/// The data of records, which tells them apart where numbers made them.
inline std::vector<std::string> data_of(const std::vector<record>& records) {
  std::vector<std::string> data;
  for (const auto& r : records) data.push_back(r.data);
  return data;
}

/// A snapshot of what a key reads now, as a reducer would make it that counts.
inline snapshot folded(const event_store& store, snapshot_key key) {
  snapshot s;
  std::vector<record> records;
  if (key.stream()) {
    records = read_all(store, stream_query{*key.stream()});
  } else {
    const auto related = must(store.related(*key.relation()));
    s.relation_revision = related.revision;
    records = read_all(store, streams_query{related.streams});
  }
  REQUIRE_FALSE(records.empty());
  s.key = std::move(key);
  s.fingerprint = "shape";
  s.records = records.size();
  s.cursor = stream_query::cursor_of(records.back());
  s.state = number_json(records.size());
  return s;
}

/// Opens the door that backends keep for the rules of appending.
struct door : event_store {
  static result<void> open(event_store& store, const std::function<result<void>(transaction&)>& work) {
    return (store.*&door::transact)(work);
  }
};

} // namespace skald::test
