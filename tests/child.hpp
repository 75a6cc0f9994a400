#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

/// A program as a process of its own.
namespace child {

/// How it ended: its status as a shell has it (128 and the number of the signal that killed it), what it said, and
/// the most memory it had, which is no less than that of this process when it was started.
struct ended {
  int status = 0;
  std::string out;
  std::string err;
  std::size_t peak_bytes = 0;
};

class process {
public:
  enum class output {
    read, ///< kept for `wait`
    held_up, ///< the first word to standard output waits for `wait`, so that before it the process cannot end
  };

  /// Starts it, as a user without privileges where that is asked for and this is root. Throws `std::system_error`.
  process(const std::filesystem::path& program, const std::vector<std::string>& arguments, output out = output::read,
          bool without_privileges = false);
  /// Kills it where it was not waited for.
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;

  /// Blocks for the next line of standard error. Empty at its end.
  std::string next_error_line();

  void send(int signal) const;

  /// Blocks until it has ended.
  ended wait();

private:
  int id_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::size_t filled_ = 0; ///< bytes in front of the standard output, which are not the process's
  std::string said_; ///< on standard error
  std::size_t given_ = 0; ///< of `said_`, by `next_error_line`
};

} // namespace child
