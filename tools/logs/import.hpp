#pragma once

#include "event_line.hpp"
#include "log_time.hpp"
#include <skald/store/event_store.hpp>
#include <skald/store/log_ids.hpp>

#include <cstdint>
#include <functional>
#include <future>
#include <string>
#include <unordered_map>
#include <vector>

namespace tools {

/// Whether a store, or a reader of lines, refuses a record for what it is: others may be fine.
[[nodiscard]] bool is_about_the_record(skald::errc code) noexcept;

struct import_report {
  std::uint64_t written = 0;
  std::uint64_t known = 0;   ///< were there already
  std::uint64_t refused = 0; ///< no events, or not the ones under whose ids they come, or none that the store takes
};

/// Brings events into a store, in durable transactions of many, while the next ones are read.
///
/// Events come as hydrated, so that doing it twice changes nothing. Where the store refuses a record for what it is,
/// or has another event under its id, the others are written.
class hydrator {
public:
  /// `refused` is told of each such record: the number it was given, and why.
  hydrator(skald::event_store& to, std::function<void(std::uint64_t, const std::string&)> refused);
  ~hydrator();
  hydrator(const hydrator&) = delete;
  hydrator& operator=(const hydrator&) = delete;

  /// Throws `failure` where the store does not write any more: what was written before stays.
  void add(skald::record r, std::uint64_t number);

  /// Writes what is left. Throws as above.
  void finish();

  void refuse(std::uint64_t number, const std::string& why);

  /// What is durable.
  [[nodiscard]] const import_report& report() const noexcept { return report_; }

private:
  struct batch {
    std::vector<skald::record> records;
    std::vector<std::uint64_t> numbers; ///< of each record
    std::size_t bytes = 0;
  };

  void write();
  void wait();
  /// What came of writing a part of a batch: where it was refused, it is written in smaller and smaller parts.
  void take(const skald::result<skald::hydrate_report>& done, std::size_t first, std::size_t count);

  skald::event_store& to_;
  std::function<void(std::uint64_t, const std::string&)> refused_;
  batch next_;
  batch writing_;
  std::future<skald::result<skald::hydrate_report>> written_;
  import_report report_;
};

/// Makes records of the events of a log.
///
/// Events keep their ids, or get ones that follow from what they are (`skald::log_ids`). Where events that are
/// foreign, or have no ids, follow each other in a stream, they get counters that keep the order of the log, unless
/// its time goes back by a millisecond. Memory grows with the number of events without ids, and of foreign streams.
class log_reader {
public:
  [[nodiscard]] skald::record next(log_event event);

private:
  struct place {
    skald::timestamp::milliseconds time{}; ///< of the newest event, as the log has it
    skald::timestamp created{}; ///< of its event
  };

  skald::log_ids ids_;
  std::unordered_map<skald::stream_id, place> newest_; ///< but for lines of skald's that have ids
};

} // namespace tools
