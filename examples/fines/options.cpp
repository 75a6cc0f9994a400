#include "options.hpp"

namespace fines {

skald::result<options> parse_options(std::span<const char* const> arguments) {
  const auto wrong = [](const std::string& what) {
    return skald::error{skald::errc::invalid_argument, what + "; see 'fines --help'"};
  };
  options parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string argument = arguments[i];
    if (argument == "--help") {
      parsed.help = true;
    } else if (argument == "--replay") {
      parsed.replay = true;
    } else if (argument == "--store" || argument == "--data") {
      ++i;
      if (i == arguments.size() || *arguments[i] == '\0') return wrong("the option '" + argument + "' needs a value");
      if (argument == "--store")
        parsed.store = arguments[i];
      else
        parsed.data = arguments[i];
    } else if (argument.starts_with('-')) {
      return wrong("the option '" + argument + "' is unknown");
    } else if (!parsed.log.empty()) {
      return wrong("there are two logs, '" + parsed.log.string() + "' and '" + argument + "': give one");
    } else {
      parsed.log = argument;
    }
  }
  if (parsed.log.empty() && !parsed.help) return wrong("no log is given");
  return parsed;
}

} // namespace fines
