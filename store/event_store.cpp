#include <skald/store/event_store.hpp>

#include <skald/store/backend.hpp>
#include <skald/store/checksum.hpp>
#include <skald/store/event.hpp>
#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/transaction.hpp>
#include <skald/store/validation.hpp>

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace skald {

namespace {

using detail::in_quotes;

result<void> check_stream(const stream_id& stream) {
  if (stream.empty()) return error{errc::invalid_argument, "a stream id is empty: give it a name"};
  if (stream.reserved())
    return error{errc::invalid_argument,
                 "stream " + in_quotes(stream.str()) + ": names that start with '$' are reserved, choose another one"};
  return {};
}

result<void> check_created(timestamp created) {
  if (created > timestamp::max())
    return error{errc::invalid_argument, "the time of creation lies behind the year 6429"};
  return {};
}

/// How far times that are given may lie in the future: by the wall, or a chain of calls would move the clock further.
timestamp::milliseconds latest_created(const store_options& options) {
  constexpr auto end = timestamp::max().time();
  const auto now = std::clamp(options.wall(), timestamp::milliseconds{}, end);
  return now + std::min(options.max_drift, end - now);
}

/// What moves the clock leaves it room behind it, or nothing could be written any more.
constexpr auto latest_observed = timestamp::max().time() - std::chrono::days{1};

error too_far_ahead(const std::string& what, timestamp created, const store_options& options) {
  return {errc::clock_drift, what + " was created at " + created.str() + ", more than " +
                               std::to_string(options.max_drift.count()) +
                               " ms ahead of this node's clock: say when it happened, and set the clocks right"};
}

error clock_at_its_end() {
  return {errc::insertion_failed, "this store's clock has come to the end of time, " + timestamp::max().str() +
                                    ": set the clock of this machine right and open the store again, or restore it "
                                    "from a backup where what it holds is from there"};
}

result<void> at_most(std::size_t most, std::size_t found, std::string_view what) {
  if (found <= most) return {};
  return error{errc::invalid_argument,
               "one request has more than " + std::to_string(most) + ' ' + std::string{what} + ": make several of it"};
}

/// The type and the sizes.
result<void> check_size(std::string_view type, std::string_view data, std::string_view meta) {
  if (auto problem = detail::problem_of_name("an event type", type, limits::event_type_bytes)) return *problem;
  if (const auto size = data.size() + meta.size(); size > limits::event_bytes)
    return error{errc::invalid_argument, "an event of type " + in_quotes(type) + " has " + std::to_string(size) +
                                           " bytes of data, at most " + std::to_string(limits::event_bytes) +
                                           " are stored: keep large objects elsewhere and name them"};
  return {};
}

/// JSON text, for whatever is not written by the typed interface.
result<void> check_text(std::string_view type, std::string_view data, std::string_view meta) {
  if (auto valid = check_json(data); !valid)
    return error{errc::invalid_event, "data of " + in_quotes(type) + ": " + valid.error().message};
  if (meta.empty()) return {};
  if (auto valid = check_json(meta); !valid)
    return error{errc::invalid_event, "metadata of " + in_quotes(type) + ": " + valid.error().message};
  return {};
}

result<void> check_event(const new_event& event, const catalog* types) {
  if (auto ok = check_created(event.created); !ok) return ok;
  if (auto ok = check_size(event.type, event.data, event.meta); !ok) return ok;
  if (!event.typed)
    if (auto ok = check_text(event.type, event.data, event.meta); !ok) return ok;
  return types ? types->check(event) : result<void>{};
}

/// What one request, or one call of `hydrate`, may hold, counted together.
class volume {
public:
  [[nodiscard]] result<void> add(std::string_view data, std::string_view meta) {
    bytes_ += data.size() + meta.size();
    if (auto ok = at_most(limits::request_events, ++events_, "events"); !ok) return ok;
    return at_most(limits::request_bytes, bytes_, "bytes of data");
  }

private:
  std::size_t events_ = 0;
  std::size_t bytes_ = 0;
};

result<void> check_relations(std::span<const relation_change> changes) {
  using kind = relation_change::kind;
  if (auto ok = at_most(limits::relation_changes, changes.size(), "changes of relations"); !ok) return ok;
  for (const auto& change : changes) {
    if (change.what() != kind::remove_stream && change.key().empty())
      return error{errc::invalid_argument, "a relation key is empty: give it a name"};
    if (change.what() != kind::remove_key && change.stream().empty())
      return error{errc::invalid_argument, "a change of relations names an empty stream id: name the stream"};
  }
  return {};
}

/// What follows from a record that is about to be written. Errors: `invalid_event`.
result<std::vector<relation_change>> relations_of(const record& r, const catalog* types) {
  if (!types) return std::vector<relation_change>{};
  auto changes = types->relations_of(r);
  if (!changes) return changes;
  if (auto ok = check_relations(*changes); !ok)
    return detail::unreadable(r, "relations", {errc::invalid_event, ok.error().message});
  return changes;
}

result<void> check_answer(const append_request& request) {
  if (request.answer.empty()) return {};
  if (request.command.empty())
    return error{errc::invalid_argument, "a request has an answer, but no command to keep it under: give a command id"};
  if (request.answer.size() > limits::answer_bytes)
    return error{errc::invalid_argument, "the answer to command " + in_quotes(request.command.str()) + " has " +
                                           std::to_string(request.answer.size()) + " bytes, at most " +
                                           std::to_string(limits::answer_bytes) + " are kept"};
  if (auto valid = check_json(request.answer); !valid)
    return error{errc::invalid_argument,
                 "the answer to command " + in_quotes(request.command.str()) + ": " + valid.error().message};
  return {};
}

/// All that can be said of a request without looking into the store.
result<void> check_request(const append_request& request, const catalog* types) {
  if (auto ok = at_most(limits::request_streams, request.streams.size(), "streams"); !ok) return ok;
  std::unordered_set<stream_id> streams;
  std::unordered_set<event_id> ids;
  volume all;
  for (const auto& part : request.streams) {
    if (auto ok = check_stream(part.stream); !ok) return ok;
    if (request.streams.size() > 1 && !streams.insert(part.stream).second)
      return error{errc::invalid_argument, "stream " + in_quotes(part.stream.str()) +
                                             " is named twice in one request: put its events into one part"};
    for (const auto& event : part.events) {
      if (!event.id.nil() && !ids.insert(event.id).second)
        return error{errc::invalid_argument, "event id " + event.id.str() + " stands twice in one request"};
      if (auto ok = all.add(event.data, event.meta); !ok) return ok;
      if (auto ok = check_event(event, types); !ok) return ok;
    }
  }
  if (auto ok = check_answer(request); !ok) return ok;
  return check_relations(request.relations);
}

result<void> check_record(const record& r) {
  if (r.id.nil()) return error{errc::invalid_argument, "a hydrated record has no event id"};
  if (!r.created.given())
    return error{errc::invalid_argument, "hydrated record " + r.id.str() + " does not say when it was created"};
  if (auto ok = check_stream(r.stream); !ok) return ok;
  if (auto ok = check_created(r.created); !ok) return ok;
  if (auto ok = check_size(r.type, r.data, r.meta); !ok) return ok;
  return check_text(r.type, r.data, r.meta);
}

error wrong_revision(const stream_append& part, revision actual) {
  error e{errc::wrong_expected_revision, "stream " + in_quotes(part.stream.str()) + " is at revision " +
                                           std::to_string(actual.value) + ", the request expects " +
                                           part.expected.str() + ": read it again and decide anew"};
  e.conflict = {part.stream.str(), part.expected.str(), actual.value};
  return e;
}

using known_event = event_store::transaction::known_event;

/// What sets an event of a stream apart from the one that is stored under its id; null for nothing.
const char* difference(const auto& event, const stream_id& stream, const known_event& known) {
  if (known.stored.stream != stream) return "which is another stream than this one's";
  if (known.stored.type != event.type) return "with another type";
  if (known.stored.schema_version != event.schema_version) return "with another schema version";
  return checksum_of(known.stored, event.data, event.meta) == known.checksum ? nullptr : "with other data or metadata";
}

/// The same of a record of another store, whose place there, marks and batch say nothing about the event.
///
/// Times count to the millisecond, for counters of logs without them follow from their neighbours. Only an append may have
/// raised one.
const char* difference(const record& r, const known_event& known) {
  if (const auto* other = difference(r, r.stream, known)) return other;
  const auto here = known.stored.created.time();
  return r.created.time() == here || (!known.stored.hydrated && r.created.time() < here) ? nullptr
                                                                                         : "created at another time";
}

std::string already_stored(const record& known, std::string_view how) {
  return "event " + known.id.str() + " is already stored, in stream " + in_quotes(known.stream.str()) +
         " at revision " + std::to_string(known.revision.value) + ", " + std::string{how};
}

error duplicate(const record& known, std::string_view how) {
  return {errc::duplicate_event, already_stored(known, how)};
}

/// Receipts that were kept before it are none any more.
timestamp oldest_receipt(timestamp now, const store_options& options) {
  const auto age = std::min(options.command_retention, std::chrono::milliseconds{now.time().time_since_epoch()});
  return {now.time() - age, 0};
}

/// The receipt of a command that was carried out.
std::optional<receipt> find_receipt(event_store::transaction& tx, const command_id& command, timestamp oldest) {
  auto known = tx.find(command);
  if (!known || known->kept < oldest) return {};
  return std::move(known->given);
}

/// Decides on one request and writes what it may.
class appender {
public:
  /// `seen` are the streams that validators have read for it, `records` what is overwritten with its records: the memory of
  /// the last request's.
  appender(event_store::transaction& tx, hybrid_clock& clock, const store_options& options,
           const append_request& request, std::span<const stream_append> seen, std::vector<record>& records)
    : tx_{tx}, clock_{clock}, options_{options}, types_{options.catalog.get()}, request_{request}, seen_{seen},
      records_{records} {}

  result<receipt> run() {
    if (request_.command.empty()) return decide();
    const auto now = clock_.now();
    const auto oldest = oldest_receipt(now, options_);
    if (auto known = find_receipt(tx_, request_.command, oldest)) return std::move(*known);
    if (now > timestamp::max()) return clock_at_its_end();
    auto answer = decide();
    if (!answer) return answer;
    answer->answer = request_.answer;
    tx_.keep(request_.command, *answer, now);
    tx_.forget_receipts(oldest);
    return answer;
  }

private:
  result<receipt> decide() {
    look_up();
    if (known_count_ != 0 && known_count_ == event_count_) return repeat();
    if (auto ok = check_expectations(); !ok) return ok.error();
    if (known_count_ != 0) return first_known("and others of the request are not: they cannot be written together");
    return write();
  }

  void look_up() {
    for (const auto& part : request_.streams)
      for (const auto& event : part.events) {
        ++event_count_;
        if (event.id.nil()) continue;
        known_.resize(event_count_);
        known_.back() = tx_.find(event.id);
        if (known_.back()) ++known_count_;
      }
  }

  result<void> check_expectations() {
    for (const auto& part : request_.streams) {
      const auto head = tx_.head_of(part.stream);
      if (!part.expected.met_by(head.revision)) return wrong_revision(part, head.revision);
      auto newest = head.newest;
      for (const auto& event : part.events) {
        if (event.created.given() && event.created.time() > latest_created(options_))
          return too_far_ahead("an event of type " + in_quotes(event.type), event.created, options_);
        newest = std::max(event.created, newest.next());
      }
      if (newest > timestamp::max())
        return error{errc::invalid_argument, "stream " + in_quotes(part.stream.str()) +
                                               " holds an event from the end of time: nothing can come behind it"};
    }
    for (const auto& part : seen_)
      if (const auto now = tx_.head_of(part.stream).revision; !part.expected.met_by(now))
        return wrong_revision(part, now);
    return check_basis();
  }

  /// Whether the event that the decision rests on is there, and the last one of its stream.
  result<void> check_basis() {
    if (!request_.after || request_.streams.empty()) return {};
    const auto basis = tx_.find(*request_.after);
    for (const auto& part : request_.streams)
      if (basis && basis->stored.stream == part.stream && basis->stored.revision == tx_.head_of(part.stream).revision)
        return {};
    const auto& part = request_.streams.front();
    return wrong_revision(part, tx_.head_of(part.stream).revision);
  }

  error first_known(std::string_view how) const {
    const auto known = std::ranges::find_if(known_, &std::optional<known_event>::has_value);
    return duplicate((*known)->stored, how);
  }

  /// All ids are known: the original receipt, if this is what was written then.
  result<receipt> repeat() {
    receipt answer{{}, known_.front()->stored.position, known_.back()->stored.position};
    const position before{answer.first.value - 1};
    std::size_t i = 0;
    for (const auto& part : request_.streams) {
      const auto base =
        part.events.empty() ? tx_.revision_at(part.stream, before) : revision{known_[i]->stored.revision.value - 1};
      // `stream_exists` is met by what this request itself wrote then.
      const bool exists = part.expected == expected_revision::stream_exists() && !part.events.empty();
      if (!exists && !part.expected.met_by(base)) {
        const auto actual = tx_.head_of(part.stream).revision;
        if (!part.expected.met_by(actual)) return wrong_revision(part, actual);
        return first_known("and cannot be appended again");
      }
      auto revision_now = base;
      for (const auto& event : part.events) {
        const auto& known = known_[i]->stored;
        if (const auto* other = difference(event, part.stream, *known_[i])) return duplicate(known, other);
        if (known.position.value != answer.first.value + i)
          return duplicate(known, "and was not written together with the others of the request");
        ++revision_now.value;
        ++i;
      }
      answer.revisions.push_back(revision_now);
    }
    return answer;
  }

  /// Nothing is written before all that follows from the events is known to be fit.
  result<receipt> write() {
    receipt answer;
    if (records_.size() < event_count_) records_.resize(event_count_);
    const std::span records{records_.data(), event_count_};
    auto next = records.begin();
    std::vector<relation_change> relations;
    auto last = tx_.head();
    for (const auto& part : request_.streams) {
      auto head = tx_.head_of(part.stream);
      for (const auto& event : part.events) {
        auto& r = *next++;
        r.id = event.id.nil() ? make_event_id() : event.id;
        r.stream = part.stream;
        r.revision = head.revision = revision{head.revision.value + 1};
        r.position = last = position{last.value + 1};
        r.type = event.type;
        r.schema_version = event.schema_version;
        r.data = event.data;
        r.meta = event.meta;
        r.recorded = clock_.now();
        r.created = head.newest = std::max(event.created.given() ? event.created : r.recorded, head.newest.next());
        if (std::max(r.recorded, r.created) > timestamp::max()) return clock_at_its_end();
        r.batch = request_.batch;
        r.silent = !request_.emit;
        auto follow = relations_of(r, types_);
        if (!follow) return follow.error();
        std::ranges::move(*follow, std::back_inserter(relations));
      }
      answer.revisions.push_back(head.revision);
    }
    std::ranges::copy(request_.relations, std::back_inserter(relations));
    if (auto ok = at_most(limits::relation_changes, relations.size(), "changes of relations"); !ok) return ok.error();
    for (const auto& r : records) tx_.write(r);
    for (const auto& change : relations) tx_.relate(change);
    if (!records.empty()) {
      answer.first = records.front().position;
      answer.last = records.back().position;
    }
    return answer;
  }

  event_store::transaction& tx_;
  hybrid_clock& clock_;
  const store_options& options_;
  const catalog* types_;
  const append_request& request_;
  std::span<const stream_append> seen_;
  std::vector<record>& records_;
  std::vector<std::optional<known_event>> known_; // of each event, in order, up to the last one with an id
  std::size_t event_count_ = 0;
  std::size_t known_count_ = 0;
};

} // namespace

/// Commits a group: as one, or cut in front of a request whose validators look at what others of it write.
class event_store::group_commit {
public:
  group_commit(event_store& store, std::span<const append_request> group)
    : store_{store}, types_{store.options_.catalog.get()}, group_{group} {}

  std::vector<result<receipt>> run() {
    answers_.reserve(group_.size());
    for (std::size_t i = 0; i < group_.size(); ++i) answers_.emplace_back(receipt{});
    for (std::size_t i = 0; i < group_.size(); ++i) {
      const auto& request = group_[i];
      if (auto ok = check_request(request, types_); !ok) {
        answers_[i] = ok.error();
        continue;
      }
      if (request.streams.empty() && request.relations.empty() && request.command.empty()) continue;
      if (broken_) {
        answers_[i] = *broken_;
        continue;
      }
      member next{i, {}};
      if (auto ok = validate(request, next.seen); !ok)
        answers_[i] = ok.error();
      else
        waiting_.push_back(std::move(next));
    }
    (void)commit(); // its error is in the answers
    return std::move(answers_);
  }

private:
  struct member {
    std::size_t index;
    std::vector<stream_append> seen;
  };

  result<void> validate(const append_request& request, std::vector<stream_append>& seen) {
    const auto concerned = [&](const new_event& event) { return types_->validates(event.type); };
    const auto any = [&](const stream_append& part) { return std::ranges::any_of(part.events, concerned); };
    if (!types_ || !types_->validates() || std::ranges::none_of(request.streams, any)) return {};
    const auto again = repeats(request);
    if (!again) return again.error();
    if (*again) return {};
    validation looks{store_, [&](const stream_id& stream) { return writes(stream) ? commit() : result<void>{}; }};
    for (const auto& part : request.streams)
      for (const auto& event : part.events) {
        if (!concerned(event)) continue;
        looks.look_at(part.stream, event);
        if (auto ok = types_->validate(looks); !ok) return ok;
      }
    seen = looks.take_seen();
    return {};
  }

  /// Whether it was written before, so that the answer is what it was then. One that stands in front may be the same.
  result<bool> repeats(const append_request& request) {
    const auto same = [&](const member& other) { return alike(request, group_[other.index]); };
    if (std::ranges::any_of(waiting_, same))
      if (auto ok = commit(); !ok) return ok.error();
    if (const auto id = first_id(request)) {
      const auto known = store_.find(*id);
      if (!known) return known.error();
      if (*known) return true;
    }
    if (request.command.empty()) return false;
    bool known = false;
    const auto looked = store_.transact([&](transaction& tx) -> result<void> {
      known = find_receipt(tx, request.command, oldest_receipt(store_.clock_.now(), store_.options_)).has_value();
      return {};
    });
    if (!looked) return looked.error();
    return known;
  }

  static std::optional<event_id> first_id(const append_request& request) {
    for (const auto& part : request.streams)
      for (const auto& event : part.events)
        if (!event.id.nil()) return event.id;
    return {};
  }

  static bool alike(const append_request& a, const append_request& b) {
    const auto id = first_id(a);
    return (!a.command.empty() && a.command == b.command) || (id && id == first_id(b));
  }

  /// Whether one in front does.
  [[nodiscard]] bool writes(const stream_id& stream) const {
    return std::ranges::any_of(waiting_, [&](const member& m) {
      return std::ranges::any_of(group_[m.index].streams,
                                 [&](const stream_append& part) { return part.stream == stream; });
    });
  }

  result<void> commit() {
    if (waiting_.empty()) return {};
    const auto members = std::exchange(waiting_, {});
    std::vector<const append_request*> requests;
    for (const auto& m : members) requests.push_back(&group_[m.index]);
    std::vector<record> records;
    auto done = store_.transact([&](transaction& tx) -> result<void> {
      tx.prefetch(requests);
      for (const auto& m : members)
        answers_[m.index] = appender{tx, store_.clock_, store_.options_, group_[m.index], m.seen, records}.run();
      return {};
    });
    if (done) return done;
    for (const auto& m : members) answers_[m.index] = done.error();
    broken_ = done.error();
    broken_->outcome = outcome::not_written; // of what lies behind
    return *broken_;
  }

  event_store& store_;
  const catalog* types_;
  std::span<const append_request> group_;
  std::vector<result<receipt>> answers_;
  std::vector<member> waiting_; // to be committed
  std::optional<error> broken_; // why nothing can be
};

std::vector<result<receipt>> event_store::append(std::span<const append_request> group) {
  return group_commit{*this, group}.run();
}

result<receipt> event_store::append(const append_request& request) {
  return std::move(append(std::span{&request, 1}).front());
}

result<hydrate_report> event_store::hydrate(std::span<const record> records) {
  const auto latest = latest_created(options_);
  volume all;
  for (const auto& r : records) {
    if (auto ok = all.add(r.data, r.meta); !ok) return ok.error();
    if (auto ok = check_record(r); !ok) return ok.error();
    if (r.created.time() > latest) return too_far_ahead("record " + r.id.str(), r.created, options_);
    if (r.created.time() > latest_observed)
      return error{errc::invalid_argument, "record " + r.id.str() + " was created at " + r.created.str() +
                                             ", on the last day of time: the clock would have no room behind it: say "
                                             "when it happened"};
  }
  hydrate_report report;
  const auto done = transact([&](transaction& tx) -> result<void> {
    report = {};
    std::size_t changes = 0;
    tx.prefetch(records);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto& source = records[i];
      if (const auto known = tx.find(source.id)) {
        ++report.known;
        if (const auto* other = difference(source, *known))
          report.different.push_back({i, already_stored(known->stored, other)});
        continue;
      }
      clock_.observe(source.created);
      auto r = source;
      r.revision = revision{tx.head_of(r.stream).revision.value + 1};
      r.position = report.last = position{tx.head().value + 1};
      r.recorded = clock_.now();
      if (r.recorded > timestamp::max()) return clock_at_its_end();
      r.hydrated = true;
      r.outdated = tx.holds_later(r.stream, r.type, r.created);
      const auto follow = relations_of(r, options_.catalog.get());
      if (!follow) return follow.error();
      changes += follow->size();
      if (auto ok = at_most(limits::relation_changes, changes, "changes of relations"); !ok) return ok;
      tx.write(r);
      for (const auto& change : *follow) tx.relate(change);
      ++report.written;
    }
    return {};
  });
  if (!done) return done.error();
  return report;
}

result<void> event_store::relate(std::span<const relation_change> changes) {
  if (auto ok = check_relations(changes); !ok) return ok;
  if (changes.empty()) return {};
  return transact([&](transaction& tx) -> result<void> {
    tx.prefetch(changes);
    for (const auto& change : changes) tx.relate(change);
    return {};
  });
}

result<void> event_store::save_snapshots(std::span<const snapshot> snapshots) {
  for (const auto& s : snapshots)
    if (auto ok = detail::check_snapshot(s); !ok) return ok;
  if (snapshots.empty()) return {};
  return transact_relaxed([&](transaction& tx) -> result<void> {
    for (auto s : snapshots) {
      const auto last = tx.find(s.cursor.id);
      if (!last || (s.key.stream() && last->stored.stream != *s.key.stream()))
        return error{errc::invalid_argument, "snapshot of " + in_quotes(s.key.name()) + ": the last record folded, " +
                                               s.cursor.id.str() + ", is not stored there: fold what is stored"};
      s.cursor.created = last->stored.created;
      tx.save(s);
    }
    return {};
  });
}

result<void> event_store::remove_snapshot(const snapshot_key& key) {
  if (auto ok = detail::check_key(key); !ok) return ok;
  return transact_relaxed([&](transaction& tx) -> result<void> {
    tx.remove(key);
    return {};
  });
}

} // namespace skald
