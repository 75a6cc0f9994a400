#include "command_line.hpp"
#include "commands.hpp"
#include "manual.hpp"
#include "text.hpp"
#include <skald/store/open_store.hpp>
#include <skald/store/quoted.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <functional>
#include <iostream>
#include <limits>
#include <unistd.h>
#include <utility>

namespace tools {

namespace {

constexpr int wrong_usage = 2;

constexpr const char* notes = "Stores are sqlite:FILE, postgresql://USER@HOST/DATABASE, or memory:, which ends with\n"
                              "the program. Lists are tables on a terminal; into a file or a pipe, and with --json,\n"
                              "they are JSON, one object a line. Passwords are never shown; a URL that holds one is\n"
                              "best given in the variable, where other users of the machine do not see it.";

std::vector<option_help> statuses() {
  return {{{"0"}, "", "All was done"},
          {{"1"}, "", "Something was not, as is told on standard error; verify or audit has found something"},
          {{"2"}, "", "The command line is wrong; audit has no verdict"},
          {{"128+N"}, "", "Signal N ended it: 130 for an interrupt, 141 where nobody reads what it writes"}};
}

std::vector<option_help> variables() {
  return {{{"SKALD_STORE"}, "", "The store, where --store is not given"},
          {{"SKALD_COPY_TO"}, "", "Where copy brings events, where --to is not given"}};
}

std::string rows_of(const std::string& title, const std::vector<option_help>& options, std::size_t width) {
  auto rows = '\n' + title + ":\n";
  for (const auto& o : options) {
    const auto name = "  " + o.names[0];
    rows += name + std::string(width - name.size(), ' ') + o.text + '\n';
  }
  return rows;
}

option_help help_of(const CLI::Option& option) {
  option_help help{{}, {}, option.get_description(), option.get_required(), option.get_expected_max() > 1};
  if (!option.nonpositional()) {
    help.names = {option.get_name(true, false)};
    if (const auto& text = option.get_option_text(); text.find('|') != std::string::npos) help.value = text;
    return help;
  }
  for (const auto& name : option.get_snames()) help.names.push_back('-' + name);
  for (const auto& name : option.get_lnames()) help.names.push_back("--" + name);
  if (option.get_type_size() != 0)
    help.value = option.get_option_text().empty() ? option.get_type_name() : option.get_option_text();
  return help;
}

command_help help_of(const CLI::App& app, std::string name) {
  command_help help{std::move(name), app.get_description(), {}, {}};
  for (const auto* option : app.get_options())
    (option->nonpositional() ? help.options : help.arguments).push_back(help_of(*option));
  return help;
}

program_help help_of(const CLI::App& app) {
  program_help help{app.get_name(), SKALD_VERSION, help_of(app, ""), {}, notes, statuses(), variables()};
  for (const auto* command : app.get_subcommands({})) help.commands.push_back(help_of(*command, command->get_name()));
  return help;
}

/// CLI11 since 2.5 would make one paragraph of a footer's lines.
template <class Formatter>
void keep_lines_of_footers(Formatter& formatter) {
  if constexpr (requires { formatter.enable_footer_formatting(false); }) formatter.enable_footer_formatting(false);
}

/// The command line of `skald`. What is chosen runs behind the parsing.
class command_line {
public:
  explicit command_line(console& at) : at_{at} {
    app_.set_version_flag("--version", SKALD_VERSION, "Print the version and exit");
    app_.require_subcommand(1);
    app_.footer(notes + ('\n' + rows_of("Exit status", statuses(), width_of_options)) +
                rows_of("Environment", variables(), width_of_options));
    app_.get_formatter()->column_width(width_of_options);
    keep_lines_of_footers(*app_.get_formatter());
    add_viewing();
    add_moving();
    add_on_store("pipe", "Answer requests, one JSON object a line, for programs in any language",
                 [this] { return run_pipe(common_, at_); });
    add_proving();
    add_manual();
  }

  int run(std::vector<std::string> words) {
    const auto is_meant = [&](const CLI::App* command) { return command->get_name() == words[0]; };
    if (!words.empty() && !words[0].starts_with('-') && std::ranges::none_of(app_.get_subcommands({}), is_meant))
      return refuse("there is no command '" + words[0] + "'", "");
    if (!words.empty() && words[0].starts_with('-') && is_unknown(words[0]))
      return refuse_in_front(words[0].substr(0, words[0].find('=')));
    std::ranges::reverse(words); // as CLI11 takes them
    try {
      app_.parse(std::move(words));
    } catch (const CLI::Success& what) { // help, version
      return app_.exit(what, at_.out, at_.err);
    } catch (const CLI::ParseError& what) {
      return app_.get_subcommands().empty()
               ? refuse(what.what(), "")
               : refuse(told(what, *app_.get_subcommands()[0]), app_.get_subcommands()[0]->get_name() + ' ');
    }
    const auto* command = app_.get_subcommands()[0];
    if (json_ && table_) return refuse("--json and --table exclude each other", command->get_name() + ' ');
    if (const auto* store = command->get_option_no_throw("--store"); store && store->empty()) {
      // Not by CLI11, which would do it for the commands that were not chosen, too, over what this one was given.
      const char* variable = std::getenv("SKALD_STORE"); // NOLINT(concurrency-mt-unsafe): no thread is there yet
      if ((!variable || !*variable) && !import_.dry_run)
        return refuse("--store is required, or SKALD_STORE", command->get_name() + ' ');
      if (variable) common_.store = variable;
    }
    common_.for_people = table_ || (!json_ && at_.out_is_terminal);
    try {
      return chosen_();
    } catch (const skald::failure& why) {
      if (why.code() != skald::errc::invalid_argument) throw;
      return refuse(why.what(), command->get_name() + ' ');
    }
  }

private:
  static constexpr std::size_t width_of_options = 34;

  /// Whether the program itself has no option of this name.
  [[nodiscard]] bool is_unknown(const std::string& option) const {
    return std::ranges::none_of(app_.get_options(), [&](const auto* o) { return o->check_name(option); });
  }

  int refuse_in_front(const std::string& option) {
    const bool known = std::ranges::any_of(
      app_.get_subcommands({}), [&](const auto* command) { return command->get_option_no_throw(option) != nullptr; });
    return refuse(known ? option + " stands in front: options stand behind the command"
                        : "there is no option " + option + ", and options stand behind the command",
                  "");
  }

  /// CLI11 tells words that it did not expect from the last one on, and of a value that is missing its kind.
  static std::string told(const CLI::ParseError& what, const CLI::App& command) {
    std::string text = what.what();
    if (dynamic_cast<const CLI::ExtrasError*>(&what) != nullptr) {
      std::string words;
      for (const auto& word : command.remaining()) words += ' ' + word;
      return command.get_name() + " does not take" + words;
    }
    const auto name = text.substr(0, text.find(':'));
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&what) == nullptr || name == text) return text;
    return name + (text.ends_with(" missing") ? " needs a value behind it" : " may be given only once");
  }

  int refuse(const std::string& why, const std::string& command) {
    at_.err << "skald: " << without_passwords(why) << "\nskald " << command << "--help tells more\n";
    return wrong_usage;
  }

  void add_viewing() {
    add("init", "Make a store where there is none", [this] { return run_init(common_, at_); });

    auto* read = add("read", "Show the events of streams, or of the whole store",
                     [this] { return run_read(common_, read_, at_); });
    read->add_option("STREAM", read_.streams, "Read these streams as one, in order of time")->option_text("...");
    add_text(read, "-k,--key", read_.keys, "KEY",
             "Read the streams that are kept under this relation key; may be repeated");
    add_types(read, read_.types);
    add_text(read, "--after", read_.after, "EVENT",
             "Begin behind the event of this id, or, where the whole store is read, of this position");
    read->add_flag("-b,--backward", read_.backward, "Newest first");
    read->add_option("-n,--limit", read_.limit, "At most so many events")->type_name("N")->check(natural);

    auto* tail = add("tail", "Show the newest events of the store", [this] { return run_tail(common_, tail_, at_); });
    tail->add_option("-n,--limit", tail_.count, "So many events; 10 where it is not said")
      ->type_name("N")
      ->check(natural);
    tail->add_flag("-f,--follow", tail_.follow, "Go on with what is appended, until it is interrupted");
    add_types(tail, tail_.types);

    add("streams", "List the streams, with their revision and the time of their newest event",
        [this] { return run_streams(common_, at_); });
    add("types", "List the event types, with the number of their events", [this] { return run_types(common_, at_); });
    auto* relations = add("relations", "List the relation keys, or what is kept under one",
                          [this] { return run_relations(common_, relations_, at_); });
    add_text(relations, "-k,--key", relations_.key, "KEY", "The streams under this key");
    add_text(relations, "--stream", relations_.stream, "STREAM", "The keys under which this stream is kept");
    add("snapshots", "List the snapshots, and whether they still hold", [this] { return run_snapshots(common_, at_); });
    add("verify", "Look through the whole store for what is missing or changed",
        [this] { return run_verify(common_, at_); });
    add("stats", "Count what is in the store, and show how its events lie in time",
        [this] { return run_stats(common_, at_); });
  }

  void add_moving() {
    auto* import = add("import", "Bring the events of logs into a store, each once, however often it is done",
                       [this] { return run_import(common_, import_, at_); });
    import->add_option("LOG", import_.files, "NDJSON, one event a line; - is standard input")
      ->required()
      ->option_text("...");
    add_text(import, "--format", import_.format, "FORMAT",
             "How the log is written: skald (default), json with --map, cloudevents, csv");
    add_text(import, "--map", import_.map, "MAP",
             "Where the members are: stream=subject,created=time,type='made',data=.");
    import->add_flag("--dry-run", import_.dry_run, "Show what the first events would be, and touch no store");
    add_text(import, "--time", import_.time, "STYLE",
             "How the log writes times: rfc3339 (default), utc where offsets are missing, seconds, milliseconds");
    import->add_flag("--exact-times", import_.exact_times,
                     "Refuse times finer than a millisecond, of which else only the order is kept");

    auto* save = add("export", "Write all events as a log, of which import makes the same again in another store",
                     [this] { return run_export(common_, export_, at_); });
    add_text(save, "-o,--output", export_.file, "FILE", "Write to a new file, and show the progress");
    save->add_flag("--resume", export_.resume, "Go on with the file where an earlier export has stopped");

    auto* copy = add("copy", "Bring all events and relations of a store into another one, of any kind",
                     [this] { return run_copy(common_, copy_, at_); });
    copy->add_option("--to", copy_.to, "Where they go; else the variable SKALD_COPY_TO tells")
      ->option_text("URL")
      ->envname("SKALD_COPY_TO")
      ->required();

    auto* backup = add("backup", "Copy a store in a SQLite file while it is in use, and verify the copy",
                       [this] { return run_backup(common_, backup_, at_); });
    backup->add_option("FILE", backup_.file, "The new file, which is a store like the first")
      ->required()
      ->option_text(" ");
    add("new-epoch", "Begin a new epoch of a store that was restored from an earlier day, or copied",
        [this] { return run_new_epoch(common_, at_); });
  }

  void add_manual() {
    auto* completion =
      add_plain("completion", "Print a script that lets a shell complete commands and options", [this] {
        at_.out << completion_script(help_of(app_), shell_);
        return 0;
      });
    completion->add_option("SHELL", shell_, "The one that shall complete")->required()->option_text("bash|zsh|fish");
    add_plain("man", "Print the manual page, for man", [this] {
      at_.out << man_page(help_of(app_));
      return 0;
    });
  }

  CLI::App* add_plain(const std::string& name, const std::string& text, std::function<int()> run) {
    auto* command = app_.add_subcommand(name, text);
    command->callback([this, run = std::move(run)] { chosen_ = run; });
    command->footer("");
    return command;
  }

  void add_proving() {
    auto* load = add("load", "Append events as fast as the store takes them, and tell how long each append took",
                     [this] { return run_load(common_, load_, at_); });
    add_number(load, "-w,--writers", load_.writers, "So many append at the same time (8)");
    add_number(load, "--streams", load_.streams, "To so many streams, load-1 and so on (100)");
    add_number(load, "-n,--events", load_.events, "End behind so many events, or a few more, for appends are whole");
    load->add_option("--seconds", load_.seconds, "End after this time (10, unless --events is given)")
      ->option_text("S")
      ->check(some_seconds);
    add_number(load, "--seed", load_.seed, "Choose streams and texts by this number (1)");
    add_number(load, "--payload", load_.payload, "Bytes of text in each event (256)");
    add_number(load, "--per-append", load_.events_an_append, "Events of each append, which is atomic (1)");
    add_text(load, "--ack-log", load_.ack_log, "FILE",
             "Write what is sent and what is acknowledged behind this file, for audit");

    auto* audit = add("audit", "Hold a store against what load has logged: is all there that was acknowledged?",
                      [this] { return run_audit(common_, audit_, at_); });
    audit->add_option("LOG", audit_.log, "What load --ack-log has written")->required()->option_text(" ");
    add_number(audit, "--cut-ns", audit_.cut_ns,
               "What was acknowledged at this time of the log's clock, in nanoseconds, or later may be lost");
  }

  template <class Number>
  static void add_number(CLI::App* command, const char* names, Number& to, const char* text) {
    command->add_option(names, to, text)->type_name("N")->check(natural);
  }

  /// A command on a store.
  CLI::App* add_on_store(const std::string& name, const std::string& text, std::function<int()> run) {
    auto* command = add_plain(name, text, std::move(run));
    command->add_option("-s,--store", common_.store, "Where the events are; else the variable SKALD_STORE tells")
      ->option_text("URL");
    return command;
  }

  /// One that shows something.
  CLI::App* add(const std::string& name, const std::string& text, std::function<int()> run) {
    auto* command = add_on_store(name, text, std::move(run));
    command->add_flag("--json", json_, "JSON, also on a terminal");
    command->add_flag("--table", table_, "For people, also into a file or a pipe");
    return command;
  }

  /// An option that takes one text each time it is given. An empty one would mean that it is not given.
  template <class Text>
  static void add_text(CLI::App* command, const char* names, Text& to, const char* value, const char* text) {
    command->add_option(names, to, text)
      ->allow_extra_args(false)
      ->option_text(value)
      ->check([](const std::string& given) {
        return std::string{given.empty() ? "it is empty: give one, or leave the option out" : ""};
      });
  }

  /// Of a number, digits alone: CLI11 would take -1 for a very large one.
  static std::string natural(const std::string& text) {
    if (skald::position::parse(text)) return "";
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    return skald::detail::in_quotes(text) +
           (digits ? " is too large: give at most " + grouped(std::numeric_limits<std::uint64_t>::max())
                   : " is no number from 0 on");
  }

  /// CLI11 would take inf and nan, too.
  static std::string some_seconds(const std::string& text) {
    constexpr double most = 30 * 24 * 3600;
    double seconds = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, seconds);
    if (read.ec == std::errc{} && read.ptr == end && seconds > 0 && seconds <= most) return "";
    return skald::detail::in_quotes(text) + " is no time: give more than 0 and at most " +
           grouped(static_cast<std::uint64_t>(most)) + " seconds, which are 30 days";
  }

  static void add_types(CLI::App* command, std::vector<std::string>& types) {
    add_text(command, "-t,--type", types, "TYPE", "Only events of this type; may be repeated");
  }

  console& at_;
  CLI::App app_{"Look into an event store, move events, and drive it from any language", "skald"};
  common_options common_;
  bool json_ = false;
  bool table_ = false;
  read_options read_;
  tail_options tail_;
  relations_options relations_;
  copy_options copy_;
  backup_options backup_;
  import_options import_;
  export_options export_;
  load_options load_;
  audit_options audit_;
  std::string shell_;
  std::function<int()> chosen_;
};

} // namespace

int run_command(std::vector<std::string> words, console& at) {
  try {
    const int status = command_line{at}.run(std::move(words));
    at.out.flush();
    return status;
  } catch (const output_closed&) {
    return 128 + SIGPIPE; // as if it had ended there, which is what pipes expect
  } catch (const std::exception& why) {
    at.err << "skald: " + without_passwords(why.what()) + '\n';
    return 1;
  }
}

int run_program(int argc, char** argv) {
  open_standard_descriptors();
  for (const int answered_by_a_write : {SIGPIPE, SIGXFSZ}) std::signal(answered_by_a_write, SIG_IGN);
  try {
    stop_source stop;
    descriptor_stream out{STDOUT_FILENO, "standard output"};
    console at{STDIN_FILENO, out,          std::cerr, ::isatty(STDOUT_FILENO) == 1, ::isatty(STDERR_FILENO) == 1,
               stop,         STDOUT_FILENO};
    return run_command({argv + 1, argv + argc}, at);
  } catch (const std::exception& why) {
    std::cerr << "skald: " + without_passwords(why.what()) + '\n';
    return 1;
  }
}

} // namespace tools
