#pragma once

#include <skald/store/event_store.hpp>
#include <skald/store/limits.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
    if (request.command.empty()) return decide(request);
    if (const auto done = receipts_.find(request.command); done != receipts_.end())
      return {errc::none, done->second, {}};
    auto told = decide(request);
    if (told.code != errc::none) return told;
    told.receipt.answer = request.answer;
    receipts_.emplace(request.command, told.receipt);
    return told;
  }

  /// Messages are left out.
  hydrate_report hydrate(const std::vector<record>& records) {
    hydrate_report report;
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto r = records[i];
      if (const auto* known = find(r.id)) {
        ++report.known;
        if (!is_event(r, *known)) report.different.push_back({i, {}});
        continue;
      }
      r.hydrated = true;
      r.outdated = holds_later(r);
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

  [[nodiscard]] record_status status(const record& r) const {
    const bool exists = find(r.id) != nullptr;
    return {exists, exists || holds_later(r)};
  }

  [[nodiscard]] std::vector<stream_summary> streams(std::string_view after, std::size_t limit) const {
    std::map<stream_id, stream_summary> all;
    for (const auto& r : log_) {
      auto& s = all.try_emplace(r.stream, stream_summary{r.stream, {}, {}}).first->second;
      ++s.revision.value;
      s.newest = std::max(s.newest, r.created);
    }
    std::vector<stream_summary> listed;
    for (const auto& [name, summary] : all)
      if (name.str() > after && listed.size() < limit) listed.push_back(summary);
    return listed;
  }

  [[nodiscard]] std::vector<relation_summary> relations(std::string_view after, std::size_t limit) const {
    std::vector<relation_summary> listed;
    for (const auto& [key, revision] : revisions_)
      if (const auto kept = related(key).streams.size(); kept != 0 && key.str() > after && listed.size() < limit)
        listed.push_back({key, skald::revision{revision}, kept});
    return listed;
  }

  [[nodiscard]] std::vector<type_summary> types() const {
    std::map<std::string, std::uint64_t> counts;
    for (const auto& r : log_) ++counts[r.type];
    std::vector<type_summary> listed;
    for (const auto& [type, events] : counts) listed.push_back({type, events});
    return listed;
  }

  [[nodiscard]] std::vector<snapshot_key> snapshots(const snapshot_key& after, std::size_t limit) const {
    std::vector<snapshot_key> listed;
    for (const auto& [key, stored] : snapshots_)
      if (key > after && listed.size() < limit) listed.push_back(key);
    return listed;
  }

  /// What a reducer would keep that has folded the first `records` records of a key, of which there are as many.
  [[nodiscard]] snapshot fold(const snapshot_key& key, std::size_t records) const {
    const auto first = folded_by(key);
    snapshot s;
    s.key = key;
    s.fingerprint = "shape";
    s.records = records;
    s.cursor = stream_query::cursor_of(first.at(records - 1));
    if (key.relation()) s.relation_revision = related(*key.relation()).revision;
    s.state = first.at(records - 1).data;
    return s;
  }

  /// All that a reducer folds of a key, in its order.
  [[nodiscard]] std::vector<record> folded_by(const snapshot_key& key) const {
    const auto streams = key.stream() ? std::vector{*key.stream()} : related(*key.relation()).streams;
    auto page = expected_page(log_, streams_query{streams});
    return std::move(page.records);
  }

  void save(const snapshot& s) {
    auto first = folded_by(s.key);
    first.resize(s.records);
    snapshots_.insert_or_assign(s.key, std::pair{s, std::move(first)});
  }

  void remove(const snapshot_key& key) { snapshots_.erase(key); }

  [[nodiscard]] std::optional<stored_snapshot> load(const snapshot_key& key) const {
    const auto found = snapshots_.find(key);
    if (found == snapshots_.end()) return {};
    const auto& [s, folded] = found->second;
    const auto now = folded_by(key);
    const bool same_streams = key.relation() == nullptr || related(*key.relation()).revision == s.relation_revision;
    return stored_snapshot{s, same_streams && now.size() >= folded.size() &&
                                std::equal(folded.begin(), folded.end(), now.begin())};
  }

  checkpoint register_projection(const std::string& name, std::optional<position> fresh_from) {
    const position head{log_.size()};
    return projections_.try_emplace(name, checkpoint{{}, fresh_from.value_or(head), {}}).first->second;
  }

  errc save(const std::vector<checkpoint_update>& updates) {
    for (const auto& update : updates)
      if (!projections_.contains(update.projection)) return errc::invalid_argument;
    for (const auto& update : updates) {
      auto& stored = projections_.at(update.projection);
      stored.handled = std::max(stored.handled, update.handled);
      std::set<completion> done{stored.completions.begin(), stored.completions.end()};
      done.insert(update.completions.begin(), update.completions.end());
      std::erase_if(done, [&](const completion& one) { return one.position <= stored.handled; });
      stored.completions.assign(done.begin(), done.end());
    }
    return errc::none;
  }

  /// Precondition: it is registered.
  checkpoint rewind(const std::string& name, position handled) {
    auto& stored = projections_.at(name);
    if (handled < stored.handled) {
      stored.fresh_from = std::max(stored.fresh_from, stored.handled);
      stored.handled = handled;
    }
    return stored;
  }

  /// Whether a record of another store is that of this one, of those that tests make.
  static bool is_event(const record& r, const record& here) {
    const bool may_be_raised = !here.hydrated && r.created.time() < here.created.time();
    return r.stream == here.stream && r.type == here.type && r.schema_version == here.schema_version &&
           r.data == here.data && r.meta == here.meta && (r.created.time() == here.created.time() || may_be_raised);
  }

  [[nodiscard]] const record* find(const event_id& id) const {
    const auto found = std::ranges::find(log_, id, &record::id);
    return found == log_.end() ? nullptr : &*found;
  }

  [[nodiscard]] revision revision_of(const stream_id& stream, position up_to = position{UINT64_MAX}) const {
    return revision{static_cast<std::uint64_t>(
      std::ranges::count_if(log_, [&](const record& r) { return r.stream == stream && r.position <= up_to; }))};
  }

  /// All records; nothing is said of when they were recorded.
  [[nodiscard]] const std::vector<record>& log() const noexcept { return log_; }

private:
  answer decide(const append_request& request) {
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
    if (request.after && !request.streams.empty() && !rests_on(request, *request.after))
      return refused(request.streams.front());
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

  [[nodiscard]] bool holds_later(const record& r) const {
    return std::ranges::any_of(log_, [&](const record& other) {
      return other.stream == r.stream && other.type == r.type && other.created > r.created;
    });
  }

  [[nodiscard]] bool rests_on(const append_request& request, const event_id& basis) const {
    const auto* found = find(basis);
    return found != nullptr && found->revision == revision_of(found->stream) &&
           std::ranges::find(request.streams, found->stream, &stream_append::stream) != request.streams.end();
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
    answer duplicate{errc::duplicate_event, {}, {}};
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
      told.receipt.revisions.emplace_back(before.value + part.events.size());
    }
    return told;
  }

  std::vector<record> log_;
  std::set<std::pair<relation_key, stream_id>> pairs_;
  std::map<relation_key, std::uint64_t> revisions_;
  std::map<snapshot_key, std::pair<snapshot, std::vector<record>>> snapshots_; // with the records folded
  std::map<std::string, checkpoint> projections_;
  std::map<command_id, skald::receipt> receipts_;
};

} // namespace skald::test
