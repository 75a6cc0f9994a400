#include "fixtures.hpp"
#include "plain_sqlite.hpp"
#include <skald/store/sqlite_store.hpp>

#include <array>
#include <cstdio>
#include <random>

namespace bench {

const std::string sample_data =
  R"({"name":"Johnathan Doe-Smithson-van-der-Berg","email":"john.doe@fixture-mail.example.none","age":42})";

skald::append_request request_to(const skald::stream_id& stream) {
  std::vector<skald::new_event> events;
  events.emplace_back("user:renamed", sample_data).typed = true;
  return {stream, skald::expected_revision::any(), std::move(events)};
}

store_file::store_file(const std::filesystem::path& folder) {
  static int count = 0;
  path_ = folder / ("bench-" + std::to_string(++count) + ".db");
  remove();
  (void)skald::open_sqlite_store(path_).value();
}

store_file::~store_file() { remove(); }

void store_file::fill(const std::vector<skald::stream_id>& streams, std::size_t events) const {
  skald::store_options options;
  options.durability = skald::durability::relaxed;
  (void)port_groups(*skald::open_sqlite_store(path_, options).value(), streams, events, 10'000);
}

void store_file::remove() const {
  for (const auto* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix);
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
                     bool ids_given) {
  const store_file file{folder};
  plain_sqlite db{file.path(), plain_sqlite::use::appending};
  return timed_groups(ordered_names(streams), events, group,
                      [&](std::span<const skald::stream_id* const> next) { db.append(next, sample_data, ids_given); });
}

} // namespace bench
