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

/// A schema that grows with the pairs.
class grown_schema {
public:
  explicit grown_schema(const std::filesystem::path& server) : schema_{server} {
    (void)skald::open_store(url()).value(); // makes the tables
  }
  [[nodiscard]] const std::string& name() const { return schema_.name(); }
  [[nodiscard]] std::string url() const { return schema_.url(); }

  /// Throws unless it holds so many events more; looks through all of them in the pair that is thrown away.
  void must_have_grown(std::size_t by) {
    if (std::exchange(events_, events_ + by) == 0) must_hold(*skald::open_store(url()).value(), events_);
    must_be(std::stoul(schema_.sql("SELECT count(*) FROM skald_events")), events_, "rows of skald_events");
  }
  void sql(const std::string& text) const { schema_.sql(text); }

private:
  skald::test::postgres_schema schema_;
  std::size_t events_ = 0;
};

/// A server that waits for its disk, with a schema for the floor and one for skald. They stay for all pairs.
class server {
public:
  server() {
    if (skald::test::run_postgres_sql(server_.folder(), "SHOW fsync") != "on")
      throw std::runtime_error{"PostgreSQL does not wait for its disk"};
  }

  seconds plain(std::size_t events, std::size_t group) {
    const auto taken = timed_groups(streams_, events, group, [&](std::span<const skald::stream_id* const> next) {
      plain_.append(next, sample_data);
    });
    floor_.must_have_grown(events);
    return taken;
  }
  seconds port(std::size_t events, std::size_t group) {
    const auto taken = port_groups(*store_, streams_, events, group);
    subject_.must_have_grown(events);
    return taken;
  }
  seconds actor(std::size_t events, std::size_t group) {
    const auto taken = through_store_actor(*store_, streams_, events, group);
    subject_.must_have_grown(events);
    return taken;
  }

  [[nodiscard]] const std::filesystem::path& folder() const { return server_.folder(); }
  [[nodiscard]] std::string conninfo() const { return "host=" + folder().string() + " user=skald dbname=postgres"; }

private:
  std::vector<skald::stream_id> streams_ = ordered_names(1000);
  skald::test::postgres_server server_{"fsync = on\nfull_page_writes = on\nshared_buffers = 256MB\n"};
  grown_schema floor_{server_.folder()};
  grown_schema subject_{server_.folder()};
  plain_postgres plain_{conninfo(), floor_.name()};
  std::unique_ptr<skald::event_store> store_ = skald::open_store(subject_.url()).value();
};

/// What both read: skald's, filled once.
class filled_schema {
public:
  filled_schema(server& on, std::size_t events) : history_{events}, schema_{on.folder()} {
    (void)port_groups(*store_, history_.streams(), events, 10'000);
    schema_.must_have_grown(events);
    schema_.sql("ANALYZE");
    plain_ = std::make_unique<plain_postgres>(on.conninfo(), schema_.name());
  }

  seconds read_all() { return history_.read_all(*store_); }
  seconds read_streams(std::size_t count) { return history_.read_streams(*store_, count); }
  seconds plain_scan() { return history_.read_all_plainly(*plain_); }
  seconds plain_streams(std::size_t count) { return history_.read_streams_plainly(*plain_, count); }

private:
  history history_;
  grown_schema schema_;
  std::unique_ptr<skald::event_store> store_ = skald::open_store(schema_.url()).value();
  std::unique_ptr<plain_postgres> plain_;
};

} // namespace

std::vector<workload> postgres_workloads(const setting& s) {
  const auto postgres = shared([] { return std::make_unique<server>(); });
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
  const auto filled = shared([=] { return std::make_unique<filled_schema>(postgres(), history); });
  constexpr std::size_t streams = 200;
  all.push_back({"PostgreSQL, streams of 1000 records", "streams", streams,
                 [=] { return filled().plain_streams(streams); }, [=] { return filled().read_streams(streams); },
                 1 / 1.5});
  all.push_back({"PostgreSQL, all of " + std::to_string(history) + " records, against a plain scan", "records", history,
                 [=] { return filled().plain_scan(); }, [=] { return filled().read_all(); }, 0.6});
  return all;
}

} // namespace bench
