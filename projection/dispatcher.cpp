#include <skald/projection/dispatcher.hpp>

#include <algorithm>
#include <cassert>

namespace skald {

dispatcher::dispatcher(std::vector<handler_info> handlers, checkpoint start)
  : handlers_{std::move(handlers)}, fresh_from_{start.fresh_from}, handled_{start.handled}, offered_{start.handled},
    saved_{start.handled}, known_{std::move(start.completions)} {
  for (std::size_t i = 0; i < handlers_.size(); ++i) by_type_[handlers_[i].type].push_back(i);
  std::ranges::sort(known_);
}

bool dispatcher::owed(std::size_t handler, skald::delivery how, position where) const {
  const auto& info = handlers_[handler];
  if (!hears(info.kind, how)) return false;
  if (info.kind != handler_kind::once || known_.empty() || where > known_.back().position) return true;
  return !std::ranges::binary_search(known_, completion{where, info.id});
}

template <class Visit>
void dispatcher::for_each_owed(const record& r, skald::delivery how, Visit visit) const {
  const auto found = by_type_.find(r.type);
  if (found == by_type_.end()) return;
  for (const auto handler : found->second)
    if (owed(handler, how, r.position)) visit(handler);
}

void dispatcher::offer(std::shared_ptr<const page> records) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < records->records.size(); ++i) {
    const auto& r = records->records[i];
    bytes += sizeof r + r.data.size() + r.meta.size();
    assert(r.position > offered_);
    offered_ = r.position;
    const auto how = delivery_of(r, fresh_from_);
    if (!how) continue;
    std::size_t wanted_by = 0;
    for_each_owed(r, *how, [&](std::size_t) { ++wanted_by; });
    if (wanted_by == 0) continue;
    const ticket mine = first_ticket_ + works_.size();
    works_.push_back({r.position, i, records, *how, false, wanted_by, 0});
    const auto [place, first] = lanes_.try_emplace(r.stream, mine);
    if (first) {
      ready_.push_back(mine);
    } else {
      at(place->second).next_of_stream = mine;
      place->second = mine;
    }
  }
  pages_.emplace_back(offered_, bytes);
  window_bytes_ += bytes;
  advance();
}

std::vector<assignment> dispatcher::take_ready() {
  std::vector<assignment> out;
  if (stopped_) return out;
  for (const auto which : std::exchange(ready_, {})) hand_over(which, out);
  return out;
}

void dispatcher::hand_over(ticket which, std::vector<assignment>& out) {
  const auto run_for = [&](std::size_t handler, const work& w) -> std::vector<delivery_run::item>& {
    const auto fits = [&](const assignment& a) {
      return a.handler == handler && a.delivery == w.delivery && a.records == w.records;
    };
    auto place = std::ranges::find_if(out.rbegin(), out.rend(), fits);
    auto& target = place != out.rend() ? *place : out.emplace_back(assignment{handler, w.delivery, w.records, {}});
    return target.runs.emplace_back().items;
  };

  auto& front = at(which);
  const auto& r = front.records->records[front.index];
  front.handed_over = true;
  if (front.unanswered != 1) {
    for_each_owed(r, front.delivery, [&](std::size_t handler) {
      run_for(handler, front).push_back({which, front.index});
      ++running_;
    });
    return;
  }

  // One handler only: the run goes on with the later records of the stream that this handler wants alone.
  const auto only_handler = [&](const work& w) {
    std::size_t found = 0;
    for_each_owed(w.records->records[w.index], w.delivery, [&](std::size_t handler) { found = handler; });
    return found;
  };
  const auto handler = only_handler(front);
  auto& items = run_for(handler, front);
  items.push_back({which, front.index});
  ++running_;
  for (auto next = front.next_of_stream; next != 0;) {
    auto& w = at(next);
    if (w.unanswered != 1 || w.delivery != front.delivery || w.records != front.records || only_handler(w) != handler)
      break;
    w.handed_over = true;
    items.push_back({next, w.index});
    ++running_;
    next = w.next_of_stream;
  }
}

void dispatcher::done(std::size_t handler, ticket which) {
  auto& w = at(which);
  assert(running_ > 0 && w.unanswered > 0);
  --running_;
  if (handlers_[handler].kind == handler_kind::once) new_completions_.emplace_back(w.position, handler);
  if (--w.unanswered == 0) finish(w);
}

std::shared_ptr<const record> dispatcher::record_of(ticket which) const {
  const auto& w = works_[which - first_ticket_];
  return {w.records, &w.records->records[w.index]};
}

void dispatcher::failed(std::size_t, ticket) {
  --running_;
  stopped_ = true;
}

void dispatcher::abandoned(ticket) {
  --running_;
  stopped_ = true;
}

void dispatcher::finish(work& w) {
  const auto& r = w.records->records[w.index];
  if (w.next_of_stream == 0)
    lanes_.erase(r.stream);
  else if (!at(w.next_of_stream).handed_over)
    ready_.push_back(w.next_of_stream);
  w.records.reset();
  advance();
}

void dispatcher::advance() {
  while (!works_.empty() && !works_.front().records) {
    works_.pop_front();
    ++first_ticket_;
  }
  handled_ = works_.empty() ? offered_ : position{works_.front().position.value - 1};
  while (!pages_.empty() && pages_.front().first <= handled_) {
    window_bytes_ -= pages_.front().second;
    pages_.pop_front();
  }
}

std::optional<checkpoint_update> dispatcher::take_update(const std::string& projection) {
  checkpoint_update update{projection, handled_, {}};
  for (const auto& [where, handler] : std::exchange(new_completions_, {}))
    if (where > handled_) update.completions.push_back({where, handlers_[handler].id});
  if (handled_ == saved_ && update.completions.empty()) return std::nullopt;
  saved_ = handled_;
  return update;
}

} // namespace skald
