#include <skald/store/append/appender.hpp>

#include <skald/store/append/sameness.hpp>
#include <skald/store/checks/append_checks.hpp>
#include <skald/store/checks/time_checks.hpp>
#include <skald/store/event.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace skald::detail {

namespace {

error wrong_revision(const stream_append& part, revision actual) {
  error e{errc::wrong_expected_revision, "stream " + in_quotes(part.stream.str()) + " is at revision " +
                                           std::to_string(actual.value) + ", the request expects " +
                                           part.expected.str() + ": read it again and decide again"};
  e.conflict = {part.stream.str(), part.expected.str(), actual.value};
  return e;
}

error damaged_receipt(const command_id& command) {
  return {errc::corrupt, "command " + in_quotes(command.str()) +
                           " was carried out before, but its receipt is not what was written: the command is not "
                           "carried out again: verify the store to see what else is damaged, and restore it from a "
                           "backup; or, where it may be carried out again, delete its row in skald_commands"};
}

error duplicate(const record& known, std::string_view how) {
  return {errc::duplicate_event, already_stored(known, how)};
}

} // namespace

timestamp oldest_receipt(timestamp now, const store_options& options) {
  const auto age = std::min(options.command_retention, std::chrono::milliseconds{now.time().time_since_epoch()});
  return {now.time() - age, 0};
}

result<std::optional<receipt>> find_receipt(event_store::transaction& tx, const command_id& command, timestamp oldest) {
  auto known = tx.find(command);
  if (known && !known->intact) return damaged_receipt(command);
  if (!known || known->kept < oldest) return std::optional<receipt>{};
  return std::optional{std::move(known->given)};
}

result<receipt> appender::run() {
  if (request_.command.empty()) return decide();
  const auto now = clock_.now();
  const auto oldest = oldest_receipt(now, options_);
  auto known = find_receipt(tx_, request_.command, oldest);
  if (!known) return known.error();
  if (*known) return std::move(**known);
  if (now > timestamp::max()) return clock_at_its_end();
  auto answer = decide();
  if (!answer) return answer;
  answer->answer = request_.answer;
  tx_.keep(request_.command, *answer, now);
  tx_.forget_receipts(oldest);
  return answer;
}

result<receipt> appender::decide() {
  look_up();
  if (known_count_ != 0 && known_count_ == event_count_) return repeat();
  if (auto ok = check_expectations(); !ok) return ok.error();
  if (known_count_ != 0) return first_known("and others of the request are not: they cannot be written together");
  return write();
}

void appender::look_up() {
  for (const auto& part : request_.streams)
    for (const auto& event : part.events) {
      ++event_count_;
      if (event.id.nil()) continue;
      known_.resize(event_count_);
      known_.back() = tx_.find(event.id);
      if (known_.back()) ++known_count_;
    }
}

result<void> appender::check_expectations() {
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
                                             " holds an event from the end of time: nothing can come after it"};
  }
  for (const auto& part : seen_)
    if (const auto now = tx_.head_of(part.stream).revision; !part.expected.met_by(now))
      return wrong_revision(part, now);
  return check_basis();
}

result<void> appender::check_basis() {
  if (!request_.after || request_.streams.empty()) return {};
  const auto basis = tx_.find(*request_.after);
  for (const auto& part : request_.streams)
    if (basis && basis->stored.stream == part.stream && basis->stored.revision == tx_.head_of(part.stream).revision)
      return {};
  const auto& part = request_.streams.front();
  return wrong_revision(part, tx_.head_of(part.stream).revision);
}

error appender::first_known(std::string_view how) const {
  const auto known = std::ranges::find_if(known_, &std::optional<known_event>::has_value);
  return duplicate((*known)->stored, how);
}

result<receipt> appender::repeat() {
  receipt answer{{}, known_.front()->stored.position, known_.back()->stored.position};
  const position before{answer.first.value - 1};
  std::size_t i = 0;
  for (const auto& part : request_.streams) {
    const auto base =
      part.events.empty() ? tx_.revision_at(part.stream, before) : revision{known_[i]->stored.revision.value - 1};
    // `stream_exists` is met by the events that this request itself wrote.
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

result<receipt> appender::write() {
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

} // namespace skald::detail
