#include "commands.hpp"
#include "logs/event_line.hpp"
#include "logs/import.hpp"
#include "partly.hpp"
#include "pieces.hpp"
#include "progress.hpp"
#include "text.hpp"
#include <skald/store/limits.hpp>
#include <skald/store/open_store.hpp>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tools {

namespace {

std::string reason() { return std::generic_category().message(errno); }

/// Reads up to `bytes` from there on; less at the end of the file.
std::string bytes_at(int file, const std::string& name, std::uint64_t from, std::uint64_t bytes) {
  std::string read(bytes, '\0');
  const auto count = ::pread(file, read.data(), bytes, static_cast<off_t>(from));
  if (count < 0)
    throw skald::failure{skald::errc::read_failed,
                         "reading '" + name + "': " + reason() + ": see whether it is a file"};
  read.resize(static_cast<std::size_t>(count));
  return read;
}

/// The whole lines of a file.
struct whole_lines {
  std::uint64_t count = 0;
  std::uint64_t last = 0; ///< where the last of them begins
  std::uint64_t end = 0;  ///< where the next one begins
};

/// Counts until it is stopped, or where a line is longer than any event may be: then there are none.
whole_lines lines_of(int file, const std::string& name, const stop_source& stop) {
  constexpr std::uint64_t piece = std::uint64_t{1} << 20;
  whole_lines found;
  for (std::uint64_t read = 0; !stop.stopped();) {
    const auto bytes = bytes_at(file, name, read, piece);
    if (bytes.empty()) break;
    for (auto at = bytes.find('\n'); at != std::string::npos; at = bytes.find('\n', at + 1)) {
      ++found.count;
      found.last = std::exchange(found.end, read + at + 1);
    }
    read += bytes.size();
    if (read - found.end > line_reader::most_line_bytes) return {};
  }
  return found;
}

/// Whether what is in a file is the beginning of the store's first event, as an export writes it.
bool begins_first_line(int file, const std::string& name, const skald::event_store& store) {
  const auto first = store.read(skald::all_query{}.limit(1)).value().records;
  const auto line = first.empty() ? std::string{} : event_line(first.front());
  return line.starts_with(bytes_at(file, name, 0, line.size() + 1));
}

/// The event that a line is, where an export of the store would write it like this.
std::optional<skald::record> event_of(const std::string& line, const skald::event_store& store) {
  skald::event_id id;
  try {
    id = parse_event_line(line).record.id;
  } catch (const skald::failure&) {
    return {}; // no export wrote it
  }
  auto found = store.find(id).value();
  if (found && event_line(*found) != line) found.reset();
  return found;
}

/// Where an export that stopped goes on: behind the last event whose line is whole. What is behind that line is cut
/// off.
///
/// Positions have no gaps, so the number of lines tells whether it is all there. Changes nothing where it is stopped.
skald::position resume(int file, const std::string& name, const skald::event_store& store, const stop_source& stop) {
  const auto refuse = [&](const std::string& why) {
    throw skald::failure{skald::errc::read_failed, why + ": nothing was written to the file; export to another one"};
  };
  const auto [count, begin, end] = lines_of(file, name, stop);
  if (stop.stopped()) return {};
  const auto last = count == 0 ? std::nullopt : event_of(bytes_at(file, name, begin, end - begin - 1), store);
  if (count == 0 ? !begins_first_line(file, name, store) : !last)
    refuse("what '" + name + "' ends with is not in this store, or not as an export writes it");
  const auto after = last ? last->position : skald::position{};
  if (count != after.value)
    refuse("'" + name + "' has " + grouped(count) + " whole lines, and the last one is event " + grouped(after.value) +
           " of this store: some are missing or stand there twice");
  if (::ftruncate(file, static_cast<off_t>(end)) != 0 || ::lseek(file, 0, SEEK_END) < 0)
    throw skald::failure{skald::errc::insertion_failed, "cutting '" + name + "' behind its last line: " + reason() +
                                                          ": see whether it may be written"};
  return after;
}

/// Puts the streams under the keys under which the other store has them, and says how many. What is there stays.
std::uint64_t copy_relations(const skald::event_store& from, skald::event_store& to) {
  std::uint64_t count = 0;
  std::vector<skald::relation_change> changes;
  const auto write = [&] {
    to.relate(changes).value();
    changes.clear();
  };
  for_each_relation(from, [&](const skald::relation_summary& r) {
    for (const auto& stream : from.related(r.key).value().streams) {
      changes.push_back(skald::relation_change::insert(r.key, stream));
      ++count;
      if (changes.size() == skald::limits::relation_changes) write();
    }
  });
  write();
  return count;
}

/// Of files, whether it is the same one by whatever name.
bool is_same_store(const std::string& one, const std::string& other) {
  constexpr std::string_view file = "sqlite:";
  std::error_code not_there;
  return one == other || (one.starts_with(file) && other.starts_with(file) &&
                          std::filesystem::equivalent(one.substr(file.size()), other.substr(file.size()), not_there));
}

} // namespace

int run_export(const common_options& common, const export_options& options, console& at) {
  const signal_stop signals{at.stop};
  const bool to_file = !options.file.empty();
  if (options.resume && !to_file)
    throw skald::failure{skald::errc::invalid_argument, "--resume needs --output, the file to go on with"};
  const auto store = open_verified(common);
  descriptor file;
  skald::position after;
  if (to_file) {
    file = options.resume ? open_file(options.file, O_RDWR | O_CREAT)
                          : open_file(options.file, O_RDWR | O_CREAT | O_EXCL,
                                      "name a new file in a folder that is there, or go on with one by --resume");
    if (options.resume) after = resume(file.get(), options.file, *store, at.stop);
  }
  const std::string name = "'" + options.file + "'";
  descriptor_stream into_file{file.get(), name};
  std::ostream& out = to_file ? into_file : at.out;
  const auto head = store->head().value();
  const auto all = static_cast<double>(head.value - std::min(head, after).value);
  std::uint64_t events = 0;
  const auto what_is_left = [&] {
    return counted(events, "event is", "events are") + " exported" +
           (to_file ? ", and --resume goes on with the rest" : "");
  };
  try {
    std::optional<progress> shown;
    if (to_file) shown.emplace("exported", at);
    auto query = skald::all_query{}.after(after).before(skald::position{head.value + 1});
    while (!at.stop.stopped()) {
      const auto page = store->read(query).value();
      for (const auto& r : page.records) out << event_line(r) << '\n';
      events += page.records.size();
      if (shown) shown->show(events, static_cast<double>(events) / all);
      if (!page.more) break;
      query.resume_behind(page.records.back());
    }
    out.flush();
    if (to_file && ::fsync(file.get()) != 0 && errno != EINVAL) // which says that there is no disk behind it
      throw skald::failure{skald::errc::insertion_failed,
                           "writing " + name + ": " + reason() + ": see that there is room"};
  } catch (const skald::failure& why) {
    if (to_file) failed(why, "the file keeps what was written, and --resume goes on with the rest");
    throw;
  }
  if (at.stop.stopped()) return interrupted(at, what_is_left());
  if (to_file)
    at.out << (common.for_people ? counted(events, "event") + " exported\n"
                                 : "{\"events\":" + std::to_string(events) + "}\n");
  return 0;
}

int run_copy(const common_options& common, const copy_options& options, console& at) {
  const signal_stop signals{at.stop};
  if (is_same_store(options.to, common.store))
    throw skald::failure{skald::errc::invalid_argument,
                         "a store cannot be copied into itself: name another one with --to"};
  const auto from = open_verified(common);
  const auto to = open({.store = options.to}, true);
  refusals told{at};
  hydrator events{*to, [&](std::uint64_t position, const std::string& why) {
                    told.add("position " + std::to_string(position), why);
                  }};
  const auto& done = events.report();
  const auto what_is_left = [&] {
    return counted(done.written + done.known, "event is", "events are") +
           " copied, and the same command goes on with the rest";
  };
  std::uint64_t relations = 0;
  try {
    progress shown{"copied", at};
    const auto head = from->head().value();
    auto query = skald::all_query{}.before(skald::position{head.value + 1});
    for (bool more = true; more && !at.stop.stopped();) {
      auto page = from->read(query).value();
      more = page.more;
      if (more) query.resume_behind(page.records.back());
      for (auto& r : page.records) {
        const auto position = r.position.value;
        events.add(std::move(r), position);
        shown.show(done.written + done.known, static_cast<double>(position) / static_cast<double>(head.value));
      }
    }
    events.finish();
    shown.show(done.written + done.known, at.stop.stopped() ? 0 : 1);
    if (!at.stop.stopped()) relations = copy_relations(*from, *to);
  } catch (const skald::failure& why) {
    told.end();
    failed(why, what_is_left());
  }
  told.end();
  if (at.stop.stopped()) return interrupted(at, what_is_left());
  if (common.for_people)
    at.out << counted(done.written, "event") << " copied, " << grouped(done.known) << " known, "
           << grouped(done.refused) << " refused; " << counted(relations, "stream") << " under relation keys\n";
  else
    at.out << "{\"written\":" << done.written << ",\"known\":" << done.known << ",\"refused\":" << done.refused
           << ",\"relations\":" << relations << "}\n";
  return done.refused == 0 ? 0 : 1;
}

} // namespace tools
