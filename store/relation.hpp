#pragma once

#include <skald/store/ids.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace skald {

/// One change of what is kept under relation keys. Changes are made in the order in which they are given.
class relation_change {
public:
  enum class kind : std::uint8_t { insert, remove, remove_key, remove_stream };

  /// Keeps the stream under the key. One that is there already stays, and need not have events.
  [[nodiscard]] static relation_change insert(relation_key key, stream_id stream) {
    return {kind::insert, std::move(key), std::move(stream)};
  }
  /// Takes the stream from under the key, where it is there.
  [[nodiscard]] static relation_change remove(relation_key key, stream_id stream) {
    return {kind::remove, std::move(key), std::move(stream)};
  }
  /// Takes all streams from under the key.
  [[nodiscard]] static relation_change remove_key(relation_key key) { return {kind::remove_key, std::move(key), {}}; }
  /// Takes the stream from under all keys.
  [[nodiscard]] static relation_change remove_stream(stream_id stream) {
    return {kind::remove_stream, {}, std::move(stream)};
  }

  [[nodiscard]] kind what() const noexcept { return what_; }
  /// Empty where the change is about a stream alone.
  [[nodiscard]] const relation_key& key() const noexcept { return key_; }
  /// Empty where the change is about a key alone.
  [[nodiscard]] const stream_id& stream() const noexcept { return stream_; }

  friend bool operator==(const relation_change&, const relation_change&) = default;

private:
  relation_change(kind what, relation_key key, stream_id stream)
    : what_{what}, key_{std::move(key)}, stream_{std::move(stream)} {}

  kind what_;
  relation_key key_;
  stream_id stream_;
};

/// What is kept under a key.
struct relation {
  std::vector<stream_id> streams; ///< in the order of their names
  skald::revision revision;       ///< of the key, raised by every change of it; 0 for one that was never used

  friend bool operator==(const relation&, const relation&) = default;
};

} // namespace skald
