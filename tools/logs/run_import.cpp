#include "../commands.hpp"
#include "../partly.hpp"
#include "../progress.hpp"
#include "../text.hpp"
#include "import.hpp"
#include "log_source.hpp"
#include <skald/store/checks/append_checks.hpp>
#include <skald/store/open_store.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tools {

namespace {

constexpr std::size_t shown_events = 10; ///< of a dry run

/// Bytes of a file, 0 where that means nothing.
std::uint64_t size_of(int file) {
  struct stat found{};
  return ::fstat(file, &found) == 0 && S_ISREG(found.st_mode) ? static_cast<std::uint64_t>(found.st_size) : 0;
}

/// A log that was opened.
struct opened_log {
  std::string name; ///< as messages have it
  descriptor file;

  [[nodiscard]] std::string place(std::uint64_t line) const { return name + ':' + std::to_string(line); }
};

std::vector<opened_log> open_logs(const import_options& options, console& at) {
  std::vector<opened_log> logs;
  for (const auto& name : options.files)
    if (name == "-")
      logs.push_back({"standard input", descriptor{::dup(at.in)}});
    else
      logs.push_back({name, open_file(name, O_RDONLY)});
  return logs;
}

line_reader lines_of(const opened_log& log, const console& at) {
  return {log.file.get(), log.name == "standard input" ? log.name : '\'' + log.name + '\'', at.stop};
}

log_shape shape_of(const import_options& options) {
  return {options.format, options.map,
          log_time{time_style_named(options.time),
                   options.exact_times ? skald::timestamp::finer::refused : skald::timestamp::finer::in_counter}};
}

/// Calls `take` with each event and its line, and `refuse` with each line that holds none. Once it is stopped, it ends
/// after the lines that were read.
template <class Take, class Refuse>
void for_each_event(log_source& events, const stop_source& stop, Take take, Refuse refuse) {
  for (;;) {
    try {
      auto event = events.next();
      if (!event || !take(std::move(*event), events.line())) return;
    } catch (const skald::failure& why) {
      if (!is_about_the_record(why.code())) throw;
      if (!stop.stopped()) refuse(events.line(), why.what()); // else its end may not have been read
    }
  }
}

std::string counts(const import_report& r, bool for_people) {
  if (for_people)
    return counted(r.written, "event") + " imported, " + grouped(r.known) + " known, " + counted(r.refused, "line") +
           " refused\n";
  return "{\"written\":" + std::to_string(r.written) + ",\"known\":" + std::to_string(r.known) +
         ",\"refused\":" + std::to_string(r.refused) + "}\n";
}

/// Shows what the first lines of each log would become.
int show_first(const log_shape& shape, const std::vector<opened_log>& logs, const common_options& common, console& at) {
  constexpr std::size_t name_width = 40;
  constexpr std::size_t data_width = 100;
  refusals told{at};
  bool all_fit = true;
  log_reader reader;
  std::vector<std::vector<std::string>> rows;
  for (const auto& log : logs) {
    std::size_t count = 0;
    auto lines = lines_of(log, at);
    const auto events = make_log_source(shape, lines);
    const auto show = [&](log_event event, std::uint64_t) {
      const auto r = reader.next(std::move(event));
      skald::detail::check_record(r).value();
      if (common.for_people)
        rows.push_back({r.created.str(), std::to_string(r.created.counter()), printable(r.stream.str(), name_width),
                        printable(r.type, name_width), printable(r.data, data_width)});
      else
        at.out << event_line(r) << '\n';
      return ++count != shown_events;
    };
    for_each_event(*events, at.stop, show, [&](std::uint64_t line, const std::string& why) {
      all_fit = false;
      told.add(log.place(line), why);
    });
  }
  if (!rows.empty()) at.out << table({"created", ">counter", "stream", "type", "data"}, rows);
  told.end();
  return all_fit ? 0 : 1;
}

} // namespace

int run_import(const common_options& common, const import_options& options, console& at) {
  const signal_stop signals{at.stop};
  const auto shape = shape_of(options);
  const auto logs = open_logs(options, at);
  if (options.dry_run) return show_first(shape, logs, common, at);
  std::uint64_t size = 0;
  for (const auto& log : logs) size += size_of(log.file.get());
  const auto store = open(common, true);
  const opened_log* log = nullptr;
  refusals told{at};
  hydrator into{*store, [&](std::uint64_t line, const std::string& why) { told.add(log->place(line), why); }};
  const auto& done = into.report();
  const auto what_is_left = [&] {
    return skald::is_in_memory(common.store)
             ? counted(done.written + done.known, "event") + " imported, and gone with the store in memory"
             : counted(done.written + done.known, "event is", "events are") +
                 " kept, and the same command goes on with the rest";
  };
  try {
    progress shown{"imported", at};
    log_reader reader;
    std::uint64_t bytes = 0; // of the logs before
    const auto show = [&](std::uint64_t read) {
      const auto part = size == 0 ? 0 : static_cast<double>(bytes + read) / static_cast<double>(size);
      shown.show(done.written + done.known, part);
    };
    for (std::size_t i = 0; i < logs.size() && !at.stop.stopped(); ++i) {
      log = &logs[i];
      auto lines = lines_of(*log, at);
      const auto events = make_log_source(shape, lines);
      const auto add = [&](log_event event, std::uint64_t line) {
        into.add(reader.next(std::move(event)), line);
        show(lines.bytes());
        return true;
      };
      for_each_event(*events, at.stop, add,
                     [&](std::uint64_t line, const std::string& why) { into.refuse(line, why); });
      into.finish(); // also where it is interrupted, and before the name of the log changes
      show(lines.bytes());
      bytes += lines.bytes();
    }
  } catch (const skald::failure& why) {
    told.end();
    failed(why, what_is_left());
  }
  told.end();
  if (at.stop.stopped()) return interrupted(at, what_is_left());
  at.out << counts(done, common.for_people);
  return done.refused == 0 ? 0 : 1;
}

} // namespace tools
