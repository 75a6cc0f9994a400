#include <skald/store/append/group_commit.hpp>

#include <skald/store/append/appender.hpp>
#include <skald/store/checks/append_checks.hpp>
#include <skald/store/event.hpp>
#include <skald/store/validation.hpp>

#include <algorithm>
#include <utility>

namespace skald {

using detail::appender;
using detail::check_request;
using detail::find_receipt;
using detail::oldest_receipt;

namespace {

std::optional<event_id> first_id(const append_request& request) {
  for (const auto& part : request.streams)
    for (const auto& event : part.events)
      if (!event.id.nil()) return event.id;
  return {};
}

bool alike(const append_request& a, const append_request& b) {
  const auto id = first_id(a);
  return (!a.command.empty() && a.command == b.command) || (id && id == first_id(b));
}

} // namespace

std::vector<result<receipt>> event_store::group_commit::run() {
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

result<void> event_store::group_commit::validate(const append_request& request, std::vector<stream_append>& seen) {
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

result<bool> event_store::group_commit::repeats(const append_request& request) {
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
    const auto found = find_receipt(tx, request.command, oldest_receipt(store_.clock_.now(), store_.options_));
    if (!found) return found.error();
    known = found->has_value();
    return {};
  });
  if (!looked) return looked.error();
  return known;
}

bool event_store::group_commit::writes(const stream_id& stream) const {
  return std::ranges::any_of(waiting_, [&](const member& m) {
    return std::ranges::any_of(group_[m.index].streams,
                               [&](const stream_append& part) { return part.stream == stream; });
  });
}

result<void> event_store::group_commit::commit() {
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
  broken_->outcome = outcome::not_written; // of the later requests
  return *broken_;
}

} // namespace skald
