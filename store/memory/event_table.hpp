#pragma once

#include <skald/store/checksum.hpp>
#include <skald/store/query.hpp>
#include <skald/store/summary.hpp>
#include <skald/store/verify/inspector.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::memory {

/// All records, with the indexes that find them.
class event_table {
public:
  using index = std::size_t; // a record's position minus one

  struct entry {
    stream_cursor at;
    index where;
  };
  /// The records of one stream, in the order of `(created, id)`.
  using stream_entries = std::vector<entry>;

  [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
  [[nodiscard]] const record& operator[](index where) const { return records_[where]; }

  [[nodiscard]] const record* find(const event_id& id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? nullptr : &records_[found->second];
  }

  [[nodiscard]] const stream_entries& stream(const stream_id& name) const {
    static const stream_entries none;
    const auto found = streams_.find(name);
    return found == streams_.end() ? none : found->second;
  }

  [[nodiscard]] std::vector<stream_summary> streams(std::string_view after, std::size_t limit) const {
    std::vector<stream_summary> all;
    for (const auto& [name, entries] : streams_)
      if (name.str() > after) all.push_back({name, revision{entries.size()}, entries.back().at.created});
    std::ranges::sort(all, {}, &stream_summary::stream);
    all.resize(std::min(limit, all.size()));
    return all;
  }

  [[nodiscard]] std::vector<type_summary> types() const {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& r : records_) ++counts[r.type];
    std::vector<type_summary> all;
    for (const auto& [type, events] : counts) all.push_back({type, events});
    return all;
  }

  [[nodiscard]] bool holds_later(const stream_id& name, std::string_view type, timestamp created) const {
    const auto& entries = stream(name);
    const auto later = std::ranges::partition_point(entries, [&](const entry& e) { return e.at.created <= created; });
    return std::any_of(later, entries.end(), [&](const entry& e) { return records_[e.where].type == type; });
  }

  void show(inspector& found) const {
    for (index i = 0; i < records_.size(); ++i) found.show_record(records_[i], checksums_[i], nullptr);
    for (const auto& [name, entries] : streams_) {
      std::vector<index> places;
      timestamp newest;
      for (const auto& e : entries) {
        places.push_back(e.where);
        newest = std::max(newest, e.at.created);
      }
      std::ranges::sort(places);
      found.show_stream(name, revision{entries.size()}, newest);
      for (const auto i : places) found.show_event(records_[i].revision, records_[i].position, records_[i].created);
      found.end_streams();
    }
  }

  void add(const record& r) {
    const auto where = records_.size();
    checksums_.push_back(checksum_of(r));
    records_.push_back(r);
    ids_.emplace(r.id, where);
    auto& entries = streams_[r.stream];
    const auto at = stream_query::cursor_of(r);
    entries.insert(first_from(entries, at), {at, where});
  }

  /// Removes all but the first `size` records, even if the last `add` threw half-way.
  void truncate(std::size_t size) noexcept {
    checksums_.resize(size);
    for (; records_.size() > size; records_.pop_back()) {
      const auto& r = records_.back();
      ids_.erase(r.id);
      const auto found = streams_.find(r.stream);
      if (found == streams_.end()) continue;
      auto& entries = found->second;
      const auto entry = first_from(entries, stream_query::cursor_of(r));
      if (entry != entries.end() && entry->where == records_.size() - 1) entries.erase(entry);
      if (entries.empty()) streams_.erase(found);
    }
  }

private:
  static stream_entries::iterator first_from(stream_entries& entries, const stream_cursor& at) {
    if (!entries.empty() && entries.back().at < at) return entries.end();
    return std::ranges::partition_point(entries, [&](const entry& e) { return e.at < at; });
  }

  std::deque<record> records_;
  std::deque<std::uint64_t> checksums_; // of the records
  std::unordered_map<event_id, index> ids_;
  std::unordered_map<stream_id, stream_entries> streams_;
};

} // namespace skald::detail::memory
