#pragma once

#include <skald/store/result.hpp>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace fines {

struct options {
  std::string store = "sqlite:fines.db";
  std::filesystem::path data = ".";
  std::filesystem::path log;
  bool replay = false;
  bool help = false;
};

inline constexpr std::string_view usage =
  R"(fines: imports a log of road traffic fines, keeps a table of them, and writes a notice for each penalty and collection.

  fines [--store URL] [--data DIR] [--replay] LOG

  LOG          the events, one JSON object a line: {"stream": "...", "type": "fine:...", "created": "...", "data": {...}}
  --store URL  where the events are kept: sqlite:FILE, postgresql://USER@HOST/DATABASE, or memory: to forget them
               (sqlite:fines.db unless given)
  --data DIR   the folder of the table (fines-by-year.db) and of the notices (notices/) (the current one unless given)
  --replay     empty the table and build it again from all that has happened
  --help       this text

Importing a log again adds what is new in it and nothing else. What was interrupted goes on when it is run again.
)";

/// Reads the command line, without the name of the program. Errors: `invalid_argument`.
[[nodiscard]] skald::result<options> parse_options(std::span<const char* const> arguments);

} // namespace fines
