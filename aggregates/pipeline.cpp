#include <skald/aggregates/pipeline.hpp>

#include <algorithm>
#include <exception>

namespace skald {

namespace {

bool refused_by_revision(const result<receipt>& answer) {
  return !answer && answer.error().code == errc::wrong_expected_revision;
}

} // namespace

void pipeline::submit(decision decide, decision_answer answer) {
  waiting_.push_back({std::move(decide), std::move(answer)});
  run();
}

std::optional<pipeline::load_action> pipeline::take_load() {
  if (!std::exchange(load_wanted_, false)) return std::nullopt;
  return load_action{state_->key()};
}

bool pipeline::restore(const stored_snapshot& s) {
  if (!state_->restore(s)) return false;
  copied_ = state_->revision();
  return true;
}

void pipeline::fold(const record& r) {
  if (fold_error_) return;
  if (auto folded = state_->fold(r); !folded) fold_error_ = folded.error();
}

void pipeline::loaded(result<void> read) {
  loading_ = false;
  if (read && fold_error_) read = *fold_error_;
  if (!read) {
    cool_down();
    for (auto& c : std::exchange(waiting_, {})) c.answer(read.error());
  } else if (auto copy = copy_if_due()) {
    snapshot_ = std::move(copy);
  }
  run();
}

void pipeline::mark_stale(revision seen) {
  if (state_ && state_->revision() >= seen) return;
  stale_ = true;
  run();
}

void pipeline::cool_down() {
  stale_ = fallen_ = false;
  state_.reset();
}

void pipeline::run() {
  while (!loading_) {
    settle();
    if (stale_ && in_flight_.empty()) cool_down();
    if (waiting_.empty() || stale_ || fallen_ || in_flight_.size() >= max_in_flight) return;
    if (!state_) {
      state_ = make_(stream_);
      fold_error_.reset();
      copied_ = {};
      loading_ = load_wanted_ = true;
      return;
    }
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    decide(std::move(next));
  }
}

snapshot_source pipeline::copy_if_due() {
  if (!every_.due(state_->revision().value - copied_.value)) return nullptr;
  copied_ = state_->revision();
  return state_->copy();
}

void pipeline::decide(command next) {
  decided entry{std::move(next), next_ticket_++, {}, state_->revision(), {}, {}, {}};
  try {
    entry.command.decide(*state_);
    if (!state_->has_pending()) entry.answer = receipt{{entry.revision}, {}, {}};
  } catch (const failure& refused) {
    entry.answer = refused.error();
  } catch (const std::exception& thrown) {
    entry.answer = error{errc::rejected, thrown.what()};
  } catch (...) {
    entry.answer = error{errc::rejected, "the command threw something that is no std::exception"};
  }
  if (!state_->has_pending()) {
    stale_ = stale_ || state_->revision() != entry.revision; // `with` threw
  } else {
    auto request = state_->take_request();
    if (entry.answer) { // refused after it had pushed: the state holds events that are never appended
      stale_ = true;
    } else {
      const auto previous = std::ranges::find_if(in_flight_.rbegin(), in_flight_.rend(),
                                                 [](const decided& d) { return d.last_event.has_value(); });
      if (previous != in_flight_.rend()) request.after = previous->last_event;
      entry.last_event = request.streams.front().events.back().id;
      entry.revision = state_->revision();
      entry.unsent = std::move(request);
      entry.snapshot = copy_if_due();
    }
  }
  in_flight_.push_back(std::move(entry));
}

std::optional<pipeline::append_action> pipeline::take_append() {
  for (auto& d : in_flight_)
    if (d.unsent) {
      append_action action{d.ticket, std::move(*d.unsent)};
      d.unsent.reset();
      return action;
    }
  return std::nullopt;
}

void pipeline::appended(ticket which, result<receipt> answer) {
  const auto place = std::ranges::find(in_flight_, which, &decided::ticket);
  if (place == in_flight_.end()) return;
  place->answer = std::move(answer);
  run();
}

void pipeline::settle() {
  while (!fallen_ && !in_flight_.empty() && in_flight_.front().answer) {
    auto& front = in_flight_.front();
    const auto& answer = *front.answer;
    const bool appends = front.last_event.has_value();
    if (appends && refused_by_revision(answer) && ++front.command.attempts < max_attempts) {
      fallen_ = true; // the command stays in flight and decides again
      break;
    }
    if (appends && (!answer || answer->revisions.back() != front.revision)) fallen_ = true;
    if (!fallen_ && front.snapshot) snapshot_ = std::move(front.snapshot);
    auto done = std::move(front);
    in_flight_.pop_front();
    done.command.answer(std::move(*done.answer));
  }
  if (fallen_) fall_back();
}

void pipeline::fall_back() {
  const auto in_the_store = [](const decided& d) { return d.last_event && !d.answer && !d.unsent; };
  if (std::ranges::any_of(in_flight_, in_the_store)) return;
  std::deque<decided> settled; // the store has answered: deciding these again could append twice
  while (!in_flight_.empty()) { // last first, so that the order stays
    auto last = std::move(in_flight_.back());
    in_flight_.pop_back();
    if (last.last_event && last.answer && !refused_by_revision(*last.answer))
      settled.push_front(std::move(last));
    else
      waiting_.push_front(std::move(last.command));
  }
  cool_down();
  for (auto& d : settled) d.command.answer(std::move(*d.answer));
}

} // namespace skald
