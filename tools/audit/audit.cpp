#include "../text.hpp"
#include "audit.hpp"
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <utility>

namespace tools {

namespace {

[[noreturn]] void refuse(std::uint64_t line, const std::string& what) {
  throw skald::failure{skald::errc::invalid_argument, "line " + std::to_string(line) + " of the log: " + what};
}

skald::event_id id_in(const std::string& text, std::uint64_t line) {
  const auto id = skald::event_id::parse(text);
  if (!id) refuse(line, id.error().message);
  return *id;
}

} // namespace

std::string json_of(const violation& v) {
  auto json = "{\"violation\":" + quoted(v.kind) + ",\"message\":" + quoted(v.message);
  if (!v.stream.empty()) json += ",\"stream\":" + quoted(v.stream);
  if (!v.id.nil()) json += ",\"id\":" + quoted(v.id.str());
  if (v.position != skald::position{}) json += ",\"position\":" + std::to_string(v.position.value);
  if (v.line != 0) json += ",\"line\":" + std::to_string(v.line);
  return json + '}';
}

std::string sentence_of(const violation& v) {
  auto text = std::string{v.kind} + ": " + v.message;
  if (!v.id.nil()) text += ": event " + v.id.str();
  if (!v.stream.empty()) text += " of stream " + skald::detail::in_quotes(v.stream);
  if (v.line != 0) text += ", line " + std::to_string(v.line) + " of the log";
  return text;
}

void audit::take(const line_reader::line& line) {
  auto parsed = line.too_long ? skald::error{skald::errc::invalid_argument, "it is longer than a line may be"}
                              : parse_ack_log_line(line.text);
  // Whoever wrote half a line has ended there, and only another run can have gone on.
  if (!(parsed && std::holds_alternative<run_line>(*parsed))) refuse_torn_line();
  torn_line_ = 0;
  if (!parsed) {
    if (line.ended) torn_line_ = line.number;
    torn_problem_ = parsed.error().message;
    return;
  }
  if (counts_.runs == 0 && !std::holds_alternative<run_line>(*parsed))
    refuse(line.number, "no run has begun: this is no acknowledgement log, or not the whole of it");
  std::visit([&](const auto& of_its_kind) { take_line(of_its_kind, line.number); }, *parsed);
}

void audit::take_line(const run_line& l, std::uint64_t number) {
  if (l.version != ack_log_version)
    refuse(number, "version " + std::to_string(l.version) + " of the log is not known: take a newer skald");
  ++counts_.runs;
  newest_ = 0;
  open_.clear();
}

void audit::take_line(const send_line& l, std::uint64_t number) {
  if (l.send <= newest_) refuse(number, "append " + std::to_string(l.send) + " was sent before");
  if (l.events.empty()) refuse(number, "an append without events");
  newest_ = l.send;
  const auto index = static_cast<std::uint32_t>(appends_.size());
  const auto& stream = revisions_.try_emplace(l.stream).first->first;
  append sent{.stream = &stream, .line = number, .events = static_cast<std::uint32_t>(l.events.size())};
  for (std::uint32_t nth = 0; nth < sent.events; ++nth)
    events_.push_back({id_in(l.events[nth].id, number), id_in(l.events[nth].hash, number), index, nth});
  appends_.push_back(sent);
  open_.emplace(l.send, index);
  ++counts_.appends;
  ++counts_.in_doubt;
}

void audit::take_line(const ack_line& l, std::uint64_t number) {
  auto& a = answered(l.ack, number);
  if (l.revision < a.events || l.first == 0) refuse(number, "such a revision and position cannot be");
  if (cut_ns_ && l.ns >= *cut_ns_) return;
  a.fate = fate::acknowledged;
  a.first = l.first;
  a.revision = l.revision - a.events + 1;
  ++counts_.acknowledged;
  --counts_.in_doubt;
}

void audit::take_line(const refused_line& l, std::uint64_t number) {
  answered(l.refused, number).fate = fate::refused;
  ++counts_.refused;
  --counts_.in_doubt;
}

void audit::take_line(const unknown_line& l, std::uint64_t number) { (void)answered(l.unknown, number); }

audit::append& audit::answered(std::uint64_t append, std::uint64_t line) {
  const auto sent = open_.extract(append);
  if (!sent) refuse(line, "append " + std::to_string(append) + " was not sent, or is answered already");
  return appends_[sent.mapped()];
}

void audit::refuse_torn_line() const {
  if (torn_line_ != 0) refuse(torn_line_, torn_problem_);
}

void audit::end_log() {
  if (std::exchange(log_ended_, true)) return;
  refuse_torn_line();
  if (counts_.runs == 0)
    throw skald::failure{skald::errc::invalid_argument,
                         "no run has begun in the log: this is no acknowledgement log, or nothing was written to it"};
  std::ranges::sort(events_, {}, &event::id);
  const auto twice = std::ranges::adjacent_find(events_, {}, &event::id);
  if (twice == events_.end()) return;
  const auto [first, second] = std::minmax(appends_[twice->append].line, appends_[std::next(twice)->append].line);
  refuse(second, "event " + twice->id.str() + " was sent before, in line " + std::to_string(first));
}

void audit::check_place(const skald::record& r) {
  if (r.position.value != position_ + 1)
    report("position", "position " + std::to_string(r.position.value) + " follows " + std::to_string(position_), r);
  position_ = r.position.value;
  auto& revision = revisions_[r.stream.str()];
  if (r.revision.value != revision + 1)
    report("revision", "revision " + std::to_string(r.revision.value) + " follows " + std::to_string(revision), r);
  revision = r.revision.value;
}

void audit::take(const skald::record& r) {
  end_log();
  ++counts_.events;
  check_place(r);
  const auto e = std::ranges::lower_bound(events_, r.id, {}, &event::id);
  if (e == events_.end() || e->id != r.id) {
    ++counts_.others;
    return;
  }
  auto& a = appends_[e->append];
  if (std::exchange(e->found, true)) return report("twice", "it is in the store before", r, a.line);
  if (a.fate == fate::refused) report("refused", "it is in the store although it was refused", r, a.line);
  if (r.stream.str() != *a.stream)
    report("changed", "it was sent to stream " + skald::detail::in_quotes(*a.stream), r, a.line);
  if (e->hash != hash_of(r.type, r.data, r.meta))
    report("changed", "its type, data or metadata are not what was sent", r, a.line);
  if (a.found++ == 0 && a.fate != fate::acknowledged) { // its place was not told
    a.first = r.position.value - e->nth;
    a.revision = r.revision.value - e->nth;
  }
  if (r.position.value != a.first + e->nth || r.revision.value != a.revision + e->nth)
    report("moved",
           "it is at position " + std::to_string(r.position.value) + " and revision " +
             std::to_string(r.revision.value) + ", and not at " + std::to_string(a.first + e->nth) + " and " +
             std::to_string(a.revision + e->nth),
           r, a.line);
}

audit::counts audit::finish(skald::position head) {
  end_log();
  if (head.value > position_)
    report({.kind = "position",
            .message = "the store's newest position is " + std::to_string(head.value) + ", but its events end at " +
                       std::to_string(position_),
            .position = head});
  for (const auto& e : events_) {
    const auto& a = appends_[e.append];
    const bool torn = a.fate == fate::in_doubt && a.found != 0;
    if (e.nth == 0) counts_.in_doubt_written += torn ? 1 : 0;
    if (e.found || (a.fate != fate::acknowledged && !torn)) continue;
    report({.kind = torn ? "torn" : "missing",
            .message = torn ? "other events of its append are in the store" : "it was acknowledged",
            .stream = *a.stream,
            .id = e.id,
            .position = skald::position{torn ? 0 : a.first + e.nth},
            .line = a.line});
  }
  return counts_;
}

void audit::report(violation v) {
  ++counts_.violations;
  tell_(v);
}

void audit::report(std::string_view kind, const std::string& message, const skald::record& r, std::uint64_t line) {
  report({kind, message, r.stream.str(), r.id, r.position, line});
}

} // namespace tools
