#pragma once

#include <skald/store/event_store.hpp>
#include <skald/store/limits.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>
#include <vector>

/// A store so simple that one sees it to be right: lists, looked through from end to end.
namespace skald::test {

/// What a query must answer, found the slow way. `all` is in the order of positions.
template <class Query>
page expected_page(std::vector<record> all, const Query& query) {
  const auto cursor = [](const record& r) { return Query::cursor_of(r); };
  if constexpr (std::is_same_v<Query, stream_query>)
    std::erase_if(all, [&](const record& r) { return r.stream != query.stream(); });
  if constexpr (std::is_same_v<Query, streams_query>)
    std::erase_if(
      all, [&](const record& r) { return std::ranges::find(query.streams(), r.stream) == query.streams().end(); });
  std::sort(all.begin(), all.end(), [&](const record& a, const record& b) { return cursor(a) < cursor(b); });
  std::erase_if(all, [&](const record& r) {
    const auto& types = query.types();
    return (query.after() && cursor(r) <= *query.after()) || (query.before() && cursor(r) >= *query.before()) ||
           (types && std::find(types->begin(), types->end(), r.type) == types->end());
  });
  if (query.direction() == direction::backward) std::ranges::reverse(all);
  if (query.limit() && all.size() > *query.limit()) all.resize(*query.limit());
  const bool more = all.size() > limits::page_records;
  if (more) all.resize(limits::page_records);
  return {std::move(all), more};
}

/// What a store does with requests, but for the time at which it records.
class model {
public:
  /// The answer to a request: where it went, or why it was refused.
  struct answer {
    errc code = errc::none;
    skald::receipt receipt{};
    skald::conflict conflict{};

    friend bool operator==(const answer&, const answer&) = default;
  };

  static answer of(const result<receipt>& told) {
    return told ? answer{errc::none, *told, {}} : answer{told.error().code, {}, told.error().conflict};
  }

  answer append(const append_request& request) {
    std::vector<const record*> known;
    std::size_t events = 0;
    for (const auto& part : request.streams)
      for (const auto& event : part.events) {
        ++events;
        if (const auto* found = find(event.id)) known.push_back(found);
      }
    if (events != 0 && known.size() == events) return repeat(request, known);
    for (const auto& part : request.streams)
      if (!part.expected.met_by(revision_of(part.stream))) return refused(part);
    if (!known.empty()) return {errc::duplicate_event, {}, {}};
    answer told;
    for (const auto& part : request.streams) {
      for (const auto& event : part.events) {
        record r;
        r.id = event.id;
        r.stream = part.stream;
        r.type = event.type;
        r.schema_version = event.schema_version;
        r.data = event.data;
        r.meta = event.meta;
        r.created = event.created;
        for (const auto& other : log_)
          if (other.stream == r.stream) r.created = std::max(r.created, other.created.next());
        r.batch = request.batch;
        r.silent = !request.emit;
        write(std::move(r));
        if (told.receipt.first == position{}) told.receipt.first = log_.back().position;
        told.receipt.last = log_.back().position;
      }
      told.receipt.revisions.push_back(revision_of(part.stream));
    }
    relate(request.relations);
    return told;
  }

  hydrate_report hydrate(const std::vector<record>& records) {
    hydrate_report report;
    for (auto r : records) {
      if (find(r.id)) {
        ++report.known;
        continue;
      }
      r.hydrated = true;
      r.outdated = std::ranges::any_of(log_, [&](const record& other) {
        return other.stream == r.stream && other.type == r.type && other.created > r.created;
      });
      write(std::move(r));
      report.last = log_.back().position;
      ++report.written;
    }
    return report;
  }

  void relate(const std::vector<relation_change>& changes) {
    using kind = relation_change::kind;
    for (const auto& change : changes) {
      if (change.what() == kind::insert && pairs_.insert({change.key(), change.stream()}).second)
        ++revisions_[change.key()];
      std::set<relation_key> changed;
      if (change.what() != kind::insert)
        std::erase_if(pairs_, [&](const auto& pair) {
          const bool gone = (change.key().empty() || pair.first == change.key()) &&
                            (change.stream().empty() || pair.second == change.stream());
          if (gone) changed.insert(pair.first);
          return gone;
        });
      for (const auto& key : changed) ++revisions_[key];
    }
  }

  [[nodiscard]] relation related(const relation_key& key) const {
    relation found;
    for (const auto& pair : pairs_)
      if (pair.first == key) found.streams.push_back(pair.second);
    if (const auto counted = revisions_.find(key); counted != revisions_.end())
      found.revision = revision{counted->second};
    return found;
  }

  [[nodiscard]] std::vector<relation_key> keys_of(const stream_id& stream) const {
    std::vector<relation_key> keys;
    for (const auto& pair : pairs_)
      if (pair.second == stream) keys.push_back(pair.first);
    return keys;
  }

  [[nodiscard]] revision revision_of(const stream_id& stream, position up_to = position{UINT64_MAX}) const {
    return revision{static_cast<std::uint64_t>(
      std::ranges::count_if(log_, [&](const record& r) { return r.stream == stream && r.position <= up_to; }))};
  }

  /// All records; nothing is said of when they were recorded.
  [[nodiscard]] const std::vector<record>& log() const noexcept { return log_; }

private:
  [[nodiscard]] const record* find(const event_id& id) const {
    const auto found = std::ranges::find(log_, id, &record::id);
    return found == log_.end() ? nullptr : &*found;
  }

  void write(record r) {
    r.position = position{log_.size() + 1};
    r.revision = revision{revision_of(r.stream).value + 1};
    r.recorded = {};
    log_.push_back(std::move(r));
  }

  [[nodiscard]] answer refused(const stream_append& part) const {
    return {
      errc::wrong_expected_revision, {}, {part.stream.str(), part.expected.str(), revision_of(part.stream).value}};
  }

  [[nodiscard]] answer repeat(const append_request& request, const std::vector<const record*>& known) const {
    answer told{errc::none, {{}, known.front()->position, known.back()->position}, {}};
    const answer duplicate{errc::duplicate_event, {}, {}};
    std::size_t i = 0;
    for (const auto& part : request.streams) {
      const auto before = part.events.empty() ? revision_of(part.stream, position{told.receipt.first.value - 1})
                                              : revision{known[i]->revision.value - 1};
      const bool by_itself = part.expected == expected_revision::stream_exists() && !part.events.empty();
      if (!by_itself && !part.expected.met_by(before))
        return part.expected.met_by(revision_of(part.stream)) ? duplicate : refused(part);
      for (const auto& event : part.events) {
        const auto& r = *known[i];
        if (r.stream != part.stream || r.type != event.type || r.data != event.data || r.meta != event.meta ||
            r.schema_version != event.schema_version || r.position.value != told.receipt.first.value + i)
          return duplicate;
        ++i;
      }
      told.receipt.revisions.push_back(revision{before.value + part.events.size()});
    }
    return told;
  }

  std::vector<record> log_;
  std::set<std::pair<relation_key, stream_id>> pairs_;
  std::map<relation_key, std::uint64_t> revisions_;
};

} // namespace skald::test
