#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/query.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace skald {

/// Names a snapshot: a reducer, and the stream, or the relation key of the streams, that it has folded. There is at most
/// one snapshot of each key.
///
/// Not an aggregate, as all that people pass beside `co_await` (g++ 12).
class snapshot_key {
public:
  snapshot_key() = default;
  snapshot_key(std::string reducer, stream_id of) : reducer_{std::move(reducer)}, of_{std::move(of)} {}
  snapshot_key(std::string reducer, relation_key of) : reducer_{std::move(reducer)}, of_{std::move(of)} {}

  /// 1 to 512 bytes of UTF-8 without NUL.
  [[nodiscard]] const std::string& reducer() const noexcept { return reducer_; }
  /// Null where it is of a relation.
  [[nodiscard]] const stream_id* stream() const noexcept { return std::get_if<stream_id>(&of_); }
  /// Null where it is of a stream.
  [[nodiscard]] const relation_key* relation() const noexcept { return std::get_if<relation_key>(&of_); }
  /// The name of the stream or the relation.
  [[nodiscard]] const std::string& name() const noexcept { return stream() ? stream()->str() : relation()->str(); }

  friend auto operator<=>(const snapshot_key&, const snapshot_key&) = default;

private:
  std::string reducer_;
  std::variant<stream_id, relation_key> of_;
};

/// What a reducer has made of the first records of its streams, so that the next fold starts behind them. A cache: it may
/// be gone at any time.
struct snapshot {
  snapshot() = default;

  snapshot_key key;
  /// Tells the shape of the state and what was folded; of another one, a snapshot is of no use. For whoever folds.
  std::string fingerprint;
  /// Of the last record folded. The store looks its time up by its id.
  stream_cursor cursor;
  /// How many records were folded, of whatever type: just those up to the cursor.
  std::uint64_t records = 0;
  /// Of the relation when its streams were listed; 0 for a stream.
  revision relation_revision;
  std::string state; ///< JSON text

  friend bool operator==(const snapshot&, const snapshot&) = default;
};

/// What `event_store::load_snapshot` finds.
struct stored_snapshot {
  skald::snapshot snapshot;
  /// Whether its cursor still has just the records behind it that were folded, in the same streams. If not, remove it and
  /// fold from the beginning.
  bool holds = false;
};

} // namespace skald
