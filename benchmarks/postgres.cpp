#include "fixtures.hpp"
#include "plain_postgres.hpp"
#include "workloads.hpp"
#include <skald/store/open_store.hpp>

#include <tests/store/postgres_server.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

/// A server that waits for its disk, with a schema for the floor and one for skald. They stay for all pairs.
class server {
public:
  server() : store_{skald::open_store(subject_.url()).value()} {
    (void)skald::open_store(floor_.url()).value(); // makes the tables
    plain_ = std::make_unique<plain_postgres>(conninfo(), floor_.name());
  }

  seconds plain(std::size_t events, std::size_t group) {
    return timed_groups(streams_, events, group,
                        [&](std::span<const skald::stream_id* const> next) { plain_->append(next, sample_data); });
  }
  seconds port(std::size_t events, std::size_t group) { return port_groups(*store_, streams_, events, group); }
  seconds actor(std::size_t events, std::size_t group) { return through_store_actor(*store_, streams_, events, group); }

  /// Both read what skald has.
  void fill(std::size_t events) {
    if (std::exchange(filled_, true)) return;
    reading_ = skald::open_store(read_.url()).value();
    (void)port_groups(*reading_, streams_, events, 10'000);
    read_.sql("ANALYZE");
    plain_reading_ = std::make_unique<plain_postgres>(conninfo(), read_.name());
  }
  seconds plain_scan() {
    return timed([&] { (void)plain_reading_->scan(); });
  }
  seconds plain_streams(std::size_t count) {
    return timed([&] {
      for (std::size_t i = 0; i < count; ++i) (void)plain_reading_->scan_stream(stream(i));
    });
  }
  seconds read_all() { return read(std::vector{skald::all_query{}}); }
  seconds read_streams(std::size_t count) {
    std::vector<skald::stream_query> queries;
    for (std::size_t i = 0; i < count; ++i) queries.emplace_back(stream(i));
    return read(queries);
  }

private:
  [[nodiscard]] std::string conninfo() const {
    return "host=" + server_.folder().string() + " user=skald dbname=postgres";
  }
  [[nodiscard]] const skald::stream_id& stream(std::size_t i) const { return streams_[i * 7919 % streams_.size()]; }

  template <class Query>
  seconds read(const std::vector<Query>& queries) {
    std::size_t bytes = 0;
    const auto taken = timed([&] {
      for (const auto& query : queries)
        skald::for_each(*reading_, query, [&](const skald::record& r) { bytes += r.data.size(); }).value();
    });
    if (bytes == 0) throw std::runtime_error{"the queries have read nothing"};
    return taken;
  }

  bool filled_ = false;
  std::vector<skald::stream_id> streams_ = ordered_names(1000);
  skald::test::postgres_server server_{"fsync = on\nfull_page_writes = on\nshared_buffers = 256MB\n"};
  skald::test::postgres_schema floor_{server_.folder()};
  skald::test::postgres_schema subject_{server_.folder()};
  skald::test::postgres_schema read_{server_.folder()};
  std::unique_ptr<skald::event_store> store_;
  std::unique_ptr<skald::event_store> reading_;
  std::unique_ptr<plain_postgres> plain_;
  std::unique_ptr<plain_postgres> plain_reading_;
};

} // namespace

std::vector<workload> postgres_workloads(const setting& s) {
  const auto made = std::make_shared<std::unique_ptr<server>>();
  const auto postgres = [=]() -> server& {
    if (!*made) *made = std::make_unique<server>();
    return **made;
  };
  std::vector<workload> all;
  for (const std::size_t group : {1, 256}) {
    const auto events = s.scaled(group == 1 ? 500 : 25'600);
    all.push_back({"PostgreSQL, port, groups of " + std::to_string(group), "events", events,
                   [=] { return postgres().plain(events, group); }, [=] { return postgres().port(events, group); },
                   std::nullopt});
  }
  const auto events = s.scaled(25'600);
  all.push_back({"PostgreSQL, store actor, groups of 256", "events", events,
                 [=] { return postgres().plain(events, 256); }, [=] { return postgres().actor(events, 256); }, 0.75});
  const auto history = s.scaled(1'000'000);
  const auto filled = [=]() -> server& {
    postgres().fill(history);
    return postgres();
  };
  constexpr std::size_t streams = 200;
  all.push_back({"PostgreSQL, streams of " + std::to_string(history / 1000) + " records", "streams", streams,
                 [=] { return filled().plain_streams(streams); }, [=] { return filled().read_streams(streams); },
                 1 / 1.5});
  all.push_back({"PostgreSQL, all of " + std::to_string(history) + " records, against a plain scan", "records", history,
                 [=] { return filled().plain_scan(); }, [=] { return filled().read_all(); }, 0.6});
  return all;
}

} // namespace bench
