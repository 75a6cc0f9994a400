#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace skald;
using namespace skald::test;

namespace {

using store_pointer = std::unique_ptr<event_store>;

store_pointer open(const std::string& url) { return must(open_postgres_store(url)); }

bool says(const error& why, std::string_view part) { return why.message.find(part) != std::string::npos; }

/// Ends the sessions of an application, and waits until they have ended.
void end_sessions(const std::filesystem::path& server, const std::string& application) {
  const auto theirs = "FROM pg_stat_activity WHERE application_name = '" + application + "'";
  run_postgres_sql(server, "DO $$ BEGIN PERFORM pg_terminate_backend(pid) " + theirs + "; WHILE EXISTS (SELECT " +
                             theirs + ") LOOP PERFORM pg_stat_clear_snapshot(); END LOOP; END $$");
}

/// Makes the sessions of a store its own by their name.
std::string named(const postgres_schema& schema, const std::string& further = {}) {
  return schema.url("&application_name=" + schema.name() + further);
}

/// Stands between a store and a server, on a socket of its own, and may cut the way between them.
class cut_line {
public:
  explicit cut_line(std::filesystem::path server) : server_{std::move(server)}, thread_{[this] { accept_all(); }} {}
  ~cut_line() {
    ::shutdown(listener_, SHUT_RDWR);
    ::close(listener_);
    thread_.join();
    cut();
    for (auto& line : lines_) line.join();
    for (const auto socket : sockets_) ::close(socket);
  }
  cut_line(const cut_line&) = delete;
  cut_line& operator=(const cut_line&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }

  /// From the moment on in which the server is told `words`: either it does not hear of it, or its answer is not heard.
  void cut_at(std::string words, bool server_hears) {
    const std::lock_guard lock{mutex_};
    words_ = std::move(words);
    server_hears_ = server_hears;
  }
  /// The same for the `number`th message from now on. None for 0.
  void cut_at_message(int number, bool server_hears) {
    const std::lock_guard lock{mutex_};
    messages_left_ = number;
    server_hears_ = server_hears;
  }
  /// Nobody is let through until `mend`.
  void keep_cut(bool yes) { closed_ = yes; }
  [[nodiscard]] int cuts() const { return cuts_; }

private:
  static sockaddr_un address(const std::filesystem::path& folder) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    const auto path = (folder / ".s.PGSQL.5432").string();
    REQUIRE(path.size() < sizeof a.sun_path);
    std::ranges::copy(path, a.sun_path);
    return a;
  }

  int listen() {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto here = address(folder_.path());
    REQUIRE(::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0);
    REQUIRE(::listen(socket, 16) == 0);
    return socket;
  }

  void accept_all() {
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto there = address(server_);
      const std::lock_guard lock{mutex_};
      sockets_.push_back(client);
      sockets_.push_back(server);
      if (closed_ || ::connect(server, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
        ::shutdown(client, SHUT_RDWR);
        continue;
      }
      lines_.emplace_back([this, client, server] { pass(client, server, true); });
      lines_.emplace_back([this, client, server] { pass(server, client, false); });
    }
  }

  void pass(int from, int to, bool to_server) {
    std::array<char, 65536> bytes{};
    for (;;) {
      const auto size = ::read(from, bytes.data(), bytes.size());
      if (size <= 0) break;
      const std::string_view said{bytes.data(), static_cast<std::size_t>(size)};
      if (const auto hears = to_server ? cut_here(said) : std::nullopt) {
        ++cuts_;
        if (*hears) {
          ::shutdown(from, SHUT_RDWR); // first, so that no answer gets through
          send_all(to, said);
        }
        break;
      }
      if (!send_all(to, said)) break;
    }
    ::shutdown(from, SHUT_RDWR);
    ::shutdown(to, to_server ? SHUT_WR : SHUT_RDWR); // the server finishes what it has heard
  }

  static bool send_all(int to, std::string_view said) {
    while (!said.empty()) {
      const auto sent = ::send(to, said.data(), said.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      said.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Whether the server hears what was said, if the line is cut here.
  std::optional<bool> cut_here(std::string_view said) {
    const std::lock_guard lock{mutex_};
    if (messages_left_ != 0) {
      --messages_left_;
      if (messages_left_ == 0) return server_hears_;
    }
    if (words_.empty() || said.find(words_) == std::string_view::npos) return std::nullopt;
    words_.clear();
    return server_hears_;
  }

  void cut() {
    const std::lock_guard lock{mutex_};
    for (const auto socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  }

  temporary_folder folder_;
  std::filesystem::path server_;
  std::mutex mutex_;
  std::string words_;
  int messages_left_ = 0;
  bool server_hears_ = false;
  std::atomic<bool> closed_{false};
  std::atomic<int> cuts_{0};
  std::vector<int> sockets_;
  std::vector<std::thread> lines_;
  int listener_ = listen();
  std::thread thread_;
};

std::string through(const cut_line& line, const postgres_schema& schema, const std::string& further = {}) {
  return "postgresql://skald@/postgres?host=" + line.folder().string() + "&schema=" + schema.name() + further;
}

} // namespace

TEST_CASE("postgres: a store goes on when its sessions are ended") {
  const postgres_schema schema;
  const auto store = open(named(schema));
  for (std::uint64_t n = 1; n <= 5; ++n) {
    must(store->append(request("a", exactly(n - 1), {an_event(n)})));
    CHECK(must(store->revision_of(stream("a"))) == revision{n});
    end_sessions(shared_postgres(), schema.name());
    CHECK(must(store->find(id(n))));
    if (n == 3) CHECK(must(store->register_projection("p", {})).fresh_from == position{3});
    if (n == 4) CHECK(must(store->appended_elsewhere()) == std::optional<position>{});
  }
  CHECK(read_all(*store).size() == 5);
}

TEST_CASE("postgres: a session that is lost and cannot be set up again is told, and had again when it can") {
  const postgres_schema schema;
  const auto store = open(named(schema));
  must(store->append(request("a", no_stream, some_events(1, 1))));
  must(store->head());
  schema.sql("ALTER SCHEMA " + schema.name() + " RENAME TO " + schema.name() + "_away");
  end_sessions(shared_postgres(), schema.name());
  const auto refused = store->append(request("a", exactly(1), {an_event(2)}));
  REQUIRE(code_of(refused) == errc::insertion_failed);
  CHECK(refused.error().outcome == outcome::not_written);
  CHECK_MESSAGE(says(refused.error(), "its tables are gone"), refused.error().message);
  CHECK(code_of(store->head()) == errc::read_failed);
  CHECK(code_of(store->appended_elsewhere()) == errc::read_failed);
  run_postgres_sql(shared_postgres(), "ALTER SCHEMA " + schema.name() + "_away RENAME TO " + schema.name());
  must(store->append(request("a", exactly(1), {an_event(2)})));
  CHECK(read_all(*store).size() == 2);
}

TEST_CASE("postgres: a transaction whose session is ended in the middle is done again, once") {
  const postgres_schema schema;
  const auto store = open(named(schema));
  must(store->append(request("a", no_stream, some_events(1, 1))));
  int runs = 0;
  must(door::open(*store, [&](event_store::transaction& tx) -> result<void> {
    auto r = foreign(10, "a", at(1));
    r.position = position{tx.head().value + 1};
    r.revision = revision{tx.head_of(r.stream).revision.value + 1};
    tx.write(r);
    if (++runs == 1) end_sessions(shared_postgres(), schema.name());
    return {};
  }));
  CHECK(runs == 2);
  CHECK(read_all(*store).size() == 2);
  CHECK(must(store->head()) == position{2});
  CHECK(must(store->append(request("b", no_stream, {an_event(11)}))).last == position{3});
}

TEST_CASE("postgres: wherever the line is cut, a request is written once and its answer is true") {
  struct row {
    const char* name;
    const char* words;
    bool server_hears;
  };
  const row rows[] = {
    {"before it begins", "BEGIN", false},
    {"as it has begun", "BEGIN", true},
    {"before it is committed", "COMMIT", false},
    {"as it is committed", "COMMIT", true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const postgres_schema schema;
    cut_line line{shared_postgres()};
    const auto store = open(through(line, schema));
    must(store->append(request("a", no_stream, some_events(1, 1))));

    line.cut_at(row.words, row.server_hears);
    const std::vector<append_request> group{request("a", exactly(1), {an_event(2), {"thing:happened", "1"}}),
                                            request("a", exactly(1), {an_event(9)}), request("b", any, {an_event(3)})};
    const auto answers = store->append(group);
    CHECK(line.cuts() == 1);
    CHECK(must(answers[0]).last == position{3});
    CHECK(code_of(answers[1]) == errc::wrong_expected_revision);
    CHECK(must(answers[2]).last == position{4});
    CHECK(read_all(*store).size() == 4);

    line.cut_at(row.words, row.server_hears);
    CHECK(must(store->hydrate(std::vector{foreign(20, "c", at(1)), foreign(2, "a", at(1))})) ==
          hydrate_report{1, 1, position{5}});
    line.cut_at(row.words, row.server_hears);
    const std::vector changes{relation_change::insert(relation_key{"k"}, stream("a"))};
    must(store->relate(changes));
    CHECK(must(store->related(relation_key{"k"})).revision == revision{1});
    line.cut_at(row.words, row.server_hears);
    CHECK(must(store->register_projection("p", position{1})).fresh_from == position{1});
    line.cut_at(row.words, row.server_hears);
    const checkpoint_update update{"p", position{2}, {{position{4}, "x"}}};
    must(store->save(std::span{&update, 1}));
    line.cut_at(row.words, row.server_hears);
    CHECK(must(store->rewind("p", position{1})).handled == position{1});
    line.cut_at(row.words, row.server_hears);
    const auto counted = folded(*store, {"totals", stream("a")});
    must(store->save_snapshots(std::span{&counted, 1}));
    CHECK(must(store->load_snapshot(counted.key))->holds);
    CHECK(line.cuts() == 7);
    CHECK(must(store->head()) == position{5});
  }
}

TEST_CASE("postgres: a commit in doubt is not taken for what another node has written meanwhile") {
  for (const bool server_hears : {false, true}) {
    CAPTURE(server_hears);
    const postgres_schema schema;
    cut_line line{shared_postgres()};
    const auto store = open(through(line, schema));
    const auto other = open(schema.url());
    const auto meanwhile = [&](auto work, auto others_work) {
      line.cut_at("COMMIT", server_hears);
      line.keep_cut(true);
      const auto cuts = line.cuts();
      std::thread works{work};
      while (line.cuts() == cuts) std::this_thread::yield();
      others_work();
      line.keep_cut(false);
      works.join();
    };
    const std::vector<append_request> group{request("a", any, {an_event(2)}), request("b", any, {an_event(3)})};
    std::vector<result<receipt>> answers;
    meanwhile([&] { answers = store->append(group); },
              [&] {
                must(other->append(request("c", any, {an_event(50)})));
                must(other->append(group[1])); // which somebody has repeated there
              });
    for (std::size_t i = 0; i < group.size(); ++i) {
      const auto found = must(store->find(id(i + 2)));
      REQUIRE(found);
      CHECK(must(answers[i]) == receipt{{revision{1}}, found->position, found->position});
    }

    const std::vector records{foreign(20, "d", at(1)), foreign(21, "d", at(2))};
    auto report = result<hydrate_report>{error{}};
    meanwhile([&] { report = store->hydrate(records); }, [&] { must(other->hydrate(std::span{records}.subspan(1))); });
    CHECK(must(report).written == (server_hears ? 2 : 1));
    for (const auto& r : records) CHECK(must(store->find(r.id)));

    const relation_key key{"k"};
    const std::vector insert{relation_change::insert(key, stream("a"))};
    const std::vector remove{relation_change::remove(key, stream("a"))};
    auto related = result<void>{error{}};
    meanwhile([&] { related = store->relate(insert); }, [&] { must(other->relate(remove)); });
    must(related);
    CHECK(must(store->related(key)).streams.size() == (server_hears ? 0 : 1));
    CHECK(read_all(*store).size() == 5);
  }
}

TEST_CASE("postgres: a commit that a crash has undone is not taken for one that came after it") {
  postgres_server server;
  const postgres_schema schema{server.folder()};
  cut_line line{server.folder()};
  const auto store = open(through(line, schema));
  const auto other = open(schema.url());
  const auto relate = [](event_store& to, const char* key) {
    return to.relate(std::vector{relation_change::insert(relation_key{key}, stream("a"))});
  };
  must(relate(*store, "before"));
  line.cut_at("COMMIT", false);
  line.keep_cut(true);
  auto related = result<void>{error{}};
  std::thread works{[&] { related = relate(*store, "in doubt"); }};
  while (line.cuts() == 0) std::this_thread::yield();
  server.stop(SIGQUIT); // which crashes it: numbers of transactions that are not on the disk are given again
  server.start();
  must(relate(*other, "after"));
  line.keep_cut(false);
  works.join();
  must(related);
  for (const auto* key : {"before", "in doubt", "after"})
    CHECK_MESSAGE(must(store->related(relation_key{key})).streams.size() == 1, key);
}

TEST_CASE("postgres: sessions that have not committed for a day are forgotten, others stay") {
  const postgres_schema schema;
  const auto count = [&] { return schema.sql("SELECT count(*) FROM skald_sessions"); };
  const auto store = open(schema.url());
  CHECK(count() == "0"); // who only reads need not write
  must(store->append(request("a", any, {an_event(1)})));
  must(store->append(request("a", any, {an_event(2)})));
  CHECK(count() == "1");
  schema.sql("UPDATE skald_sessions SET newest = newest - interval '25 hours'");
  const auto second = open(schema.url());
  must(second->append(request("a", any, {an_event(3)})));
  const auto third = open(schema.url());
  must(third->append(request("a", any, {an_event(4)})));
  CHECK(count() == "2");
  must(store->append(request("a", any, {an_event(5)})));
  CHECK(count() == "3");
  CHECK(schema.sql("SELECT sum(commits) FROM skald_sessions") == "5");
}

TEST_CASE("postgres: at whatever message the line is cut, a group is written once and its answers are true") {
  for (const bool server_hears : {false, true}) {
    CAPTURE(server_hears);
    const postgres_schema schema;
    cut_line line{shared_postgres()};
    const auto store = open(through(line, schema));
    must(store->append(request("all", no_stream, {an_event(1)})));
    const relation_key key{"k"};
    std::uint64_t n = 0;
    for (int cuts = -1; line.cuts() != cuts;) { // until there are not so many messages
      cuts = line.cuts();
      ++n;
      CAPTURE(n);
      line.cut_at_message(static_cast<int>(n), server_hears);
      std::vector<append_request> group{
        request("all", exactly(n), {an_event(2 * n)}), request("all", exactly(n), {an_event(9999)}),
        request("s" + std::to_string(n), no_stream, {an_event(2 * n + 1, "t" + std::to_string(n))})};
      group[2].relations = {relation_change::insert(key, stream("s" + std::to_string(n)))};
      const auto answers = store->append(group);
      CHECK(must(answers[0]) == receipt{{revision{n + 1}}, position{2 * n}, position{2 * n}});
      CHECK(code_of(answers[1]) == errc::wrong_expected_revision);
      CHECK(must(answers[2]).last == position{2 * n + 1});
    }
    CHECK(n > 5);
    line.cut_at_message(0, false);
    const auto all = read_all(*store);
    REQUIRE(all.size() == 2 * n + 1);
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(all[i].id == id(i + 1));
    CHECK(must(store->related(key)).revision == revision{n});
    CHECK(must(store->related(key)).streams.size() == n);
  }
}

TEST_CASE("postgres: an outcome that stays unknown is told, and the same request settles it later") {
  struct row {
    const char* name;
    const char* words;
    bool server_hears;
    outcome fate;
    std::uint64_t written;
  };
  const row rows[] = {
    {"before it begins", "BEGIN", false, outcome::not_written, 0},
    {"before it is committed", "COMMIT", false, outcome::unknown, 0},
    {"as it is committed", "COMMIT", true, outcome::unknown, 1},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const postgres_schema schema;
    cut_line line{shared_postgres()};
    open(schema.url());
    const auto store = open(through(line, schema, "&deadline=500"));
    line.cut_at(row.words, row.server_hears);
    line.keep_cut(true);
    const auto again = request("a", no_stream, some_events(1, 3));
    const auto answer = store->append(again);
    REQUIRE(code_of(answer) == errc::insertion_failed);
    CHECK(answer.error().outcome == row.fate);
    CHECK(says(answer.error(), "repeat it with the same event ids") == (row.fate == outcome::unknown));
    if (row.written != 0) CHECK(code_of(store->head()) == errc::read_failed); // waits once more
    CHECK_FALSE(must(store->appended_elsewhere())); // is told later
    line.keep_cut(false);
    CHECK(must(store->head()).value == 3 * row.written);
    CHECK(must(store->append(again)) == receipt{{revision{3}}, position{1}, position{3}});
    CHECK(must(store->head()) == position{3});
  }
}

TEST_CASE("postgres: a server that is restarted or does not answer costs no event and no patience") {
  postgres_server server;
  const postgres_schema schema{server.folder()};
  const auto store = open(schema.url());
  const auto quick = open(schema.url("&deadline=500"));
  must(store->append(request("a", no_stream, some_events(1, 1))));
  must(quick->head());

  server.stop(SIGINT);
  const auto refused = quick->append(request("a", any, {an_event(2)}));
  REQUIRE(code_of(refused) == errc::insertion_failed);
  CHECK(refused.error().outcome == outcome::not_written);
  CHECK_MESSAGE(says(refused.error(), "see that the server runs"), refused.error().message);
  auto patient = result<receipt>{error{}};
  std::thread waits{[&] { patient = store->append(request("a", exactly(1), {an_event(2)})); }};
  server.start();
  waits.join();
  must(patient);
  CHECK(must(store->head()) == position{2});
  must(quick->append(request("a", exactly(2), {an_event(3)})));

  server.stop(SIGQUIT); // which crashes it
  server.start();
  must(store->append(request("a", exactly(3), {an_event(4)})));
  CHECK(read_all(*store).size() == 4);
  must(quick->head());

  server.suspend(); // to connect takes two seconds then: less is not to be had of libpq
  const auto begin = std::chrono::steady_clock::now();
  auto unread = result<position>{error{}};
  auto unopened = errc::none;
  std::thread reads{[&] { unread = quick->head(); }};
  std::thread opens{[&] { unopened = code_of(open_postgres_store(schema.url("&deadline=500"))); }};
  const auto silent = quick->append(request("a", any, {an_event(5)}));
  reads.join();
  opens.join();
  REQUIRE(code_of(silent) == errc::insertion_failed);
  CHECK(silent.error().outcome == outcome::not_written);
  CHECK(code_of(unread) == errc::read_failed);
  CHECK(unopened == errc::open_failed);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds{30});
  server.resume();
  must(quick->append(request("a", exactly(4), {an_event(5)})));
  CHECK(read_all(*quick).size() == 5);
}

TEST_CASE("postgres: a look for what others append tells of a server that is gone once its deadline has passed") {
  postgres_server server;
  const postgres_schema schema{server.folder()};
  const auto other = open(schema.url());
  const auto store = open(schema.url("&deadline=1000"));
  must(other->append(request("a", no_stream, {an_event(1)})));
  CHECK(must(store->appended_elsewhere()) == std::optional{position{0}});

  server.stop(SIGINT);
  const auto gone = std::chrono::steady_clock::now();
  auto looked = store->appended_elsewhere();
  CHECK_FALSE(must(looked));
  while (looked) looked = store->appended_elsewhere();
  CHECK(looked.error().code == errc::read_failed);
  CHECK_MESSAGE(says(looked.error(), "see that the server runs"), looked.error().message);
  CHECK(std::chrono::steady_clock::now() - gone >= std::chrono::milliseconds{1000});
  server.start();
  must(other->append(request("a", exactly(1), {an_event(2)})));
  CHECK(must(store->appended_elsewhere()) == std::optional{position{1}});

  server.stop(SIGINT);
  CHECK_FALSE(must(store->appended_elsewhere())); // is patient anew
}

TEST_CASE("postgres: a server that is killed at any moment loses nothing it has acknowledged, and writers go on") {
  postgres_server server;
  const postgres_schema schema{server.folder()};
  std::atomic<std::uint64_t> acknowledged = 0;
  std::atomic<bool> enough = false;
  error trouble;
  std::thread writer{[&] {
    const auto store = open(schema.url());
    for (std::uint64_t n = 1; !enough; ++n) {
      const auto done = store->append(request("a", exactly(n - 1), {an_event(n)}));
      if (!done) return void(trouble = done.error());
      acknowledged = n;
    }
  }};
  std::mt19937 random{1'618'033};
  for (int round = 0; round < rounds_of_killing(); ++round) {
    const auto target = acknowledged + 1 + random() % 40;
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (acknowledged < target && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
    const auto moment = std::chrono::steady_clock::now() + std::chrono::microseconds{random() % 3000};
    while (std::chrono::steady_clock::now() < moment) continue; // somewhere within a commit
    server.stop(SIGQUIT);
    server.start();
  }
  enough = true;
  writer.join();
  CHECK_MESSAGE(trouble.code == errc::none, trouble.message);
  CHECK(acknowledged > 0);
  std::uint64_t at = 0;
  for (const auto& r : read_all(*open(schema.url()))) CHECK(r.id == id(++at));
  CHECK(at == acknowledged);
}

TEST_CASE("postgres: writers wait in the order in which they came") {
  const postgres_schema schema;
  const auto store = open(schema.url());
  const auto other = open(named(schema));
  std::string waits_for;
  std::thread waits;
  must(door::open(*store, [&](event_store::transaction&) -> result<void> {
    waits = std::thread{[&] { must(other->append(request("a", any, {an_event(1)}))); }};
    while (waits_for.empty()) // a row's lock is not given in order
      waits_for = schema.sql("SELECT coalesce(min(locktype), '') FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                             "WHERE NOT l.granted AND a.application_name = '" +
                             schema.name() + "'");
    return {};
  }));
  waits.join();
  CHECK(waits_for == "advisory");
}

TEST_CASE("postgres: a writer that holds the head for too long lets others go on") {
  const postgres_schema schema;
  open(schema.url());
  const auto slow = open(schema.url("&deadline=1200"));
  const auto other = open(schema.url("&deadline=1000"));
  int runs = 0;
  error waiting;
  must(door::open(*slow, [&](event_store::transaction& tx) -> result<void> {
    auto r = foreign(1, "a", at(1));
    r.position = position{tx.head().value + 1};
    r.revision = revision{tx.head_of(r.stream).revision.value + 1};
    tx.write(r);
    if (++runs == 2) return {};
    const auto refused = other->append(request("b", any, {an_event(2)}));
    if (!refused) waiting = refused.error();
    while (!other->append(request("b", any, {an_event(3)}))) // until the server ends the session that idles
      ;
    return {};
  }));
  CHECK(waiting.code == errc::insertion_failed);
  CHECK(waiting.outcome == outcome::not_written);
  CHECK_MESSAGE(says(waiting, "another node was writing all the time"), waiting.message);
  CHECK(runs == 2);
  std::vector<event_id> order;
  for (const auto& r : read_all(*other)) order.push_back(r.id);
  CHECK(order == std::vector{id(3), id(1)});
}

TEST_CASE("postgres: what a notification does not tell is found by looking, and what others write is told once") {
  const postgres_schema schema;
  open(schema.url());
  const auto store = open(schema.url("&deadline=1000"));
  using told = std::optional<position>;
  const auto other = open(schema.url());
  must(other->append(request("a", any, some_events(1, 2))));
  told heard;
  while (!heard) heard = must(store->appended_elsewhere());
  CHECK(heard == told{position{0}});
  // As somebody whose notification got lost.
  schema.sql(
    "INSERT INTO skald_events SELECT 3, '00000000-0000-8000-8000-000000000003', stream, type, 3, schema_version, "
    "created + 1, recorded + 1, flags, data FROM skald_events WHERE position = 2; "
    "UPDATE skald_streams SET revision = 3; UPDATE skald_head SET position = 3, recorded = recorded + 1");
  heard.reset();
  while (!heard) heard = must(store->appended_elsewhere());
  CHECK(heard == told{position{2}});
  CHECK(must(store->appended_elsewhere()) == told{});
}
