#pragma once

#include "console.hpp"

#include <string>
#include <vector>

namespace tools {

/// What `skald` does: reads the words behind its name, runs the command, and answers the exit status. Tells errors
/// where the console has them, and throws nothing.
int run_command(std::vector<std::string> words, console& at);

/// The same for the process itself.
int run_program(int argc, char** argv);

} // namespace tools
