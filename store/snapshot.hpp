#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/query.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace skald {

/// Names a snapshot: a reducer, and the stream that it has folded, or the relation key of the streams. A store has at
/// most one snapshot of each key.
///
/// It has constructors for the same reason as `record`.
class snapshot_key {
public:
  snapshot_key() = default;
  snapshot_key(std::string reducer, stream_id of) : reducer_{std::move(reducer)}, of_{std::move(of)} {}
  snapshot_key(std::string reducer, relation_key of) : reducer_{std::move(reducer)}, of_{std::move(of)} {}

  /// 1 to 512 bytes of UTF-8 without NUL.
  [[nodiscard]] const std::string& reducer() const noexcept { return reducer_; }
  /// Null for a snapshot of a relation.
  [[nodiscard]] const stream_id* stream() const noexcept { return std::get_if<stream_id>(&of_); }
  /// Null for a snapshot of a stream.
  [[nodiscard]] const relation_key* relation() const noexcept { return std::get_if<relation_key>(&of_); }
  /// The name of the stream or the relation.
  [[nodiscard]] const std::string& name() const noexcept { return stream() ? stream()->str() : relation()->str(); }

  friend auto operator<=>(const snapshot_key&, const snapshot_key&) = default;

private:
  std::string reducer_;
  std::variant<stream_id, relation_key> of_;
};

/// The state that a reducer has folded from the first records of its streams. The next fold starts after them. A cache:
/// it may disappear at any time.
struct snapshot {
  snapshot() = default;

  snapshot_key key;
  /// Identifies the shape of the state and the reducer's event types. A reducer ignores a snapshot with another one.
  std::string fingerprint;
  /// The place of the last record folded. The store sets its time, which it looks up by the id.
  stream_cursor cursor;
  /// The number of records up to the cursor, of all types.
  std::uint64_t records = 0;
  /// The revision of the relation when its streams were listed; 0 for a stream.
  revision relation_revision;
  std::string state; ///< JSON text

  friend bool operator==(const snapshot&, const snapshot&) = default;
};

/// The answer of `event_store::load_snapshot`.
struct stored_snapshot {
  skald::snapshot snapshot;
  /// Whether it is still current: the same streams have just the folded records up to the cursor. If not, remove it and
  /// fold from the beginning.
  bool holds = false;
};

} // namespace skald
