#include <skald/projection/projection_run.hpp>

#include <skald/store/memory_store.hpp>

#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace skald;
using namespace std::chrono_literals;

namespace {

using time_point = projection_run::time_point;
using lines = std::vector<std::string>;

const error full{errc::insertion_failed, "the disk is full"};

time_point at(std::chrono::seconds since) { return time_point{since}; }

/// A run with one `on` handler for "t", and its actions as words. Tickets count from 1 with the positions.
class script {
public:
  using action_list = projection_run::actions;

  projection_run run{"p", {{"on:t", handler_kind::on, "t"}}};

  [[nodiscard]] projection_run::reply reply(std::string who) {
    return [this, who = std::move(who)](const result<void>& what) {
      words_.push_back(who + ": " + (what ? "ok" : std::string{to_string(what.error().code)}));
    };
  }

  lines say(action_list all) {
    words_.clear();
    for (auto& next : all) std::visit([this](auto& action) { say(action); }, next);
    return std::exchange(words_, {});
  }

private:
  static std::string number(position p) { return std::to_string(p.value); }

  void say(const projection_run::deliver_action& a) {
    std::string which = "deliver";
    for (const auto& item : a.records.runs.at(0).items) which += " " + std::to_string(item.ticket);
    words_.push_back(which);
  }
  void say(const projection_run::read_action& a) { words_.push_back("read after " + number(a.after)); }
  void say(const projection_run::save_action& a) { words_.push_back("save " + number(a.update.handled)); }
  void say(const projection_run::rewind_action& a) {
    const auto unsaved = a.unsaved ? "save " + number(a.unsaved->handled) + ", " : "";
    words_.push_back(unsaved + "rewind to " + number(a.to));
  }
  void say(const projection_run::reset_action&) { words_.emplace_back("reset"); }
  void say(const projection_run::cancel_action&) { words_.emplace_back("cancel"); }
  void say(const projection_run::report_action& a) {
    words_.push_back("report " + std::string{to_string(a.why.code)} + (a.at ? " at " + number(a.at->position) : ""));
  }
  void say(projection_run::answer_action& a) { a.to(a.what); }
  void say(const projection_run::wake_action& a) {
    words_.push_back("wake at " + std::to_string(a.at.time_since_epoch() / 1s));
  }

  lines words_;
};

// -- what may happen to a run ----------------------------------------------------------------------------------------

using step = std::function<projection_run::actions(script&)>;

const step registered = [](script& s) { return s.run.registered(checkpoint{}, position{2}); };
const step not_registered = [](script& s) { return s.run.registered(full, {}); };
const step awake = [](script& s) { return s.run.committed(position{2}); };
const step grown = [](script& s) { return s.run.committed(position{3}); };

/// Records 1 and 2, of one stream.
const step page_read = [](script& s) {
  page records;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    record r;
    r.stream = stream_id{"s"};
    r.type = "t";
    r.position = position{i};
    records.records.push_back(std::move(r));
  }
  return s.run.page_read(std::move(records));
};
const step page_unreadable = [](script& s) { return s.run.page_read(error{errc::read_failed, "torn"}); };

step done(std::vector<ticket> which) {
  return [=](script& s) { return s.run.handled({0, which, {}, {}}); };
}
step failed(ticket which, errc code = errc::handler_failed) {
  return [=](script& s) { return s.run.handled({0, {}, {}, {{which, error{code, "no ink"}}}}); };
}
step abandoned(ticket which) {
  return [=](script& s) { return s.run.handled({0, {}, {which}, {}}); };
}

const step saved = [](script& s) { return s.run.saved({}); };
const step not_saved = [](script& s) { return s.run.saved(full); };
const step reach = [](script& s) { return s.run.reach(position{9}, at(60s), s.reply("reach")); };
const step replay = [](script& s) { return s.run.replay(position{}, {}, s.reply("replay")); };
const step rewound = [](script& s) { return s.run.rewound(checkpoint{{}, position{2}, {}}); };
const step not_rewound = [](script& s) { return s.run.rewound(full); };
const step reset_done = [](script& s) { return s.run.reset_done({}); };
const step not_reset = [](script& s) { return s.run.reset_done(error{errc::handler_failed, "no"}); };
const step halt = [](script& s) { return s.run.halt(at(5s), s.reply("halt")); };

step woken(std::chrono::seconds now) {
  return [=](script& s) { return s.run.woken(at(now)); };
}

using steps = std::vector<step>;

steps operator+(steps before, const steps& after) {
  before.insert(before.end(), after.begin(), after.end());
  return before;
}

// -- how to bring a run into each phase ------------------------------------------------------------------------------

const steps when_idle{registered};
const steps when_handling{registered, awake, page_read};
const steps when_stopped = when_handling + steps{failed(1), abandoned(2)};
const steps when_unsaved = when_handling + steps{done({1, 2}), not_saved};
const steps when_quiescing = when_handling + steps{replay};
const steps when_replaying = when_idle + steps{replay};
const steps when_resetting = when_replaying + steps{rewound};
const steps when_finishing = when_replaying + steps{halt};
const steps when_halting = when_handling + steps{halt};

struct transition {
  const char* name;
  steps before;
  step event;
  lines actions;
  projection_phase phase;
};

using enum projection_phase;

// clang-format off
const transition transitions[] = {
  {"registered, it waits to be woken", {}, registered, {}, live},
  {"not registered, it is stopped", {}, not_registered, {"report insertion_failed"}, stopped},
  {"it may end before it is registered", {}, halt, {"wake at 5", "halt: ok"}, halting},

  {"woken, it reads from its checkpoint", when_idle, awake, {"read after 0"}, live},
  {"it delivers what it has read", {registered, awake}, page_read, {"deliver 1 2"}, live},
  {"it saves what is handled", when_handling, done({1}), {"save 1"}, live},
  {"it saves once at a time", when_handling + steps{done({1})}, done({2}), {}, live},
  {"it saves the rest after that", when_handling + steps{done({1}), done({2})}, saved, {"save 2"}, live},
  {"reached, it answers", when_handling + steps{done({1, 2})},
   [](script& s) { return s.run.reach(position{2}, at(60s), s.reply("reach")); }, {"wake at 60", "reach: ok"}, live},
  {"it wakes for a deadline", when_idle, reach, {"wake at 60"}, live},
  {"it wakes again where it was too early", when_idle + steps{reach}, woken(59s), {"wake at 60"}, live},
  {"a deadline passes", when_idle + steps{reach}, woken(60s), {"reach: timeout"}, live},
  {"a throwing handler stops it", when_handling + steps{done({1}), saved, reach}, failed(2),
   {"report handler_failed at 2", "reach: handler_failed"}, stopped},
  {"what cannot be read stops it", {registered, awake, reach}, page_unreadable,
   {"report read_failed", "reach: read_failed"}, stopped},
  {"what cannot be saved stops it", when_handling + steps{done({1, 2}), reach}, not_saved,
   {"report insertion_failed", "reach: insertion_failed"}, stopped},

  {"stopped, it does not read", when_stopped, awake, {}, stopped},
  {"stopped, nothing is reached", when_stopped, reach, {"wake at 60", "reach: handler_failed"}, stopped},
  {"stopped, it saves what still ends", {registered, grown, page_read, page_unreadable}, done({1}),
   {"save 1"}, stopped},
  {"stopped because it could not save, it does not try again", when_unsaved, awake, {}, stopped},
  {"stopped, it may be replayed", when_stopped, replay, {"rewind to 0"}, replaying},
  {"a replay saves what could not be saved", when_unsaved, replay, {"save 2, rewind to 0"}, replaying},
  {"stopped, it ends", when_stopped, halt, {"wake at 5", "halt: ok"}, halting},
  {"the end saves what could not be saved", when_unsaved, halt, {"wake at 5", "save 2"}, halting},

  {"a replay waits for handlers", when_handling, replay, {}, quiescing},
  {"a replay waits for reading", {registered, awake}, replay, {}, quiescing},
  {"a replay waits for saving", when_quiescing, done({1, 2}), {"save 2"}, quiescing},
  {"once it is quiet the checkpoint is rewound", when_quiescing + steps{done({1, 2})}, saved, {"rewind to 0"},
   replaying},
  {"a handler may throw before a replay", when_quiescing + steps{abandoned(2)}, failed(1),
   {"report handler_failed at 1", "rewind to 0"}, replaying},
  {"there is one replay at a time", when_quiescing, replay, {"replay: rejected"}, quiescing},
  {"nothing is reached before a replay", when_quiescing + steps{done({1, 2})},
   [](script& s) { return s.run.reach(position{2}, at(60s), s.reply("reach")); }, {"wake at 60"},
   quiescing},
  {"the end refuses a replay that waits", when_quiescing, halt, {"replay: stopped", "wake at 5"}, halting},

  {"rewound, the read model is reset", when_replaying, rewound, {"reset"}, replaying},
  {"not rewound, it is stopped", when_replaying + steps{reach}, not_rewound,
   {"report insertion_failed", "replay: insertion_failed", "reach: insertion_failed"}, stopped},
  {"not rewound, it keeps what could not be saved", when_unsaved + steps{replay, not_rewound}, halt,
   {"wake at 5", "save 2"}, halting},
  {"another replay has to wait", when_replaying, replay, {"replay: rejected"}, replaying},
  {"reset, it begins again", when_handling + steps{done({1, 2}), saved, replay, rewound}, reset_done,
   {"replay: ok", "read after 0"}, live},
  {"not reset, it begins again all the same", when_resetting, not_reset, {"replay: handler_failed"}, live},
  {"a replay starts what was stopped", when_stopped + steps{replay, rewound}, reset_done, {"replay: ok", "read after 0"},
   live},
  {"a replay that has begun is finished before the end", when_replaying, halt, {"wake at 5"},
   halting_after_replay},

  {"before the end, too, the read model is reset", when_finishing, rewound, {"reset"},
   halting_after_replay},
  {"it is answered before the end", when_finishing + steps{rewound}, reset_done, {"replay: ok", "halt: ok"},
   halting},
  {"not rewound, it ends", when_finishing, not_rewound,
   {"report insertion_failed", "replay: insertion_failed", "halt: ok"}, halting},
  {"ending, it is not replayed again", when_finishing, replay, {"replay: stopped"},
   halting_after_replay},

  {"the end waits for handlers", when_handling, halt, {"wake at 5"}, halting},
  {"the end waits for saving", when_halting, done({1, 2}), {"save 2"}, halting},
  {"saved, it has ended", when_halting + steps{done({1, 2})}, saved, {"halt: ok"}, halting},
  {"not saved, the end says so", when_halting + steps{done({1, 2})}, not_saved,
   {"report insertion_failed", "halt: insertion_failed"}, halting},
  {"ending, it saves again with the last handler", when_halting + steps{done({1}), not_saved}, abandoned(2), {"save 1"},
   halting},
  {"ending, nothing is reached", when_halting, reach, {"wake at 60", "reach: stopped"}, halting},
  {"ending, it is not replayed", when_halting, replay, {"replay: stopped"}, halting},
  {"ending, it does not read", when_halting, awake, {}, halting},
  {"ending, it gives handlers time", when_halting, woken(4s), {"wake at 5"}, halting},
  {"ending, it cancels those that take longer", when_halting, woken(5s), {"cancel"}, halting},
  {"it cancels once", when_halting + steps{woken(5s)}, woken(6s), {}, halting},
  {"a handler that the ending node refused something has not failed", when_halting + steps{abandoned(2)},
   failed(1, errc::stopped), {"halt: ok"}, halting},
  {"one that throws has", when_halting + steps{abandoned(2)}, failed(1), {"report handler_failed at 1", "halt: ok"},
   halting},
  {"it may be told to end again", when_halting + steps{abandoned(1), abandoned(2)}, halt, {"halt: ok"},
   halting},
};
// clang-format on

} // namespace

TEST_CASE("what happens to a projection leads to these actions and this phase") {
  for (const auto& t : transitions) {
    CAPTURE(t.name);
    script s;
    for (const auto& before : t.before) s.say(before(s));
    CHECK(s.say(t.event(s)) == t.actions);
    CHECK(s.run.phase() == t.phase);
  }
}

namespace {

/// A run over a store, handlers and callers that answer in any order and may fail, all by chance.
class chance {
public:
  chance(unsigned seed, event_store& store) : random_{seed}, store_{store} {
    auto from = store_.register_projection("p", position{}).value();
    carry_out(run_.registered(std::move(from), store_.head().value()));
    carry_out(run_.committed({}));
  }

  /// One thing happens.
  void step() {
    switch (random_() % 12) {
      case 0: append(); break;
      case 1:
        carry_out(run_.reach(position{random_() % 60}, now_ + std::chrono::seconds{random_() % 20}, owe()));
        break;
      case 2:
        if (random_() % 4 == 0) carry_out(run_.replay(position{random_() % 40}, [this] { ++resets; }, owe()));
        break;
      case 3:
        now_ += 1s;
        if (std::erase_if(wakes_, [this](time_point t) { return t <= now_; }) != 0) carry_out(run_.woken(now_));
        break;
      default: finish_one(3);
    }
  }

  /// Ends the run. Answers whether its progress is saved.
  bool end(unsigned failures) {
    bool ended = false;
    bool clean = false;
    halting_ = true;
    carry_out(run_.halt(now_ + 5s, [&](const result<void>& what) {
      ended = true;
      clean = what.has_value();
    }));
    while (finish_one(failures)) {
    }
    CHECK(ended);
    CHECK(owed_ == 0);
    CHECK(run_.phase() == projection_phase::halting);
    return clean;
  }

  /// One of the things that are under way ends; `failures` in a hundred fail.
  bool finish_one(unsigned failures) {
    if (pending_.empty()) return false;
    const auto i = random_() % pending_.size();
    const auto next = std::move(pending_[i]);
    pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(i));
    carry_out(next(random_() % 100 < failures));
    return true;
  }

  void append() {
    for (auto i = random_() % 3 + 1; i != 0; --i) {
      const stream_id stream{std::string(1, static_cast<char>('a' + random_() % 3))};
      store_.append(append_request{stream, expected_revision::any(), {new_event{"t", "{}"}}}).value();
    }
    carry_out(run_.committed(store_.head().value()));
  }

  std::map<std::uint64_t, int> fresh; ///< how often the `once` handler was done with each position
  std::map<std::uint64_t, int> all;   ///< the same of the `all` handler
  int resets = 0;

private:
  using pending = std::function<projection_run::actions(bool fails)>;

  projection_run::reply owe() {
    ++owed_;
    return [this, answered = std::make_shared<bool>(false)](const result<void>&) {
      CHECK_FALSE(std::exchange(*answered, true));
      --owed_;
    };
  }

  void carry_out(projection_run::actions actions) {
    for (auto& next : actions) std::visit([this](auto& action) { carry_out(action); }, next);
  }

  void carry_out(projection_run::deliver_action& a) {
    CHECK(run_.phase() == projection_phase::live);
    for (std::size_t i = 0; i < a.records.runs.size(); ++i) deliver(std::make_shared<assignment>(a.records), i, 0);
  }

  void deliver(std::shared_ptr<const assignment> what, std::size_t run, std::size_t item) {
    ++delivering_;
    pending_.emplace_back([this, what, run, item](bool fails) {
      --delivering_;
      const auto& items = what->runs[run].items;
      delivery_report report{what->handler, {}, {}, {}};
      if (fails) {
        report.failed.emplace_back(items[item].ticket, error{errc::handler_failed, "no ink"});
        for (auto rest = item + 1; rest < items.size(); ++rest) report.abandoned.push_back(items[rest].ticket);
      } else {
        const auto where = what->records->records[items[item].index].position.value;
        if (what->handler == 0) CHECK(++fresh[where] == 1);
        if (what->handler == 1) ++all[where];
        report.done.push_back(items[item].ticket);
        if (item + 1 < items.size()) deliver(what, run, item + 1);
      }
      return run_.handled(report);
    });
  }

  void carry_out(projection_run::read_action& a) {
    CHECK(run_.phase() == projection_phase::live);
    CHECK_FALSE(std::exchange(reading_, true));
    auto next = all_query{}.after(a.after);
    next.limit(4);
    pending_.emplace_back([this, next](bool fails) {
      reading_ = false;
      return run_.page_read(fails ? result<page>{error{errc::read_failed, "torn"}} : store_.read(next));
    });
  }

  void carry_out(projection_run::save_action& a) {
    CHECK_FALSE(std::exchange(writing_, true));
    pending_.emplace_back([this, update = a.update](bool fails) {
      writing_ = false;
      return run_.saved(fails ? result<void>{full} : store_.save(std::span{&update, 1}));
    });
  }

  void carry_out(projection_run::rewind_action& a) {
    CHECK_FALSE(std::exchange(writing_, true));
    CHECK_FALSE(reading_);
    CHECK(delivering_ == 0);
    pending_.emplace_back([this, a](bool fails) {
      writing_ = false;
      if (fails) return run_.rewound(full);
      if (a.unsaved) store_.save(std::span{&*a.unsaved, 1}).value();
      return run_.rewound(store_.rewind("p", a.to));
    });
  }

  void carry_out(projection_run::reset_action& a) {
    CHECK_FALSE(reading_);
    CHECK(delivering_ == 0);
    pending_.emplace_back([this, reset = a.reset](bool fails) {
      reset();
      return run_.reset_done(fails ? result<void>{full} : result<void>{});
    });
  }

  void carry_out(projection_run::cancel_action&) { CHECK(halting_); }
  void carry_out(projection_run::report_action&) {}
  void carry_out(projection_run::answer_action& a) { a.to(a.what); }
  void carry_out(projection_run::wake_action& a) { wakes_.push_back(a.at); }

  std::mt19937 random_;
  event_store& store_;
  projection_run run_{"p", {{"once:t", handler_kind::once, "t"}, {"all:t", handler_kind::all, "t"}}};
  std::vector<pending> pending_;
  std::vector<time_point> wakes_;
  time_point now_{};
  int owed_ = 0; ///< answers
  std::size_t delivering_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool halting_ = false;
};

} // namespace

TEST_CASE("by chance: a projection handles everything, nothing twice as fresh, answers everybody and ends") {
  int resets = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    const auto store = open_memory_store();
    std::map<std::uint64_t, int> fresh; // of all runs so far
    std::map<std::uint64_t, int> all;
    for (unsigned life = 0; life < 4; ++life) {
      CAPTURE(life);
      chance run{10 * seed + life, *store};
      run.fresh = fresh;
      run.all = all;
      for (int i = 0; i < 150; ++i) run.step();
      const bool clean = run.end(life % 2 == 0 ? 0 : 20);
      resets += run.resets;
      all = run.all;
      fresh = clean ? run.fresh : std::map<std::uint64_t, int>{}; // progress that was lost may be repeated
    }
    chance last{seed, *store}; // no failures any more
    last.fresh = fresh;
    last.all = all;
    last.append();
    while (last.finish_one(0)) {
    }
    CHECK(last.end(0));
    for (std::uint64_t i = 1; i <= store->head()->value; ++i) CHECK(last.all[i] > 0);
    CHECK(store->register_projection("p", std::nullopt)->handled == *store->head());
  }
  CHECK(resets > 100); // replays happened
}
