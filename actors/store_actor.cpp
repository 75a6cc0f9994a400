#include <skald/actors/store_actor.hpp>

#include <algorithm>

namespace skald::actors {

namespace {

constexpr std::size_t overhead = 128; // of a record, about

/// About what a request takes in memory and in the write-ahead log.
std::size_t bytes_of(const append_request& request) {
  std::size_t bytes = overhead + request.answer.size();
  for (const auto& part : request.streams)
    for (const auto& event : part.events) bytes += overhead + event.data.size() + event.meta.size();
  return bytes;
}

std::size_t bytes_of(const std::vector<record>& records) {
  std::size_t bytes = overhead;
  for (const auto& r : records) bytes += overhead + r.data.size() + r.meta.size();
  return bytes;
}

} // namespace

store_actor::behavior_type store_state::make_behavior() {
  return {
    [this](const append_work& work) {
      if (jobs_.empty()) send(store_actor{self_}, flush{});
      group_.push_back(std::move(work.job->request));
      jobs_.push_back(work.job);
      if (jobs_.size() == max_group_requests) commit();
    },
    [this](const snapshot_work& work) {
      if (snapshots_.empty()) send(store_actor{self_}, flush{});
      snapshots_.push_back(work.job);
    },
    [this](const flush&) {
      commit();
      keep_snapshots();
    },
    [this](const hydrate_work& work) {
      commit(); // what was sent before is written before
      const auto report = store_.hydrate(work.job->records);
      work.job->room = {};
      work.job->answer.deliver(report);
      if (report && report->written != 0) grown_(report->last);
    },
    [this](const write_work& work) {
      commit();
      (*work.run)(store_);
    },
  };
}

void store_state::commit() {
  if (jobs_.empty()) return;
  const auto jobs = std::exchange(jobs_, {});
  const auto group = std::exchange(group_, {});
  auto answers = store_.append(group);
  position head;
  bool unknown = false; // it may have been written all the same
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (answers[i]) head = std::max(head, answers[i]->last);
    unknown |= !answers[i] && answers[i].error().outcome == outcome::unknown;
    jobs[i]->room = {};
    jobs[i]->answer.deliver(std::move(answers[i]));
  }
  if (unknown)
    if (const auto now = store_.head()) head = std::max(head, *now);
  if (head != position{}) grown_(head);
}

void store_state::keep_snapshots() {
  const auto jobs = std::exchange(snapshots_, {});
  std::vector<snapshot> all;
  for (const auto& job : jobs) all.push_back(std::move(job->snapshot));
  const auto kept = store_.save_snapshots(all);
  // One that is refused takes the others with it. A store that cannot write is not asked again for each.
  const bool again = jobs.size() > 1 && !kept && kept.error().code == errc::invalid_argument;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    jobs[i]->answer.deliver(again ? store_.save_snapshots(std::span{&all[i], 1}) : kept);
}

store_client::store_client(store_actor writer, std::vector<reader_actor> readers, gate& append_bytes)
  : writer_{std::move(writer)}, append_bytes_{append_bytes} {
  for (auto& reader : readers) readers_.push_back(std::make_unique<link<reader_actor>>(std::move(reader)));
}

void store_client::append(append_request request, promise<receipt> answer) const {
  auto room = append_bytes_.enter(bytes_of(request));
  if (!room) return answer.deliver(room.error());
  using content = append_work::content;
  writer_.send(
    append_work{std::make_shared<content>(content{std::move(request), std::move(answer), std::move(*room)})});
}

void store_client::save(snapshot s, promise<void> answer) const {
  using content = snapshot_work::content;
  writer_.send(snapshot_work{std::make_shared<content>(content{std::move(s), std::move(answer)})});
}

void store_client::hydrate(std::vector<record> records, promise<hydrate_report> answer) const {
  auto room = append_bytes_.enter(bytes_of(records));
  if (!room) return answer.deliver(room.error());
  using content = hydrate_work::content;
  writer_.send(
    hydrate_work{std::make_shared<content>(content{std::move(records), std::move(answer), std::move(*room)})});
}

void store_client::end() {
  writer_.end();
  for (const auto& reader : readers_) reader->end();
}

} // namespace skald::actors
