#include "fixtures.hpp"
#include "plain_postgres.hpp"
#include "workloads.hpp"
#include <skald/store/open_store.hpp>

#include <tests/store/postgres_server.hpp>

#include <memory>

namespace bench {

namespace {

/// A server that waits for its disk, with a schema for the floor and one for skald. They stay for all pairs.
class server {
public:
  server() : store_{skald::open_store(subject_.url()).value()} {
    (void)skald::open_store(floor_.url()).value(); // makes the tables
    plain_ = std::make_unique<plain_postgres>("host=" + server_.folder().string() + " user=skald dbname=postgres",
                                              floor_.name());
  }

  seconds plain(std::size_t events, std::size_t group) {
    return timed_groups(streams_, events, group,
                        [&](std::span<const skald::stream_id* const> next) { plain_->append(next, sample_data); });
  }
  seconds port(std::size_t events, std::size_t group) { return port_groups(*store_, streams_, events, group); }
  seconds actor(std::size_t events, std::size_t group) { return through_store_actor(*store_, streams_, events, group); }

private:
  std::vector<skald::stream_id> streams_ = ordered_names(1000);
  skald::test::postgres_server server_{"fsync = on\nfull_page_writes = on\nshared_buffers = 256MB\n"};
  skald::test::postgres_schema floor_{server_.folder()};
  skald::test::postgres_schema subject_{server_.folder()};
  std::unique_ptr<skald::event_store> store_;
  std::unique_ptr<plain_postgres> plain_;
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
  return all;
}

} // namespace bench
