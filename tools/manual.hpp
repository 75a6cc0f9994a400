#pragma once

#include <string>
#include <vector>

/// What the help of a program says, for man pages and for shells that complete.
namespace tools {

struct option_help {
  std::vector<std::string> names; ///< `-f`, `--follow`; of an argument its name alone
  std::string value;              ///< what it takes, such as `URL`, or one of `a|b`; empty for a flag
  std::string text;
  bool needed = false;
  bool repeated = false; ///< may stand several times
};

struct command_help {
  std::string name; ///< empty for the program itself
  std::string text;
  std::vector<option_help> options;
  std::vector<option_help> arguments;
};

struct program_help {
  std::string name;
  std::string version;
  command_help self;
  std::vector<command_help> commands;
  std::string notes;
  std::vector<option_help> statuses; ///< with which it ends
  std::vector<option_help> variables; ///< of the environment
};

/// A manual page in the format of `man`, with a section for each command.
[[nodiscard]] std::string man_page(const program_help& program);

/// A script that lets a shell (`bash`, `zsh`, `fish`) complete commands and options, and files where a `FILE` or
/// `LOG` is taken. Throws `failure` (`invalid_argument`) for another shell.
[[nodiscard]] std::string completion_script(const program_help& program, const std::string& shell);

} // namespace tools
