#pragma once

#include <skald/store/record.hpp>
#include <skald/store/snapshot.hpp>
#include <skald/store/verification.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// The rules of `verify`, for all backends. Not for users, and not installed.
namespace skald::detail {

/// Checks everything a store holds. The backend shows it piece by piece, as of one moment, and the inspector notes the
/// problems. Memory does not grow: it remembers only the last piece.
class inspector {
public:
  /// Shows the next record in the order of positions, with its stored checksum. `problem` is one that the backend
  /// itself has found, or null.
  void show_record(const record& r, std::optional<std::uint64_t> checksum, const char* problem);
  /// Shows the next records, which cannot be read. `last` is `last_position` if nothing after them can be read.
  void show_unreadable(position first, position last, const std::string& why);

  /// Shows the next stream, with the revision and the newest time in its row.
  void show_stream(const stream_id& name, revision said, timestamp newest);
  /// Shows the next event of this stream, ordered by revision, then by position.
  void show_event(revision number, position where, timestamp created);
  /// Ends the last stream.
  void end_streams();
  /// Notes that not all streams could be shown.
  void leave_out_streams();

  /// Shows a projection. Precondition: all records were shown.
  void show_projection(std::string_view name, position handled);
  /// Shows the receipt of a command. Precondition: all records were shown.
  void show_receipt(std::string_view command, position last, bool intact);
  /// Shows a snapshot.
  void show_snapshot(const snapshot_key& key, bool intact);

  /// Notes a problem that only the backend knows.
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
  position last_; // of the last record shown
  std::optional<stream_progress> stream_;
};

} // namespace skald::detail
