#include <skald/store/verify/inspector.hpp>

#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/values/last_position.hpp>
#include <skald/store/verify/record_check.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace skald::detail {

namespace {

std::string text(std::uint64_t number) { return std::to_string(number); }

std::string positions(std::uint64_t first, std::uint64_t last) {
  return first == last ? "position " + text(first) : "positions " + text(first) + " to " + text(last);
}

std::string name_of(const stream_id& stream) { return "stream " + in_quotes(stream.str()); }

} // namespace

void inspector::show_record(const record& r, std::optional<std::uint64_t> checksum, const char* problem) {
  ++found_.records;
  const position expected{last_.value + 1};
  if (r.position > expected)
    add({r.position, r.id, r.stream,
         positions(expected.value, r.position.value - 1) + ": nothing is there, but there is an event at position " +
           text(r.position.value)});
  last_ = std::max(last_, r.position);
  if (!problem) problem = problem_of_checksum(r, checksum);
  if (problem) add({r.position, r.id, r.stream, sentence_about(r, problem)});
}

void inspector::show_unreadable(position first, position last, const std::string& why) {
  const auto range =
    last == last_position ? "positions from " + text(first.value) + " on" : positions(first.value, last.value);
  add({first, {}, {}, range + " cannot be read: " + why});
  last_ = last;
}

void inspector::show_stream(const stream_id& name, revision said, timestamp newest) {
  end_streams();
  ++*found_.streams;
  stream_ = {name, said, newest, {}, {}, {}};
}

void inspector::show_event(revision number, position where, timestamp created) {
  if (!stream_) return; // of a missing stream, which its record reports
  auto& s = *stream_;
  const revision expected{s.last.value + 1};
  const auto here = [&](const std::string& what) {
    add({where, {}, s.name, name_of(s.name) + ": the event at position " + text(where.value) + what});
  };
  if (number == s.last)
    here(" has revision " + text(number.value) + ", as has the one at position " + text(s.last_at.value));
  else if (number != expected)
    here(" has revision " + text(number.value) + ", and there is none of revision " + text(expected.value));
  else if (where < s.last_at)
    here(" has revision " + text(number.value) + ", but lies before revision " + text(s.last.value));
  s.last = number;
  s.last_at = where;
  s.newest = std::max(s.newest, created);
}

void inspector::end_streams() {
  if (!stream_) return;
  const auto& s = *stream_;
  if (s.last != s.said)
    add({s.last_at,
         {},
         s.name,
         name_of(s.name) + " is said to be at revision " + text(s.said.value) + ", its last event has revision " +
           text(s.last.value)});
  if (s.newest != s.said_newest)
    add({{},
         {},
         s.name,
         name_of(s.name) + ": its newest event is said to be of " + s.said_newest.str() + ", it is of " +
           s.newest.str()});
  stream_.reset();
}

void inspector::leave_out_streams() {
  stream_.reset();
  found_.streams.reset();
}

void inspector::show_projection(std::string_view name, position handled) {
  if (handled > last_)
    note("projection " + in_quotes(name) + " has handled position " + text(handled.value) +
         ", the newest record is at position " + text(last_.value));
}

void inspector::show_receipt(std::string_view command, position last, bool intact) {
  if (!intact)
    note("the receipt of command " + in_quotes(command) +
         " is not what was written: its checksum is of something else");
  else if (last > last_)
    note("command " + in_quotes(command) + " was answered with position " + text(last.value) +
         ", the newest record is at position " + text(last_.value));
}

void inspector::show_snapshot(const snapshot_key& key, bool intact) {
  if (!intact)
    note("the snapshot of " + std::string{key.stream() ? "stream " : "relation "} + in_quotes(key.name()) +
         " by reducer " + in_quotes(key.reducer()) +
         " is not what was written: it is not used, and the next one replaces it");
}

void inspector::add(problem what) {
  ++found_.problem_count;
  if (found_.problems.size() < limits::problems) found_.problems.push_back(std::move(what));
}

} // namespace skald::detail
