#pragma once

#include <skald/actors/handler_runner.hpp>
#include <skald/actors/interfaces.hpp>
#include <skald/actors/link.hpp>
#include <skald/actors/store_client.hpp>
#include <skald/actors/timers.hpp>
#include <skald/projection/projection_run.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skald::actors {

/// The setup of a projector.
struct projector_setup {
  std::string name;
  std::optional<position> fresh_from;
  std::vector<handler> handlers;
  std::shared_ptr<const store_client> store;
  boost::asio::any_io_executor executor;
  /// Called, on any thread, if a handler fails, with its record, or if the projection itself does, with null.
  std::function<void(const error&, const record*)> on_error;
};

/// Runs one projection: spawns its handlers, and carries out what its `projection_run` decides. Reads, writes, timers,
/// deliveries and answers go through here.
class projector_behavior {
public:
  static constexpr const char* name = "skald.projector";

  projector_behavior(projector_actor::pointer self, std::shared_ptr<const projector_setup> setup);
  ~projector_behavior();
  projector_behavior(const projector_behavior&) = delete;
  projector_behavior& operator=(const projector_behavior&) = delete;

  projector_actor::behavior_type make_behavior();

private:
  /// A handler and its actor, with the kind erased.
  struct handler_entry {
    std::shared_ptr<handler_runner> runner;
    std::function<void(delivery, std::shared_ptr<const deliveries>)> deliver;
    std::function<void()> end;
  };

  template <handler_kind Kind>
  void spawn_handler(const handler& h);
  void register_projection(promise<void> answer);

  void carry_out(projection_run::actions all);
  void carry_out(projection_run::deliver_action& action);
  void carry_out(projection_run::read_action& action);
  void carry_out(projection_run::save_action& action);
  void carry_out(projection_run::rewind_action& action);
  void carry_out(projection_run::reset_action& action);
  void carry_out(projection_run::cancel_action&);
  void carry_out(projection_run::report_action& action);
  void carry_out(projection_run::answer_action& action);
  void carry_out(projection_run::wake_action& action);

  /// An answer that the run gets, as `(run_.*report)(result<T>)`.
  template <class T, class Report>
  promise<T> for_run(Report report) {
    return answer_inside<T>(projector_actor{self_},
                            [this, report](result<T> answer) { carry_out((run_.*report)(std::move(answer))); });
  }

  projector_actor::pointer self_;
  std::shared_ptr<const projector_setup> setup_;
  std::shared_ptr<link<projector_actor>> me_; ///< cut at the end: handlers may report later
  std::vector<handler_entry> handlers_;
  projection_run run_;
  timers timers_;
};

} // namespace skald::actors
