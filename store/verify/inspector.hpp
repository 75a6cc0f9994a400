#pragma once

#include <skald/store/record.hpp>
#include <skald/store/snapshot.hpp>
#include <skald/store/verification.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// What must hold in every store: backends show what they keep, and the rules are here. Not for users, and not
/// installed.
namespace skald::detail {

/// Is shown all that a store keeps, as of one moment, and notes what cannot be. Remembers only what came last.
class inspector {
public:
  /// The next record in the order of positions, with its checksum where it has one. `problem` is what the backend
  /// itself has found wrong with it, or null.
  void show_record(const record& r, std::optional<std::uint64_t> checksum, const char* problem);
  /// Records that lie next and cannot be read, and why; up to `last_position` where nothing can be read behind them.
  void show_unreadable(position first, position last, const std::string& why);

  /// The next stream, and what is said of it.
  void show_stream(const stream_id& name, revision said, timestamp newest);
  /// The next event of the stream shown last, in the order of revisions, those of one revision by position.
  void show_event(revision number, position where, timestamp created);
  /// Behind the last stream.
  void end_streams();
  /// Not all streams could be shown.
  void leave_out_streams();

  /// A projection. Called behind the records.
  void show_projection(std::string_view name, position handled);
  /// The receipt of a command. Called behind the records.
  void show_receipt(std::string_view command, position last, bool intact);
  /// A snapshot.
  void show_snapshot(const snapshot_key& key, bool intact);

  /// What the rules above do not know.
  void note(std::string message) { add({{}, {}, {}, std::move(message)}); }

  [[nodiscard]] verification take() { return std::move(found_); }

private:
  struct stream_progress {
    stream_id name;
    revision said;
    timestamp said_newest;
    revision last;
    position last_at;
    timestamp newest;
  };

  void add(problem what);

  verification found_;
  position last_; // of the records shown
  std::optional<stream_progress> stream_;
};

} // namespace skald::detail
