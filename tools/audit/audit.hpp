#pragma once

#include "ack_log.hpp"
#include <skald/store/record.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tools {

/// What a store does not hold as its log says. `stream` and so on are what it is about, as far as that is known.
struct violation {
  /// `missing`, `changed`, `moved`, `twice`, `torn`, `refused`, `position`, `revision`
  std::string_view kind;
  std::string message{};
  std::string stream{};
  skald::event_id id{};
  skald::position position{};
  std::uint64_t line = 0; ///< of the log, where the append was sent
};

/// As a JSON object, or as a sentence.
[[nodiscard]] std::string json_of(const violation& v);
[[nodiscard]] std::string sentence_of(const violation& v);

/// Holds a store against an acknowledgement log: first takes the lines of the log, then the records of the store.
///
/// Memory grows with the events that the log speaks of, by some 150 bytes each, and with the streams of the store, by
/// their names and some 100 bytes each.
class audit {
public:
  struct counts {
    std::uint64_t runs = 0;
    std::uint64_t appends = 0;      ///< that were sent
    std::uint64_t acknowledged = 0; ///< of these
    std::uint64_t refused = 0;      ///< of these
    std::uint64_t in_doubt = 0;     ///< the rest
    std::uint64_t in_doubt_written = 0;
    std::uint64_t events = 0;       ///< in the store
    std::uint64_t others = 0;       ///< of these, those of which the log does not know
    std::uint64_t violations = 0;
  };

  /// `tell` hears of each violation. What was acknowledged at `cut_ns` or later may be there or not.
  explicit audit(std::function<void(const violation&)> tell, std::optional<std::uint64_t> cut_ns = {})
    : tell_{std::move(tell)}, cut_ns_{cut_ns} {}

  /// Takes the next line of the log. Throws `failure` (`invalid_argument`), which says where, for what no run has
  /// written.
  void take(const line_reader::line& line);

  /// Takes the next record, in the order of positions from the first one. Throws as above where an id was sent twice,
  /// or the log has no run.
  void take(const skald::record& r);
  /// The records are over, and should have reached `head`. Throws as above.
  [[nodiscard]] counts finish(skald::position head);

private:
  enum class fate : std::uint8_t { in_doubt, acknowledged, refused };

  struct append {
    const std::string* stream;
    std::uint64_t line;
    std::uint64_t first = 0; ///< position; of what is in doubt, where it was found
    std::uint64_t revision = 0; ///< of the first event
    std::uint32_t events;
    std::uint32_t found = 0;
    audit::fate fate = audit::fate::in_doubt;
  };

  struct event {
    skald::event_id id;
    skald::event_id hash;
    std::uint32_t append;
    std::uint32_t nth; ///< of its append
    bool found = false;
  };

  void take_line(const run_line& l, std::uint64_t number);
  void take_line(const send_line& l, std::uint64_t number);
  void take_line(const ack_line& l, std::uint64_t number);
  void take_line(const refused_line& l, std::uint64_t number);
  void take_line(const unknown_line& l, std::uint64_t number);
  append& answered(std::uint64_t append, std::uint64_t line);
  void refuse_torn_line() const;
  void end_log(); ///< once
  void check_place(const skald::record& r);
  void report(violation v);
  void report(std::string_view kind, const std::string& message, const skald::record& r, std::uint64_t line = 0);

  std::function<void(const violation&)> tell_;
  std::optional<std::uint64_t> cut_ns_;
  counts counts_;
  std::uint64_t torn_line_ = 0; ///< that ended before its time, though not at the end of the log; 0 for none
  std::string torn_problem_;
  std::unordered_map<std::uint64_t, std::uint32_t> open_; ///< appends of this run without an answer, by their number
  std::uint64_t newest_ = 0; ///< append of this run
  std::vector<append> appends_;
  std::vector<event> events_; ///< once records come: by id
  bool log_ended_ = false;
  std::unordered_map<std::string, std::uint64_t> revisions_; ///< of all streams
  std::uint64_t position_ = 0;
};

} // namespace tools
