#pragma once

#include <skald/store/record.hpp>
#include <skald/store/transaction.hpp>

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail {

/// A writer's cache of streams. It notes the streams whose rows have to be written.
class known_streams {
public:
  struct state : event_store::transaction::stream_head {
    std::int64_t key = 0; ///< 0 if the database does not know the stream
    bool stored = false;  ///< whether it has a row
    bool changed = false; ///< whether its row has to be written

    [[nodiscard]] const event_store::transaction::stream_head& head() const noexcept { return *this; }
  };
  using entry = std::pair<const stream_id, state>;

  /// The entry of a stream. A missing one is made from the result of `look_up()`. Valid until `forget`.
  template <class LookUp>
  [[nodiscard]] entry& at(const stream_id& stream, LookUp look_up) {
    if (last_used_ && last_used_->first == stream) return *last_used_; // a request asks several times
    auto known = entries_.find(stream);
    if (known == entries_.end()) known = entries_.emplace(stream, look_up()).first;
    return *(last_used_ = &*known);
  }

  /// Notes the row of a stream, or that it has none. Precondition: the entry has not changed.
  void know(const stream_id& stream, const state& now) { entries_.insert_or_assign(stream, now); }
  [[nodiscard]] bool knows(const stream_id& stream) const { return entries_.contains(stream); }

  /// Notes that the row has to be written. A stream without a key gets the next one.
  void change(entry& which) {
    auto& state = which.second;
    if (!state.changed) changed_.push_back(&which);
    state.changed = true;
    if (state.key == 0) state.key = ++last_key_;
  }

  /// The same, for a record that was added to the stream.
  void change(entry& which, const record& r) {
    change(which);
    which.second.revision = r.revision;
    which.second.newest = std::max(which.second.newest, r.created);
  }

  [[nodiscard]] const std::vector<entry*>& changed() const noexcept { return changed_; }

  /// Notes that the rows of all changed streams were written.
  void written() noexcept {
    for (auto* one : changed_) one->second.stored = true, one->second.changed = false;
    changed_.clear();
  }

  /// The largest key of a stream, new streams included.
  void set_last_key(std::int64_t key) noexcept { last_key_ = key; }
  [[nodiscard]] std::int64_t last_key() const noexcept { return last_key_; }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// Forgets all streams. The largest key stays.
  void forget() noexcept {
    changed_.clear();
    last_used_ = nullptr;
    entries_.clear();
  }

private:
  std::unordered_map<stream_id, state> entries_;
  entry* last_used_ = nullptr;
  std::vector<entry*> changed_;
  std::int64_t last_key_ = 0;
};

} // namespace skald::detail
