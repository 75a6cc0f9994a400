#pragma once

#include <skald/store/memory/undo_list.hpp>
#include <skald/store/relation.hpp>
#include <skald/store/summary.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::memory {

/// The relation keys and the streams under them.
class relation_table {
public:
  explicit relation_table(undo_list& undo) : undo_{undo} {}

  void apply(const relation_change& change) {
    switch (change.what()) {
      case relation_change::kind::insert: return raise_where(insert(change.key(), change.stream()), change.key());
      case relation_change::kind::remove: return raise_where(remove(change.key(), change.stream()), change.key());
      case relation_change::kind::remove_key: {
        const auto streams = find(change.key()).streams;
        for (const auto& stream : streams) remove(change.key(), stream);
        return raise_where(!streams.empty(), change.key());
      }
      case relation_change::kind::remove_stream:
        for (const auto& key : keys_of(change.stream())) raise_where(remove(key, change.stream()), key);
    }
  }

  [[nodiscard]] relation find(const relation_key& key) const {
    const auto found = relations_.find(key);
    if (found == relations_.end()) return {};
    return {{found->second.streams.begin(), found->second.streams.end()}, revision{found->second.revision}};
  }

  [[nodiscard]] std::vector<relation_key> keys_of(const stream_id& stream) const {
    const auto found = keys_.find(stream);
    if (found == keys_.end()) return {};
    return {found->second.begin(), found->second.end()};
  }

  [[nodiscard]] std::vector<relation_summary> all(std::string_view after, std::size_t limit) const {
    std::vector<relation_summary> all;
    for (const auto& [key, entry] : relations_) {
      if (all.size() == limit) break;
      if (key.str() > after && !entry.streams.empty())
        all.push_back({key, revision{entry.revision}, entry.streams.size()});
    }
    return all;
  }

private:
  struct entry {
    std::set<stream_id> streams;
    std::uint64_t revision = 0;
  };

  bool insert(const relation_key& key, const stream_id& stream) {
    if (!relations_[key].streams.insert(stream).second) return false;
    keys_[stream].insert(key);
    undo_.add([this, key, stream] { remove(key, stream); });
    return true;
  }

  bool remove(const relation_key& key, const stream_id& stream) {
    const auto found = relations_.find(key);
    if (found == relations_.end() || found->second.streams.erase(stream) == 0) return false;
    if (const auto keys = keys_.find(stream); keys->second.erase(key) != 0 && keys->second.empty()) keys_.erase(keys);
    undo_.add([this, key, stream] { insert(key, stream); });
    return true;
  }

  void raise_where(bool changed, const relation_key& key) {
    if (!changed) return;
    ++relations_[key].revision;
    undo_.add([this, key] { --relations_[key].revision; });
  }

  std::map<relation_key, entry> relations_;
  std::unordered_map<stream_id, std::set<relation_key>> keys_;
  undo_list& undo_;
};

} // namespace skald::detail::memory
