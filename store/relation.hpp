#pragma once

#include <skald/store/ids.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace skald {

/// One change of the streams under a relation key. A store makes changes in the order in which they are given.
class relation_change {
public:
  enum class kind : std::uint8_t { insert, remove, remove_key, remove_stream };

  /// Adds the stream to the key, unless it is there. The stream need not have events.
  [[nodiscard]] static relation_change insert(relation_key key, stream_id stream) {
    return {kind::insert, std::move(key), std::move(stream)};
  }
  /// Removes the stream from the key, if it is there.
  [[nodiscard]] static relation_change remove(relation_key key, stream_id stream) {
    return {kind::remove, std::move(key), std::move(stream)};
  }
  /// Removes all streams from the key.
  [[nodiscard]] static relation_change remove_key(relation_key key) { return {kind::remove_key, std::move(key), {}}; }
  /// Removes the stream from all keys.
  [[nodiscard]] static relation_change remove_stream(stream_id stream) {
    return {kind::remove_stream, {}, std::move(stream)};
  }

  [[nodiscard]] kind what() const noexcept { return what_; }
  /// Empty for `remove_stream`.
  [[nodiscard]] const relation_key& key() const noexcept { return key_; }
  /// Empty for `remove_key`.
  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }

  friend bool operator==(const relation_change&, const relation_change&) = default;

private:
  relation_change(kind what, relation_key key, stream_id stream)
    : what_{what}, key_{std::move(key)}, stream_{std::move(stream)} {}

  kind what_;
  relation_key key_;
  stream_id stream_;
};

/// The streams under a relation key.
struct relation {
  std::vector<stream_id> streams; ///< in the order of their names
  skald::revision revision;       ///< raised by every change of the key; 0 for one that was never used

  friend bool operator==(const relation&, const relation&) = default;
};

} // namespace skald
