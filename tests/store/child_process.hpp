#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <optional>
#include <sys/wait.h>
#include <unistd.h>

namespace skald::test {

/// A few rounds, or as many as the environment asks for.
inline int rounds_of_killing() {
  const char* asked = std::getenv("SKALD_KILL_ROUNDS");
  return asked ? std::atoi(asked) : 4;
}

/// A process of its own that runs `body` and ends with its answer. Nothing is flushed or destroyed in it.
class child_process {
public:
  template <class Body>
  explicit child_process(Body body) : pid_{::fork()} {
    REQUIRE(pid_ >= 0);
    if (pid_ != 0) return;
    int status = 99;
    try {
      status = body();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "in a child process: %s\n", e.what());
    } catch (...) {
      std::fputs("in a child process: something was thrown that is no exception\n", stderr);
    }
    ::_exit(status);
  }
  ~child_process() {
    if (pid_ > 0) kill(), wait();
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;

  void kill() const { ::kill(pid_, SIGKILL); }

  /// What `body` answered, or the negated number of the signal that ended it.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

private:
  pid_t pid_;
};

/// A pipe between processes, for numbers.
class number_pipe {
public:
  number_pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
  ~number_pipe() { close_reader(), close_writer(); }
  number_pipe(const number_pipe&) = delete;
  number_pipe& operator=(const number_pipe&) = delete;

  void write(std::uint64_t number) const {
    if (::write(ends_[1], &number, sizeof number) != sizeof number) ::_exit(98);
  }
  /// The next number, or none at the end.
  [[nodiscard]] std::optional<std::uint64_t> read() const {
    std::uint64_t number = 0;
    if (::read(ends_[0], &number, sizeof number) != sizeof number) return {};
    return number;
  }
  void close_reader() { close(0); }
  void close_writer() { close(1); }

private:
  void close(std::size_t end) {
    if (ends_[end] >= 0) ::close(ends_[end]);
    ends_[end] = -1;
  }
  std::array<int, 2> ends_{-1, -1};
};

} // namespace skald::test
