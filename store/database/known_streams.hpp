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

/// What a database's writer knows of streams, and whose rows it has to write.
class known_streams {
public:
  struct state : event_store::transaction::stream_head {
    std::int64_t key = 0; ///< 0: nothing is stored of the stream
    bool stored = false;  ///< has a row
    bool changed = false; ///< since that was written

    [[nodiscard]] const event_store::transaction::stream_head& head() const noexcept { return *this; }
  };
  using entry = std::pair<const stream_id, state>;

  /// The entry of a stream; where there is none yet, of what `look_up()` answers. Stays until `forget`.
  template <class LookUp>
  [[nodiscard]] entry& at(const stream_id& stream, LookUp look_up) {
    if (last_used_ && last_used_->first == stream) return *last_used_; // a request asks several times
    auto known = entries_.find(stream);
    if (known == entries_.end()) known = entries_.emplace(stream, look_up()).first;
    return *(last_used_ = &*known);
  }

  /// Notes what a row tells, or that there is none. Not for one that has changed.
  void know(const stream_id& stream, const state& now) { entries_.insert_or_assign(stream, now); }
  [[nodiscard]] bool knows(const stream_id& stream) const { return entries_.contains(stream); }

  /// Its row is to be written. One of which nothing was stored gets the next key.
  void change(entry& which) {
    auto& state = which.second;
    if (!state.changed) changed_.push_back(&which);
    state.changed = true;
    if (state.key == 0) state.key = ++last_key_;
  }

  /// The same, for a record that is written to it.
  void change(entry& which, const record& r) {
    change(which);
    which.second.revision = r.revision;
    which.second.newest = std::max(which.second.newest, r.created);
  }

  [[nodiscard]] const std::vector<entry*>& changed() const noexcept { return changed_; }

  /// The rows of all that have changed are written.
  void written() noexcept {
    for (auto* one : changed_) one->second.stored = true, one->second.changed = false;
    changed_.clear();
  }

  /// The largest key, as it was looked up and since then.
  void set_last_key(std::int64_t key) noexcept { last_key_ = key; }
  [[nodiscard]] std::int64_t last_key() const noexcept { return last_key_; }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// All but the largest key.
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
