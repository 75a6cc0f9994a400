#include "import.hpp"
#include "progress.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fines {

namespace asio = boost::asio;

namespace {

constexpr std::size_t most_side_by_side = 256;

/// The events of one fine.
struct work {
  skald::stream_id stream;
  std::vector<const log_line*> lines; ///< in order; once they were checked, only those to import
};

/// What the coroutines of an import share; all run on one executor.
struct import_job {
  skald::node& node;
  skald::aggregates<fine> fines;
  std::shared_ptr<const event_log> log;
  std::vector<work> works;
  import_report report{};
  std::unique_ptr<progress> shown{};
  std::size_t next = 0; ///< of `works`
  const log_line* refused = nullptr; ///< the first one
  std::string why_refused{};
};

void decide(fine& f, const log_line& line) {
  const skald::origin from{line.id, line.created};
  std::visit([&](const auto& data) { f.happen(data, from); }, line.data);
}

skald::failure refusal(const import_job& job, const log_line& line, const std::string& why) {
  return {skald::errc::rejected, at_line(job.log->name, line.number, "'" + line.stream.str() + "': " + why)};
}

skald::task<void> check(std::shared_ptr<import_job> job, std::size_t which) {
  auto& w = job->works[which];
  std::vector<const log_line*> unknown;
  for (const auto* line : w.lines) {
    const auto found = co_await job->node.find(line->id);
    if (!found) unknown.push_back(line);
    job->shown->add();
  }
  job->report.known += w.lines.size() - unknown.size();
  w.lines = std::move(unknown);
  if (w.lines.empty()) co_return;

  auto copy = co_await job->fines.get(w.stream);
  for (const auto* line : w.lines) {
    try {
      decide(copy, *line);
    } catch (const skald::rejected& why) {
      if (job->refused == nullptr || line->number < job->refused->number) {
        job->refused = line;
        job->why_refused = why.what();
      }
      co_return;
    }
  }
}

skald::task<void> import(std::shared_ptr<import_job> job, std::size_t which) {
  const auto& w = job->works[which];
  for (const auto* line : w.lines) {
    auto command = [log = job->log, line](fine& f) { decide(f, *line); };
    co_await job->fines.execute(w.stream, command);
    ++job->report.imported;
    job->shown->add();
  }
  const auto now = co_await job->fines.get(w.stream);
  job->report.payments += now.payments();
  job->report.agreeing_payments += now.agreeing_payments();
}

using step = skald::task<void> (*)(std::shared_ptr<import_job>, std::size_t);

skald::task<void> take_turns(std::shared_ptr<import_job> job, step what) {
  while (job->next < job->works.size()) co_await what(job, job->next++);
}

/// Takes a step for each fine. The first error, or the end of the node, ends it and is thrown when all have ended.
skald::task<void> for_all(std::shared_ptr<import_job> job, step what) {
  struct group {
    asio::steady_timer done; ///< cancelled when nobody runs any more
    std::size_t running = 0;
    std::exception_ptr error{};
  };
  const auto executor = co_await asio::this_coro::executor;
  const auto all = std::make_shared<group>(group{{executor, asio::steady_timer::time_point::max()}});
  job->next = 0;
  for (auto left = std::min(most_side_by_side, job->works.size()); left != 0; --left) {
    auto ended = [all, job](std::exception_ptr thrown) {
      if (thrown && !all->error) {
        all->error = std::move(thrown);
        job->next = job->works.size();
      }
      if (--all->running == 0) all->done.cancel();
    };
    ++all->running;
    asio::co_spawn(executor, take_turns(job, what), std::move(ended));
  }
  boost::system::error_code why;
  if (all->running != 0) co_await all->done.async_wait(asio::redirect_error(asio::use_awaitable, why));
  if (all->running != 0) { // not the timer was cancelled but this coroutine, which may wait once more
    job->next = job->works.size();
    co_await asio::this_coro::reset_cancellation_state();
    co_await all->done.async_wait(asio::redirect_error(asio::use_awaitable, why));
    if (!all->error) throw boost::system::system_error{why};
  }
  if (all->error) std::rethrow_exception(all->error);
}

std::vector<work> works_of(const event_log& log) {
  std::vector<work> works;
  std::unordered_map<skald::stream_id, std::size_t> places;
  for (const auto& line : log.lines) {
    const auto [place, added] = places.try_emplace(line.stream, works.size());
    if (added) works.push_back({line.stream, {}});
    works[place->second].lines.push_back(&line);
  }
  return works;
}

} // namespace

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): no coroutine outlives the node
skald::task<import_report> import_log(skald::node& node, skald::aggregates<fine> fines,
                                      std::shared_ptr<const event_log> log) {
  auto works = works_of(*log);
  const auto job = std::make_shared<import_job>(import_job{node, std::move(fines), std::move(log), std::move(works)});

  job->shown = std::make_unique<progress>("checked", job->log->lines.size());
  co_await for_all(job, check);
  if (job->refused != nullptr)
    throw refusal(*job, *job->refused, job->why_refused + "; nothing of this log was imported");

  job->shown = std::make_unique<progress>("imported", job->log->lines.size() - job->report.known);
  co_await for_all(job, import);
  job->shown.reset();
  co_return job->report;
}

} // namespace fines
