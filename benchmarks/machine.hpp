#pragma once

#include <boost/describe/class.hpp>

#include <filesystem>
#include <string>

namespace bench {

/// What figures depend on besides skald.
struct machine {
  std::string processor; ///< its model, where the system knows it
  unsigned cores = 0;
  std::string kernel;
  std::string file_system; ///< of the folder where files are made
  std::string sqlite;
  std::string compiler;
  std::string build;
};
BOOST_DESCRIBE_STRUCT(machine, (), (processor, cores, kernel, file_system, sqlite, compiler, build))

/// This one, with the file system of a folder. What cannot be found out is empty.
machine this_machine(const std::filesystem::path& folder);

} // namespace bench
