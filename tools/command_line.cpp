#include "command_line.hpp"
#include "commands.hpp"
#include <skald/store/open_store.hpp>
#include <skald/store/quoted.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <csignal>
#include <exception>
#include <functional>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace tools {

namespace {

constexpr int wrong_usage = 2;

constexpr const char* footer = "Stores are sqlite:FILE, postgresql://USER@HOST/DATABASE, or memory:, which ends with\n"
                               "the program. Lists are tables on a terminal; into a file or a pipe, and with --json,\n"
                               "they are JSON, one object a line. The exit status is 0 only where all was done.\n"
                               "Passwords are never shown; a URL that holds one is best given in the variable\n"
                               "SKALD_STORE, where other users of the machine do not see it.";

/// The command line of `skald`. What is chosen runs behind the parsing.
class command_line {
public:
  explicit command_line(console& at) : at_{at} {
    app_.set_version_flag("--version", SKALD_VERSION, "Print the version and exit");
    app_.require_subcommand(1);
    app_.footer(footer);
    app_.get_formatter()->column_width(width_of_options);
    add_viewing();
  }

  int run(std::vector<std::string> words) {
    const auto is_meant = [&](const CLI::App* command) { return command->get_name() == words[0]; };
    if (!words.empty() && !words[0].starts_with('-') && std::ranges::none_of(app_.get_subcommands({}), is_meant))
      return refuse("there is no command '" + words[0] + "'", "");
    std::ranges::reverse(words); // as CLI11 takes them
    try {
      app_.parse(std::move(words));
    } catch (const CLI::Success& what) { // help, version
      return app_.exit(what, at_.out, at_.err);
    } catch (const CLI::ParseError& what) {
      return refuse(what.what(), app_.get_subcommands().empty() ? "" : app_.get_subcommands()[0]->get_name() + ' ');
    }
    if (json_ && table_) return refuse("--json and --table exclude each other", "");
    common_.for_people = table_ || (!json_ && at_.out_is_terminal);
    return chosen_();
  }

private:
  static constexpr std::size_t width_of_options = 34;

  int refuse(const std::string& why, const std::string& command) {
    at_.err << "skald: " << skald::without_password(why) << "\nskald " << command << "--help tells more\n";
    return wrong_usage;
  }

  void add_viewing() {
    add("init", "Make a store where there is none", [this] { return run_init(common_, at_); });

    auto* read = add("read", "Show the events of streams, or of the whole store",
                     [this] { return run_read(common_, read_, at_); });
    read->add_option("STREAM", read_.streams, "Read these streams as one, in order of time")->type_name("");
    add_names(read, "-k,--key", read_.keys, "Read the streams that are kept under this relation key; may be repeated")
      ->type_name("KEY");
    add_types(read, read_.types);
    read
      ->add_option("--after", read_.after,
                   "Begin behind the event of this id, or, where the whole store is read, of this position")
      ->type_name("EVENT");
    read->add_flag("-b,--backward", read_.backward, "Newest first");
    read->add_option("-n,--limit", read_.limit, "At most so many events")->type_name("N")->check(natural);

    add("streams", "List the streams, with their revision and the time of their newest event",
        [this] { return run_streams(common_, at_); });
    add("types", "List the event types, with the number of their events", [this] { return run_types(common_, at_); });
    add("stats", "Count what is in the store, and show how its events lie in time",
        [this] { return run_stats(common_, at_); });
  }

  /// A command on a store.
  CLI::App* add(const std::string& name, const std::string& text, std::function<int()> run) {
    auto* command = app_.add_subcommand(name, text);
    command->callback([this, run = std::move(run)] { chosen_ = run; });
    command->add_option("-s,--store", common_.store, "Where the events are; else the variable SKALD_STORE tells")
      ->option_text("URL")
      ->envname("SKALD_STORE")
      ->required();
    command->add_flag("--json", json_, "JSON, also on a terminal");
    command->add_flag("--table", table_, "For people, also into a file or a pipe");
    command->footer("");
    return command;
  }

  /// An option that takes one name each time it is given.
  static CLI::Option* add_names(CLI::App* command, const char* names, std::vector<std::string>& to, const char* text) {
    return command->add_option(names, to, text)->allow_extra_args(false);
  }

  /// Of a number, digits alone: CLI11 would take -1 for a very large one.
  static std::string natural(const std::string& text) {
    return skald::position::parse(text) ? "" : skald::detail::in_quotes(text) + " is no number from 0 on";
  }

  static void add_types(CLI::App* command, std::vector<std::string>& types) {
    add_names(command, "-t,--type", types, "Only events of this type; may be repeated")->type_name("TYPE");
  }

  console& at_;
  CLI::App app_{"Look into an event store, move events, and drive it from any language", "skald"};
  common_options common_;
  bool json_ = false;
  bool table_ = false;
  read_options read_;
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
    at.err << std::string{"skald: "} + why.what() + '\n';
    return 1;
  }
}

int run_program(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN); // a write answers it
  try {
    stop_source stop;
    descriptor_stream out{STDOUT_FILENO, "standard output"};
    console at{STDIN_FILENO, out, std::cerr, ::isatty(STDOUT_FILENO) == 1, ::isatty(STDERR_FILENO) == 1, stop};
    return run_command({argv + 1, argv + argc}, at);
  } catch (const std::exception& why) {
    std::cerr << std::string{"skald: "} + why.what() + '\n';
    return 1;
  }
}

} // namespace tools
