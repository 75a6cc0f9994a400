#include "fixtures.hpp"
#include <skald/store/sqlite_store.hpp>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace bench {

const std::string sample_data =
  R"({"name":"Johnathan Doe-Smithson-van-der-Berg","email":"john.doe@fixture-mail.example.none","age":42})";

skald::append_request request_to(const skald::stream_id& stream) {
  std::vector<skald::new_event> events;
  events.emplace_back("user:renamed", sample_data).typed = true;
  return {stream, skald::expected_revision::any(), std::move(events)};
}

void must_hold(const skald::event_store& store, std::size_t events) {
  const auto found = store.verify().value();
  if (!found.sound()) throw std::runtime_error{"a store is not sound: " + found.problems.front().message};
  must_be(found.records, events, "records of a store");
  must_be(store.head().value().value, events, "its newest position");
}

void must_be(std::size_t found, std::size_t expected, std::string_view what) {
  if (found != expected)
    throw std::runtime_error{std::string{what} + ": " + std::to_string(found) + " instead of " +
                             std::to_string(expected)};
}

store_file::store_file(const std::filesystem::path& folder) {
  auto name = (folder / "skald_bench.XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::system_error{errno, std::generic_category(), "making " + name};
  folder_ = name;
  (void)open();
}

store_file::~store_file() {
  std::error_code ignored; // it is said nowhere, but lies there
  remove_all(folder_, ignored);
}

std::unique_ptr<skald::event_store> store_file::open(skald::store_options options) const {
  return skald::open_sqlite_store(path(), std::move(options)).value();
}

void store_file::fill(const std::vector<skald::stream_id>& streams, std::size_t events) const {
  skald::store_options options;
  options.durability = skald::durability::relaxed;
  const auto store = open(options);
  const auto before = store->head().value().value;
  (void)port_groups(*store, streams, events, 10'000);
  must_be(store->head().value().value, before + events, "the newest position of a store that was filled");
}

std::vector<skald::stream_id> ordered_names(std::size_t count) {
  std::vector<skald::stream_id> names;
  names.reserve(count);
  while (names.size() < count) names.emplace_back("user-" + skald::make_event_id().str());
  return names;
}

std::vector<skald::stream_id> random_names(std::size_t count) {
  std::mt19937_64 random; // NOLINT(*-msc51-cpp): the same each time
  std::vector<skald::stream_id> names;
  names.reserve(count);
  std::array<char, 33> digits;
  while (names.size() < count) {
    std::snprintf(digits.data(), digits.size(), "%016llx%016llx", static_cast<unsigned long long>(random()),
                  static_cast<unsigned long long>(random()));
    names.emplace_back("user-" + std::string{digits.data()});
  }
  return names;
}

seconds port_groups(skald::event_store& store, const std::vector<skald::stream_id>& streams, std::size_t events,
                    std::size_t group) {
  std::vector<skald::append_request> batch;
  return timed_groups(streams, events, group, [&](std::span<const skald::stream_id* const> next) {
    batch.clear();
    for (const auto* stream : next) batch.push_back(request_to(*stream));
    for (const auto& answer : store.append(batch)) (void)answer.value();
  });
}

seconds plain_groups(const std::filesystem::path& folder, std::size_t streams, std::size_t events, std::size_t group,
                     plain_sqlite::ids ids, int pages_in_log) {
  return on_new_store(folder, events, [&](const store_file& file) {
    plain_sqlite db{file.path(), plain_sqlite::use::appending, pages_in_log};
    return timed_groups(ordered_names(streams), events, group,
                        [&](std::span<const skald::stream_id* const> next) { db.append(next, sample_data, ids); });
  });
}

namespace {

/// All queries one after the other, which have to read so many of the sample's records.
template <class Query>
seconds read(const skald::event_store& store, const std::vector<Query>& queries, std::size_t records) {
  std::size_t bytes = 0;
  const auto taken = timed([&] {
    for (const auto& query : queries)
      skald::for_each(store, query, [&](const skald::record& r) { bytes += r.data.size(); }).value();
  });
  must_be(bytes, records * sample_data.size(), "bytes of data that were read");
  return taken;
}

} // namespace

history::history(std::size_t events)
  : events_{events}, streams_{ordered_names(std::max<std::size_t>(1, events / 1000))} {}

std::size_t history::records_in(std::size_t count) const {
  std::size_t records = 0;
  for (std::size_t i = 0; i < count; ++i)
    records += events_ / streams_.size() + (at(i) < events_ % streams_.size() ? 1 : 0);
  return records;
}

seconds history::read_all(const skald::event_store& store) const {
  return read(store, std::vector{skald::all_query{}}, events_);
}

seconds history::read_streams(const skald::event_store& store, std::size_t count) const {
  std::vector<skald::stream_query> queries;
  for (std::size_t i = 0; i < count; ++i) queries.emplace_back(streams_[at(i)]);
  return read(store, queries, records_in(count));
}

} // namespace bench
