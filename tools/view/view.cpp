#include "../commands.hpp"
#include "../logs/event_line.hpp"
#include "../pieces.hpp"
#include "../text.hpp"
#include "listing.hpp"
#include "queries.hpp"
#include <skald/store/open_store.hpp>
#include <skald/store/quoted.hpp>
#include <skald/store/sqlite_store.hpp>

#include <algorithm>
#include <chrono>
#include <ranges>
#include <set>
#include <string>

namespace tools {

namespace {

using row = listing::row;

constexpr std::size_t name_width = 40;
constexpr std::size_t data_width = 60;
constexpr std::chrono::milliseconds between_looks{100}; // of a tail that follows

listing list_of_records(const common_options& common, console& at) {
  return {at.out, common.for_people, {">position", "created", "stream", ">revision", "type", "data"}};
}

void add(listing& to, const skald::record& r) {
  to.add([&] { return record_line(r); },
         [&] {
           return row{std::to_string(r.position.value),      r.created.str(),
                      printable(r.stream.str(), name_width), std::to_string(r.revision.value),
                      printable(r.type, name_width),         printable(r.data, data_width)};
         });
}

/// The record that an id, or where everything is read a position, names.
skald::record find(const skald::event_store& store, const std::string& which, bool by_position) {
  if (const auto place = skald::position::parse(which); by_position && place) {
    skald::record r;
    r.position = *place;
    return r;
  }
  const auto id = skald::event_id::parse(which);
  if (!id)
    throw skald::failure{skald::errc::invalid_argument,
                         "--after " + skald::detail::in_quotes(which) + ": give the id of an event, a UUID" +
                           (by_position ? ", or a position" : "; a position only where the whole store is read")};
  auto found = store.find(*id).value();
  if (!found) throw skald::failure{skald::errc::read_failed, "there is no event " + which + " behind which to read"};
  return std::move(*found);
}

/// No type named on the command line means all of them.
std::optional<std::vector<std::string>> wanted(const std::vector<std::string>& types) {
  if (types.empty()) return {};
  return types;
}

template <class Query>
int read(const skald::event_store& store, Query query, const common_options& common, const read_options& options,
         bool by_position, console& at) {
  std::optional<skald::record> from;
  if (!options.after.empty()) from = find(store, options.after, by_position);
  narrow(query, wanted(options.types), options.backward, options.limit, from);
  auto out = list_of_records(common, at);
  for_each(store, query, [&](const skald::record& r) { add(out, r); }).value();
  out.end(store.head().value() == skald::position{} ? "there are no events" : "there are no such events");
  return 0;
}

std::string pair(std::string_view name, const std::string& json) { return quoted(name) + ':' + json; }

std::string time_text(std::int64_t ms) {
  return skald::timestamp{skald::timestamp::milliseconds{std::chrono::milliseconds{ms}}, 0}.str();
}

/// What is in a store. All that is said of events is counted from their records, so that it agrees, whoever appends
/// meanwhile.
struct statistics {
  std::uint64_t events = 0;
  std::uint64_t streams = 0;
  std::uint64_t relations = 0;
  std::set<std::string> types;
  std::uint64_t bytes = 0;
  std::uint64_t hydrated = 0;
  std::uint64_t outdated = 0;
  std::uint64_t silent = 0;
  skald::timestamp first = skald::timestamp::max();
  skald::timestamp last;
  histogram times;

  void add(const skald::record& r) {
    ++events;
    streams += r.revision == skald::revision{1} ? 1 : 0;
    types.insert(r.type);
    bytes += r.data.size() + r.meta.size();
    hydrated += r.hydrated ? 1 : 0;
    outdated += r.outdated ? 1 : 0;
    silent += r.silent ? 1 : 0;
    first = std::min(first, r.created);
    last = std::max(last, r.created);
    times.add(r.created.time().time_since_epoch().count());
  }

  /// Each number behind its name.
  [[nodiscard]] named_numbers numbers() const {
    return {{"events", events}, {"streams", streams},   {"relations", relations}, {"types", types.size()},
            {"bytes", bytes},   {"hydrated", hydrated}, {"outdated", outdated},   {"silent", silent}};
  }
};

std::string json_of(const statistics& s, const skald::store_identity& store) {
  auto json = '{' + members_of(s.numbers());
  if (s.events != 0) json += ',' + pair("first", quoted(s.first.str())) + ',' + pair("last", quoted(s.last.str()));
  json += ",\"histogram\":[";
  for (bool first = true; const auto& bar : s.times.bars())
    json += (std::exchange(first, false) ? "{" : ",{") + pair("from", quoted(time_text(bar.begin))) + ',' +
            pair("events", std::to_string(bar.count)) + '}';
  return json + "]," + pair("id", quoted(store.id.str())) + ',' + pair("epoch", quoted(store.epoch.str())) + "}\n";
}

std::string text_of(const statistics& s) {
  constexpr std::uint64_t longest = 50;
  auto text = table_of("in the store", s.numbers());
  if (s.events == 0) return text;
  const auto bars = s.times.bars();
  const auto most = std::ranges::max(bars, {}, &histogram::bar::count).count;
  const auto shown = s.times.width() % histogram::day == 0 ? std::string_view{"2000-01-01"}.size() : std::string::npos;
  std::vector<row> rows;
  for (const auto& bar : bars)
    rows.push_back({time_text(bar.begin).substr(0, shown), grouped(bar.count),
                    std::string((bar.count * longest + most - 1) / most, '#')});
  return text + '\n' + table({"from", ">events", ""}, rows);
}

} // namespace

std::unique_ptr<skald::event_store> open(const common_options& common, bool create) {
  skald::store_options options;
  options.create = create;
  return skald::open_store(common.store, std::move(options)).value();
}

std::unique_ptr<skald::event_store> open_verified(const common_options& common) {
  skald::store_options options;
  options.create = false;
  options.verify_reads = true;
  return skald::open_store(common.store, std::move(options)).value();
}

int run_init(const common_options& common, console& at) {
  const auto store = open(common, true);
  const auto events = store->head().value().value;
  const auto name = skald::without_password(common.store);
  if (common.for_people)
    at.out << printable(name, std::string::npos) << " is ready: it holds " << counted(events, "event") << '\n';
  else
    at.out << '{' << pair("store", quoted(name)) << ',' << pair("events", std::to_string(events)) << "}\n";
  return 0;
}

int run_read(const common_options& common, const read_options& options, console& at) {
  if (!options.keys.empty() && !options.streams.empty())
    throw skald::failure{skald::errc::invalid_argument,
                         "streams and relation keys cannot be read together: name either streams, or keys with --key"};
  const auto store = open_verified(common);
  if (!options.keys.empty())
    return read(*store, skald::streams_query{names_of<skald::relation_key>(options.keys)}, common, options, false, at);
  if (!options.streams.empty())
    return read(*store, skald::streams_query{names_of<skald::stream_id>(options.streams)}, common, options, false, at);
  return read(*store, skald::all_query{}, common, options, true, at);
}

int run_tail(const common_options& common, const tail_options& options, console& at) {
  const signal_stop signals{at.stop};
  const auto store = open_verified(common);
  auto out = list_of_records(common, at);
  auto place = store->head().value();
  skald::all_query newest;
  narrow(newest, wanted(options.types), true, options.count, {});
  newest.before(skald::position{place.value + 1});
  std::vector<skald::record> last;
  for_each(*store, newest, [&](const skald::record& r) { last.push_back(r); }).value();
  for (const auto& r : std::views::reverse(last)) add(out, r);
  if (options.follow)
    out.flush();
  else
    out.end(place == skald::position{} ? "there are no events" : "there are no such events");
  while (options.follow && !at.stop.stopped()) {
    // Up to the head: what is of other types is not read again.
    const auto head = store->head().value();
    skald::all_query next;
    narrow(next, wanted(options.types), false, {}, {});
    next.after(place).before(skald::position{head.value + 1});
    for_each(*store, next, [&](const skald::record& r) { add(out, r); }).value();
    out.flush();
    place = head;
    at.stop.wait(between_looks, at.out_descriptor);
    if (!at.stop.stopped() && reader_is_gone(at.out_descriptor)) throw output_closed{};
  }
  return at.stop.stopped() ? at.stop.status() : 0;
}

int run_streams(const common_options& common, console& at) {
  const auto store = open(common, false);
  listing out{at.out, common.for_people, {"stream", ">revision", "newest"}};
  for_each_stream(*store, [&](const skald::stream_summary& s) {
    out.add(
      [&] {
        return '{' + pair("stream", quoted(s.stream.str())) + ',' + pair("revision", std::to_string(s.revision.value)) +
               ',' + pair("newest", quoted(s.newest.str())) + '}';
      },
      [&] { return row{printable(s.stream.str(), name_width), grouped(s.revision.value), s.newest.str()}; });
  });
  out.end("there are no streams");
  return 0;
}

int run_relations(const common_options& common, const relations_options& options, console& at) {
  if (!options.key.empty() && !options.stream.empty())
    throw skald::failure{skald::errc::invalid_argument, "--key and --stream exclude each other"};
  const auto store = open(common, false);
  const auto list_names = [&](std::string_view what, const auto& names, const std::string& nothing) {
    listing out{at.out, common.for_people, {std::string{what}}};
    for (const auto& name : names)
      out.add([&] { return '{' + pair(what, quoted(name.str())) + '}'; },
              [&] { return row{printable(name.str(), name_width)}; });
    out.end(nothing);
    return 0;
  };
  if (!options.key.empty())
    return list_names("stream", store->related(skald::relation_key::parse(options.key).value()).value().streams,
                      "no stream is kept under key " + skald::detail::in_quotes(options.key));
  if (!options.stream.empty())
    return list_names("key", store->keys_of(skald::stream_id::parse(options.stream).value()).value(),
                      "stream " + skald::detail::in_quotes(options.stream) + " is kept under no key");
  listing out{at.out, common.for_people, {"key", ">streams", ">revision"}};
  for_each_relation(*store, [&](const skald::relation_summary& r) {
    out.add(
      [&] {
        return '{' + pair("key", quoted(r.key.str())) + ',' + pair("streams", std::to_string(r.streams)) + ',' +
               pair("revision", std::to_string(r.revision.value)) + '}';
      },
      [&] { return row{printable(r.key.str(), name_width), grouped(r.streams), grouped(r.revision.value)}; });
  });
  out.end("there are no relation keys");
  return 0;
}

int run_snapshots(const common_options& common, console& at) {
  const auto store = open(common, false);
  listing out{at.out, common.for_people, {"reducer", "of", "name", ">events", "up to", ">bytes", "holds"}};
  for_each_snapshot(*store, [&](const skald::snapshot_key& key) {
    const auto found = store->load_snapshot(key).value();
    if (!found) return; // it went meanwhile
    const auto& s = found->snapshot;
    const std::string of = key.stream() ? "stream" : "relation";
    out.add(
      [&] {
        return '{' + pair("reducer", quoted(key.reducer())) + ',' + pair(of, quoted(key.name())) + ',' +
               pair("events", std::to_string(s.records)) + ',' + pair("up_to", quoted(s.cursor.created.str())) + ',' +
               pair("id", quoted(s.cursor.id.str())) + ',' + pair("bytes", std::to_string(s.state.size())) + ',' +
               pair("holds", found->holds ? "true" : "false") + '}';
      },
      [&] {
        return row{printable(key.reducer(), name_width),
                   of,
                   printable(key.name(), name_width),
                   grouped(s.records),
                   s.cursor.created.str(),
                   grouped(s.state.size()),
                   found->holds ? "yes" : "no"};
      });
  });
  out.end("there are no snapshots");
  return 0;
}

int run_types(const common_options& common, console& at) {
  const auto store = open(common, false);
  listing out{at.out, common.for_people, {"type", ">events"}};
  for (const auto& t : store->types().value())
    out.add([&] { return '{' + pair("type", quoted(t.type)) + ',' + pair("events", std::to_string(t.events)) + '}'; },
            [&] { return row{printable(t.type, name_width), grouped(t.events)}; });
  out.end("there are no events");
  return 0;
}

namespace {

/// A file that cannot be opened as a store is verified as it is.
skald::verification verify(const common_options& common) {
  constexpr std::string_view sqlite = "sqlite:";
  skald::store_options options;
  options.create = false;
  const auto store = skald::open_store(common.store, std::move(options));
  if (!store && store.error().code == skald::errc::open_failed && common.store.starts_with(sqlite))
    if (auto found = skald::verify_sqlite_store(common.store.substr(sqlite.size()))) return std::move(*found);
  return store.value()->verify().value();
}

} // namespace

int run_verify(const common_options& common, console& at) {
  const auto found = verify(common);
  listing out{at.out, common.for_people, {">position", "stream", "event", "problem"}};
  for (const auto& p : found.problems) {
    const auto place = p.position == skald::position{} ? std::string{} : std::to_string(p.position.value);
    const auto& stream = p.stream.str();
    const auto id = p.id.nil() ? std::string{} : p.id.str();
    out.add(
      [&] {
        return '{' + (place.empty() ? "" : pair("position", place) + ',') +
               (stream.empty() ? "" : pair("stream", quoted(stream)) + ',') +
               (id.empty() ? "" : pair("id", quoted(id)) + ',') + pair("problem", quoted(p.message)) + '}';
      },
      [&] { return row{place, printable(stream, name_width), id, printable(p.message, std::string::npos)}; });
  }
  out.flush();
  if (common.for_people)
    at.out << counted(found.records, "event")
           << (found.streams ? " in " + counted(*found.streams, "stream") + ": " : ", not all streams were looked at: ")
           << (found.sound() ? "nothing is missing or changed" : counted(found.problem_count, "problem")) << '\n';
  else
    at.out << '{' << pair("events", std::to_string(found.records)) << ','
           << (found.streams ? pair("streams", std::to_string(*found.streams)) + ',' : "")
           << pair("problems", std::to_string(found.problem_count)) << "}\n";
  return found.sound() ? 0 : 1;
}

int run_stats(const common_options& common, console& at) {
  const auto store = open(common, false);
  statistics found;
  for_each(*store, skald::all_query{}, [&](const skald::record& r) { found.add(r); }).value();
  for_each_relation(*store, [&](const auto&) { ++found.relations; });
  const auto identity = store->identity().value();
  if (common.for_people)
    at.out << text_of(found) << "\nid     " << identity.id.str() << "\nepoch  " << identity.epoch.str() << '\n';
  else
    at.out << json_of(found, identity);
  return 0;
}

} // namespace tools
