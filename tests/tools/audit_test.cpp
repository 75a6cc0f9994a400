#include <tools/audit/audit.hpp>

#include <doctest/doctest.h>
#include <tests/store/sql.hpp>
#include <tests/tools/program.hpp>

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace skald_program;
using namespace tools;
using skald::test::must;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

constexpr auto first_id = "0192f5e2-7c1b-7d3f-8a55-000000000001";
constexpr auto second_id = "0192f5e2-7c1b-7d3f-8a55-000000000002";
constexpr auto third_id = "0192f5e2-7c1b-7d3f-8a55-000000000003";

/// A record as a store that is new keeps it; `place` is position and revision.
skald::record record_at(std::uint64_t place, const std::string& id, const std::string& data = "{}") {
  skald::record r;
  r.id = must(skald::event_id::parse(id));
  r.stream = skald::stream_id{"s"};
  r.position = skald::position{place};
  r.revision = skald::revision{place};
  r.type = "t";
  r.data = data;
  return r;
}

std::string run_text(std::uint64_t ns = 1) { return text_of(run_line{"2026-01-02T03:04:05.006Z", 1, ns}) + '\n'; }

std::string send_text(std::uint64_t number, const words& ids) {
  send_line line{number, 10, "s", {}};
  for (const auto& id : ids) line.events.push_back({id, hash_of("t", "{}", "").str()});
  return text_of(line) + '\n';
}

std::string ack_text(std::uint64_t number, std::uint64_t revision, std::uint64_t first, std::uint64_t ns = 20) {
  return text_of(ack_line{number, ns, revision, first}) + '\n';
}

std::string refused_text(std::uint64_t number) { return text_of(refused_line{number, 20, "overloaded"}) + '\n'; }
std::string unknown_text(std::uint64_t number) { return text_of(unknown_line{number, 20, "timeout"}) + '\n'; }

struct found {
  words kinds;
  std::vector<violation> violations;
  audit::counts counts;
};

found audited(const std::string& log, const std::vector<skald::record>& records, std::uint64_t head,
              std::optional<std::uint64_t> cut_ns = {}) {
  found all;
  audit checking{[&](const violation& v) {
                   all.kinds.emplace_back(v.kind);
                   all.violations.push_back(v);
                 },
                 cut_ns};
  std::uint64_t number = 0;
  for (const auto& text : lines_of(log)) {
    ++number;
    const bool ended = number <= static_cast<std::uint64_t>(std::ranges::count(log, '\n'));
    checking.take(line_reader::line{.text = text, .number = number, .ended = ended});
  }
  for (const auto& r : records) checking.take(r);
  all.counts = checking.finish(skald::position{head});
  CHECK(all.counts.violations == all.kinds.size());
  return all;
}

/// Why a log is none.
std::string refusal_of(const std::string& log) {
  try {
    audited(log, {}, 0);
  } catch (const skald::failure& why) {
    CHECK(why.code() == skald::errc::invalid_argument);
    return why.what();
  }
  return "nothing";
}

const std::string sent_two = run_text() + send_text(1, {first_id, second_id});

} // namespace

TEST_CASE("the lines of an acknowledgement log are what they were in its first version") {
  const std::pair<ack_log_line, std::string_view> rows[] = {
    {run_line{"2026-01-02T03:04:05.006Z", 1, 5}, R"({"run":"2026-01-02T03:04:05.006Z","version":1,"ns":5})"},
    {send_line{7, 6, "a \"b\"", {{first_id, second_id}, {second_id, third_id}}},
     R"({"send":7,"ns":6,"stream":"a \"b\"","events":[{"id":"0192f5e2-7c1b-7d3f-8a55-000000000001","hash":)"
     R"("0192f5e2-7c1b-7d3f-8a55-000000000002"},{"id":"0192f5e2-7c1b-7d3f-8a55-000000000002","hash":)"
     R"("0192f5e2-7c1b-7d3f-8a55-000000000003"}]})"},
    {ack_line{7, 18446744073709551615u, 2, 9}, R"({"ack":7,"ns":18446744073709551615,"revision":2,"first":9})"},
    {refused_line{7, 8, "read_only"}, R"({"refused":7,"ns":8,"code":"read_only"})"},
    {unknown_line{7, 8, "insertion_failed"}, R"({"unknown":7,"ns":8,"code":"insertion_failed"})"},
  };
  for (const auto& [line, text] : rows) {
    CHECK(text_of(line) == text);
    const auto read = must(parse_ack_log_line(text));
    CHECK(read.index() == line.index());
    CHECK(text_of(read) == text);
    for (std::size_t cut = 0; cut < text.size(); ++cut)
      CHECK_FALSE(parse_ack_log_line(text.substr(0, cut)).has_value());
  }
  CHECK(hash_of("made", R"({"number":1})", "").str() == "b34ff810-84cb-8e48-be71-9dfd98acd031");
  CHECK(hash_of("ab", "c", "") != hash_of("a", "bc", ""));
  CHECK(hash_of("a", "b", "") != hash_of("a", "", "b"));
}

TEST_CASE("an acknowledgement log is gone on with, also behind half a line, and no other file is touched") {
  const skald::test::temporary_folder folder;
  const auto file = folder.path() / "log";
  const auto run = [&] {
    ack_log_writer log{file.string(), "now", 1};
    log.write(refused_line{1, 2, "c"});
  };
  const std::string one = "{\"run\":\"now\",\"version\":1,\"ns\":1}\n{\"refused\":1,\"ns\":2,\"code\":\"c\"}\n";
  run();
  CHECK(text_of(file) == one);
  run();
  CHECK(text_of(file) == one + one);
  for (const auto half : {R"({"send":7,"n)", R"({"ru)"}) {
    write(file, half);
    if (half[2] == 's') write(file, one + half);
    const auto before = text_of(file);
    run();
    CHECK(text_of(file) == std::string{before}.append(1, '\n').append(one));
  }

  write(file, "SQLite format 3");
  CHECK_THROWS_WITH_AS(run(), doctest::Contains("is no acknowledgement log"), skald::failure);
  CHECK(text_of(file) == "SQLite format 3");
  struct stat made{};
  CHECK_THROWS_WITH_AS(ack_log_writer(folder.path().string(), "now", 1), doctest::Contains("directory"),
                       skald::failure);
  const auto other = (folder.path() / "other").string();
  const ack_log_writer busy{other, "now", 1};
  REQUIRE(::stat(other.c_str(), &made) == 0);
  CHECK((made.st_mode & 0777) == 0600);
  CHECK_THROWS_WITH_AS(ack_log_writer(other, "now", 1), doctest::Contains("another process writes"), skald::failure);
  CHECK_THROWS_WITH_AS(ack_log_writer("/dev/full", "now", 1), doctest::Contains("No space left"), skald::failure);
}

TEST_CASE("what a store holds is held against what its log says") {
  const auto one = record_at(1, first_id);
  const auto two = record_at(2, second_id);
  const auto three = record_at(3, third_id);
  auto elsewhere = one;
  elsewhere.stream = skald::stream_id{"other"};
  auto of_another_type = one;
  of_another_type.type = "u";
  auto with_meta = one;
  with_meta.meta = "{}";
  auto skipped = two;
  skipped.position = skald::position{3};
  auto late = two;
  late.revision = skald::revision{3};
  const auto acked = sent_two + ack_text(1, 2, 1);

  const struct {
    const char* what;
    std::string log;
    std::vector<skald::record> records;
    std::uint64_t head;
    words kinds;
  } rows[] = {
    {"all is there", acked, {one, two}, 2, {}},
    {"an append in doubt is there", sent_two, {one, two}, 2, {}},
    {"an append in doubt is not there", sent_two, {}, 0, {}},
    {"an append of which nobody knows is there", sent_two + unknown_text(1), {one, two}, 2, {}},
    {"an append of which nobody knows is not there", sent_two + unknown_text(1), {}, 0, {}},
    {"a refused append is not there", sent_two + refused_text(1), {}, 0, {}},
    {"events of others are between", acked, {one, two, three}, 3, {}},
    {"a run has sent nothing", run_text(), {one, two}, 2, {}},
    {"all is missing", acked, {}, 0, {"missing", "missing"}},
    {"the last one is missing", acked, {one}, 1, {"missing"}},
    {"the first one is missing", acked, {two}, 2, {"position", "revision", "missing"}},
    {"other data", acked, {record_at(1, first_id, "{ }"), two}, 2, {"changed"}},
    {"another type", acked, {of_another_type, two}, 2, {"changed"}},
    {"metadata that were not sent", acked, {with_meta, two}, 2, {"changed"}},
    {"another stream", acked, {elsewhere, two}, 2, {"changed", "revision"}},
    {"what is in doubt is changed, too", sent_two, {record_at(1, first_id, "[]"), two}, 2, {"changed"}},
    {"the other order", acked, {record_at(1, second_id), record_at(2, first_id)}, 2, {"moved", "moved"}},
    {"the other order of what is in doubt", sent_two, {record_at(1, second_id), record_at(2, first_id)}, 2, {"moved"}},
    {"at another position", sent_two + ack_text(1, 2, 2), {one, two}, 2, {"moved", "moved"}},
    {"at another revision", sent_two + ack_text(1, 3, 1), {one, two}, 2, {"moved", "moved"}},
    {"in part", sent_two, {one}, 1, {"torn"}},
    {"in part, of which nobody knows", sent_two + unknown_text(1), {record_at(1, second_id)}, 1, {"torn"}},
    {"refused, and there", sent_two + refused_text(1), {one, two}, 2, {"refused", "refused"}},
    {"twice", acked, {one, two, record_at(3, first_id)}, 3, {"twice"}},
    {"a position is left out", acked, {one, skipped}, 3, {"position", "moved"}},
    {"a position comes again", run_text(), {one, two, record_at(2, third_id)}, 2, {"position", "revision"}},
    {"a revision is left out", acked, {one, late}, 2, {"revision", "moved"}},
    {"the newest event cannot be read", acked, {one, two}, 3, {"position"}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(audited(row.log, row.records, row.head).kinds == row.kinds);
  }
}

TEST_CASE("an audit counts what it has seen, and names what is not right") {
  const auto log = run_text() + send_text(1, {first_id}) + ack_text(1, 1, 1) + run_text() + send_text(1, {second_id}) +
                   send_text(3, {third_id}) + refused_text(3);
  const auto all = audited(
    log, {record_at(1, first_id, "[]"), record_at(2, "0192f5e2-7c1b-7d3f-8a55-000000000009"), record_at(3, second_id)},
    3);
  CHECK(all.counts.runs == 2);
  CHECK(all.counts.appends == 3);
  CHECK(all.counts.acknowledged == 1);
  CHECK(all.counts.refused == 1);
  CHECK(all.counts.in_doubt == 1);
  CHECK(all.counts.in_doubt_written == 1);
  CHECK(all.counts.events == 3);
  CHECK(all.counts.others == 1);
  REQUIRE(all.violations.size() == 1);
  CHECK(json_of(all.violations[0]) ==
        R"({"violation":"changed","message":"its type, data or metadata are not what was sent","stream":"s",)"
        R"("id":"0192f5e2-7c1b-7d3f-8a55-000000000001","position":1,"line":2})");
  CHECK(sentence_of(all.violations[0]) == "changed: its type, data or metadata are not what was sent: event "
                                          "0192f5e2-7c1b-7d3f-8a55-000000000001 of stream 's', line 2 of the log");
}

TEST_CASE("what was acknowledged before a cut counts, what came later may be lost") {
  const auto log =
    run_text() + send_text(1, {first_id}) + send_text(2, {second_id}) + ack_text(1, 1, 1, 100) + ack_text(2, 2, 2, 200);
  CHECK(audited(log, {}, 0).kinds == words{"missing", "missing"});
  CHECK(audited(log, {}, 0, 201).kinds == words{"missing", "missing"});
  CHECK(audited(log, {}, 0, 200).kinds == words{"missing"});
  CHECK(audited(log, {}, 0, 100).kinds.empty());
  CHECK(audited(log, {record_at(1, first_id), record_at(2, second_id)}, 2, 150).counts.in_doubt_written == 1);
}

TEST_CASE("half a line ends a run: it stands at the end of a log, or in front of another run") {
  const auto log = sent_two + ack_text(1, 2, 1);
  const std::vector both{record_at(1, first_id), record_at(2, second_id)};
  for (const auto half : {R"({"send":2,"ns":1)", "{", "\xc3"}) {
    CHECK(audited(log + half, both, 2).kinds.empty());
    CHECK(audited(log + half + '\n' + run_text() + send_text(1, {third_id}), both, 2).kinds.empty());
    CHECK(has(refusal_of(log + half + '\n' + send_text(2, {third_id})), "line 4 of the log: "));
    CHECK(has(refusal_of(log + half + '\n' + half), "line 4 of the log: "));
    CHECK(has(refusal_of(log + half + '\n'), "line 4 of the log: "));
    CHECK(has(refusal_of(half), "no run has begun in the log"));
  }
}

TEST_CASE("a log that nobody can have written is refused with the line") {
  const std::pair<std::string, std::string> rows[] = {
    {send_text(1, {first_id}), "line 1 of the log: no run has begun"},
    {R"({"run":"now","version":2,"ns":1})", "line 1 of the log: version 2 of the log is not known: take a newer skald"},
    {run_text() + ack_text(1, 1, 1), "line 2 of the log: append 1 was not sent"},
    {sent_two + ack_text(1, 2, 1) + ack_text(1, 2, 1),
     "line 4 of the log: append 1 was not sent, or is answered already"},
    {sent_two + refused_text(1) + unknown_text(1), "line 4 of the log: append 1 "},
    {sent_two + run_text() + ack_text(1, 2, 1), "line 4 of the log: append 1 was not sent"},
    {sent_two + send_text(1, {third_id}), "line 3 of the log: append 1 was sent before"},
    {sent_two + send_text(2, {first_id}), "line 3 of the log: event 0192f5e2-7c1b-7d3f-8a55-000000000001 was sent "
                                          "before, in line 2"},
    {run_text() + send_text(1, {}), "line 2 of the log: an append without events"},
    {run_text() + send_text(1, {"x"}), "line 2 of the log: "},
    {sent_two + ack_text(1, 1, 1), "line 3 of the log: such a revision"},
    {sent_two + ack_text(1, 2, 0), "line 3 of the log: such a revision"},
    {"", "no run has begun in the log: this is no acknowledgement log"},
    {"hello\n", "line 1 of the log: this is no line of an acknowledgement log"},
    {sent_two + "hello\n", "line 3 of the log: this is no line of an acknowledgement log"},
    {"what\nelse\n", "line 1 of the log: this is no line of an acknowledgement log"},
    {run_text() + "\n" + send_text(1, {first_id}), "line 2 of the log: this is no line of an acknowledgement log"},
    {run_text() + R"({"ack":1,"ns":1,"revision":1,"first":1,"more":1})" + '\n' + send_text(1, {first_id}),
     "line 2 of the log: more: unknown"},
  };
  for (const auto& [log, says] : rows) CHECK_MESSAGE(has(refusal_of(log), says), refusal_of(log));
}

TEST_CASE("skald audit answers 0 for a store that holds what it should, 1 for one that does not, 2 for no answer") {
  const skald::test::sqlite backend;
  const auto log = (backend.folder.path() / "acks").string();
  const auto audit_of = [&](const words& more = {}) {
    words arguments{"audit", "--store", backend.url(), log};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  CHECK(audit_of().status == 2); // no log
  (void)said({"load", "--store", backend.url(), "--events", "40", "--per-append", "4", "--ack-log", log});
  auto done = audit_of();
  CHECK(done.status == 0);
  CHECK(done.out ==
        "{\"runs\":1,\"appends\":10,\"acknowledged\":10,\"refused\":0,\"in_doubt\":0,\"in_doubt_written\":0,"
        "\"events\":40,\"others\":0,\"violations\":0}\n");
  CHECK(has(audit_of({"--table"}).out, "acknowledged"));
  for (const auto* text : {"", "hello\n", "hello"}) {
    const auto other = (backend.folder.path() / "other").string();
    write(other, text);
    const auto none = run({"audit", "--store", backend.url(), other});
    CHECK(none.status == 2);
    CHECK(none.out.empty());
    CHECK_MESSAGE(has(none.err, "acknowledgement log"), none.err);
  }

  skald::test::run_sql(backend.folder.path() / "events.db", "UPDATE skald_events SET data = '{}' WHERE position = 3; "
                                                            "DELETE FROM skald_events WHERE position = 40");
  done = audit_of();
  CHECK(done.status == 1);
  CHECK(has(done.out, "{\"violation\":\"changed\""));
  CHECK(has(done.out, "{\"violation\":\"missing\""));
  CHECK(has(audit_of({"--table"}).out, "\nmissing: it was acknowledged: event "));
  CHECK(has(audit_of({"--cut-ns", "1"}).out, "\"acknowledged\":0,"));

  write(log, text_of(std::filesystem::path{log}) + "nonsense\nnonsense\n");
  done = audit_of();
  CHECK(done.status == 2);
  CHECK(has(done.err, "skald: line 22 of the log: "));
  write(log, run_text());
  CHECK(run({"audit", "--store", "sqlite:" + log + "-none", log}).status == 2);
}
