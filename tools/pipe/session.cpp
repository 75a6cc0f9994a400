#include "answer.hpp"
#include "perform.hpp"
#include "session.hpp"
#include "weight.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace tools {

namespace asio = boost::asio;

namespace {

skald::error wrong(std::string why) { return {skald::errc::invalid_argument, std::move(why)}; }

} // namespace

pipe_session::pipe_session(skald::node& node, std::ostream& out, std::function<void()> on_closed)
  : node_{node}, out_{out}, on_closed_{std::move(on_closed)}, done_{node.executor()},
    writer_{[this] { write_answers(); }} {}

pipe_session::~pipe_session() {
  try {
    finish();
  } catch (...) {
    return; // whoever wants to know has asked
  }
}

void pipe_session::take(const line_reader::line& line) {
  if (!line.too_long && line.text.find_first_not_of(" \t\r") == std::string::npos) return;
  if (!enter(line.text.size())) return;
  auto read = line.too_long ? request{{},
                                      wrong("the line is longer than " + std::to_string(line_reader::most_line_bytes) +
                                            " bytes: divide the request")}
                            : parse_request(line.text);
  if (read.number && !used_.insert(*read.number)) {
    read.what = wrong("req: " + std::to_string(*read.number) + " was used before: count on");
    read.number.reset();
  }
  const auto weight = read.what ? std::max(line.text.size(), weight_of(*read.what)) : line.text.size();
  grow(weight - line.text.size());
  if (read.what)
    asio::co_spawn(node_.executor(), serve(shared_from_this(), *read.number, std::move(*read.what), weight),
                   asio::detached);
  else
    answer(read.number ? refusal(*read.number, read.what.error()) : refusal_of_line(line.number, read.what.error()),
           weight);
}

bool pipe_session::enter(std::size_t weight) {
  std::unique_lock lock{mutex_};
  room_.wait(lock, [&] { return is_closed() || requests_ == 0 || (requests_ < most_requests && has_room(weight)); });
  if (is_closed()) return false;
  ++requests_;
  ++unanswered_;
  bytes_ += weight;
  return true;
}

void pipe_session::grow(std::size_t by) {
  std::unique_lock lock{mutex_};
  room_.wait(lock, [&] { return is_closed() || requests_ == 1 || has_room(by); });
  bytes_ += by;
}

void pipe_session::end() {
  const std::lock_guard lock{mutex_};
  ended_ = true;
  wake();
}

void pipe_session::wake() {
  if (ended_ && unanswered_ == 0) asio::post(node_.executor(), [self = shared_from_this()] { self->done_.cancel(); });
}

skald::task<void> pipe_session::run(std::function<void()> stop) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto is_over = [this] {
    const std::lock_guard lock{mutex_};
    return ended_ && unanswered_ == 0;
  };
  done_.expires_at(std::chrono::steady_clock::time_point::max());
  while (!is_over()) {
    boost::system::error_code ignored; // the wait always ends by being cancelled
    co_await done_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() == asio::cancellation_type::none) continue;
    stop();
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    room_.notify_one();
  }
}

skald::task<void> pipe_session::serve(std::shared_ptr<pipe_session> self, std::uint64_t number, operation what,
                                      std::size_t weight) {
  skald::error why;
  std::string text;
  try {
    auto performed = perform(self->node_, std::move(what));
    auto members = co_await std::move(performed);
    text = success(number, std::move(members));
  } catch (const skald::failure& e) {
    why = e.error();
  } catch (const std::exception& e) {
    why = skald::error{skald::errc::broken_promise, e.what(), skald::outcome::unknown};
  }
  if (text.empty()) text = refusal(number, why);
  self->answer(std::move(text), weight);
}

void pipe_session::answer(std::string text, std::size_t weight) {
  text += '\n';
  const std::lock_guard lock{mutex_};
  --unanswered_;
  wake();
  bytes_ -= weight;
  if (output_error_) {
    --requests_;
  } else {
    bytes_ += text.size();
    backlog_.push_back(std::move(text));
    work_.notify_one();
  }
  room_.notify_one();
}

void pipe_session::write_answers() {
  std::unique_lock lock{mutex_};
  for (;;) {
    work_.wait(lock, [&] { return !backlog_.empty() || finished_; });
    if (backlog_.empty()) return;
    const auto texts = std::exchange(backlog_, {});
    if (!output_error_) {
      lock.unlock();
      std::exception_ptr problem;
      try {
        for (const auto& text : texts) out_ << text;
        out_.flush();
      } catch (...) {
        problem = std::current_exception();
      }
      if (problem) on_closed_();
      lock.lock();
      output_error_ = problem;
    }
    requests_ -= texts.size();
    for (const auto& text : texts) bytes_ -= text.size();
    room_.notify_one();
  }
}

void pipe_session::finish() {
  {
    const std::lock_guard lock{mutex_};
    finished_ = true;
    work_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
  if (output_error_) std::rethrow_exception(output_error_);
}

} // namespace tools
