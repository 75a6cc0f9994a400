#include "../progress.hpp"
#include "../text.hpp"
#include "ack_log.hpp"
#include "load.hpp"
#include <skald/actors/node.hpp>
#include <skald/store/timestamp.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cmath>
#include <exception>
#include <optional>
#include <string_view>

namespace tools {

namespace asio = boost::asio;

namespace {

using clock = std::chrono::steady_clock;

constexpr std::uint64_t most_writers = 10'000;
constexpr double default_seconds = 10;
/// Bytes of an event's data beside the payload.
constexpr std::size_t most_around_text =
  std::string_view{R"({"writer":10000,"number":18446744073709551615,"text":""})"}.size();

std::uint64_t nanoseconds(clock::time_point t) {
  return static_cast<std::uint64_t>(std::chrono::nanoseconds{t.time_since_epoch()}.count());
}

/// Writers that append side by side, each one append after the other. For the node's executor, until `run` is over.
class load {
public:
  load(skald::node& node, const load_options& options, console& at) : node_{node}, options_{options}, at_{at} {
    if (!options.ack_log.empty())
      log_.emplace(options.ack_log, skald::timestamp{skald::system_wall_clock(), 0}.str(), nanoseconds(clock::now()));
  }

  /// Ends when all writers have. Once it is cancelled, they end with the append that is under way.
  skald::task<void> run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    begun_ = clock::now();
    progress shown{"appended", at_};
    for (std::uint64_t writer = 1; writer <= options_.writers; ++writer) {
      ++running_;
      asio::co_spawn(node_.executor(), write(writer), [this](const std::exception_ptr& thrown) {
        if (thrown && !thrown_) thrown_ = thrown;
        if (thrown) ending_ = true;
        if (--running_ == 0) taken_ = clock::now() - begun_;
      });
    }
    asio::steady_timer timer{node_.executor()};
    boost::system::error_code ignored;
    while (running_ != 0) {
      timer.expires_after(look_around);
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      const auto state = co_await asio::this_coro::cancellation_state;
      if (state.cancelled() != asio::cancellation_type::none)
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      if (at_.stop.stopped() || state.cancelled() != asio::cancellation_type::none) ending_ = true;
      shown.show(events_, part());
    }
  }

  /// Throws what has ended it before its time, and the first of what was not acknowledged.
  void check() const {
    if (thrown_) std::rethrow_exception(thrown_);
    if (trouble_)
      throw skald::failure{trouble_->code, counted(refused_, "append was", "appends were") + " refused, and of " +
                                             grouped(unknown_) + " nobody knows; the first: " + trouble_->message};
  }

  void print(bool for_people) const {
    using std::chrono::round;
    const auto seconds = std::chrono::duration<double>{taken_}.count();
    const auto rate = seconds > 0 ? std::llround(static_cast<double>(events_) / seconds) : 0;
    const named_numbers counts{{"events", events_},
                               {"appends", latencies_.count()},
                               {"refused", refused_},
                               {"unknown", unknown_},
                               {"milliseconds", round<std::chrono::milliseconds>(taken_).count()},
                               {"events_a_second", rate}};
    named_numbers times;
    for (const auto& [name, part] :
         {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1.0}})
      times.emplace_back(name, round<std::chrono::microseconds>(latencies_.quantile(part)).count());
    if (for_people)
      at_.out << table_of("appended", counts) << '\n' << table_of("latency, microseconds", times);
    else
      at_.out << '{' << members_of(counts) << ",\"latency_us\":{" << members_of(times) << "}}\n";
  }

private:
  static constexpr std::chrono::milliseconds look_around{20};
  static constexpr std::chrono::milliseconds pause{100}; ///< of a writer that was refused

  [[nodiscard]] bool ended() const {
    return ending_ || (options_.events && sent_ >= *options_.events) ||
           (options_.seconds && clock::now() - begun_ >= std::chrono::duration<double>{*options_.seconds});
  }

  /// How much of it is done.
  [[nodiscard]] double part() const {
    const auto of_events = options_.events ? static_cast<double>(events_) / static_cast<double>(*options_.events) : 0;
    const auto of_time =
      options_.seconds ? std::chrono::duration<double>{clock::now() - begun_}.count() / *options_.seconds : 0;
    return std::max(of_events, of_time);
  }

  skald::task<void> write(std::uint64_t writer) {
    load_source source{options_, writer};
    while (!ended()) {
      auto request = source.next();
      const auto events = request.streams[0].events.size();
      const auto number = ++appends_;
      const auto sent = clock::now();
      if (log_) log_->write(line_of(request, number, sent));
      sent_ += events;
      skald::result<skald::receipt> answer;
      try {
        auto made = node_.append(std::move(request));
        answer = co_await std::move(made);
      } catch (const skald::failure& why) {
        answer = why.error();
      }
      const auto now = clock::now();
      if (answer) {
        latencies_.add(now - sent);
        events_ += events;
        if (log_) log_->write(ack_line{number, nanoseconds(now), answer->revisions[0].value, answer->first.value});
      } else if (take(number, nanoseconds(now), answer.error())) {
        asio::steady_timer timer{node_.executor(), pause};
        co_await timer.async_wait(asio::use_awaitable);
      }
    }
  }

  /// Of an append that was not acknowledged. Answers whether the next one may be.
  bool take(std::uint64_t number, std::uint64_t ns, const skald::error& why) {
    const bool unknown = why.outcome == skald::outcome::unknown;
    const std::string code{to_string(why.code)};
    if (log_ && unknown) log_->write(unknown_line{number, ns, code});
    if (log_ && !unknown) log_->write(refused_line{number, ns, code});
    if (why.code != skald::errc::insertion_failed && why.code != skald::errc::overloaded) ending_ = true;
    if (why.code != skald::errc::stopped) { // which was asked for
      ++(unknown ? unknown_ : refused_);
      if (!trouble_) trouble_ = why;
    }
    return !ending_;
  }

  static send_line line_of(const skald::append_request& request, std::uint64_t number, clock::time_point sent) {
    const auto& part = request.streams[0];
    send_line line{number, nanoseconds(sent), part.stream.str(), {}};
    for (const auto& e : part.events) line.events.push_back({e.id.str(), hash_of(e.type, e.data, e.meta).str()});
    return line;
  }

  skald::node& node_;
  load_options options_;
  console& at_;
  std::optional<ack_log_writer> log_;
  clock::time_point begun_;
  clock::duration taken_{};
  std::uint64_t running_ = 0; ///< writers
  bool ending_ = false;
  std::exception_ptr thrown_;
  std::optional<skald::error> trouble_; ///< of the first append that was not acknowledged
  std::uint64_t appends_ = 0;
  std::uint64_t sent_ = 0;   ///< events
  std::uint64_t events_ = 0; ///< of these, acknowledged
  std::uint64_t refused_ = 0;
  std::uint64_t unknown_ = 0;
  latencies latencies_;
};

void refuse_nonsense(const load_options& options) {
  const auto refuse = [](const std::string& what) { throw skald::failure{skald::errc::invalid_argument, what}; };
  if (options.writers == 0 || options.writers > most_writers)
    refuse("there can be 1 to " + grouped(most_writers) + " writers");
  if (options.streams == 0) refuse("events need at least one stream to be appended to");
  if (options.events == 0) refuse("no events are none to append: give --events 1 or more");
  if (options.events_an_append == 0 || options.events_an_append > skald::limits::request_events)
    refuse("an append has at least one event, and at most " + grouped(skald::limits::request_events));
  if (options.payload > skald::limits::event_bytes - most_around_text)
    refuse("an event has at most " + grouped(skald::limits::event_bytes) + " bytes, and thus a payload of at most " +
           grouped(skald::limits::event_bytes - most_around_text));
  if ((options.payload + most_around_text) * options.events_an_append > skald::limits::request_bytes)
    refuse("the events of an append have at most " + grouped(skald::limits::request_bytes) + " bytes, of which up to " +
           grouped(most_around_text) + " in each are not payload");
}

} // namespace

int run_load(const common_options& common, const load_options& given, console& at) {
  refuse_nonsense(given);
  auto options = given;
  if (!options.events && !options.seconds) options.seconds = default_seconds;
  const signal_stop signals{at.stop}; // the node takes SIGINT and SIGTERM for itself while it runs
  skald::node node{{.store = common.store}};
  node.events<skald::events<load_event>>();
  load appending{node, options, at};
  const int status = node.run([&] { return appending.run(); });
  try {
    appending.print(common.for_people);
    at.out.flush();
  } catch (const skald::failure&) {
    if (!at.stop.stopped()) throw; // else the terminal is closed, which is what the signal was about
    at.out.clear();
  }
  appending.check();
  return at.stop.stopped() ? at.stop.status() : status;
}

} // namespace tools
