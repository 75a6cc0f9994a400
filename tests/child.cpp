#include <tests/child.hpp>

#include <grp.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace child {

namespace {

constexpr unsigned nobody = 65534;

int checked(int answer, const char* what) {
  if (answer < 0) throw std::system_error{errno, std::generic_category(), what};
  return answer;
}

void close(int& descriptor) {
  if (descriptor >= 0) ::close(std::exchange(descriptor, -1));
}

/// Appends what there is, and waits where there is nothing. False at the end.
bool read_some(int from, std::string& to) {
  std::array<char, 65536> bytes;
  const auto count = ::read(from, bytes.data(), bytes.size());
  if (count < 0 && errno == EINTR) return true;
  to.append(bytes.data(), static_cast<std::size_t>(checked(static_cast<int>(count), "read")));
  return count > 0;
}

std::size_t fill(int pipe) {
  const std::string bytes(4096, '.');
  const int flags = checked(::fcntl(pipe, F_GETFL), "fcntl");
  checked(::fcntl(pipe, F_SETFL, flags | O_NONBLOCK), "fcntl");
  std::size_t filled = 0;
  for (ssize_t written = 0; (written = ::write(pipe, bytes.data(), bytes.size())) > 0;)
    filled += static_cast<std::size_t>(written);
  checked(::fcntl(pipe, F_SETFL, flags), "fcntl");
  return filled;
}

} // namespace

process::process(const std::filesystem::path& program, const std::vector<std::string>& arguments, output out,
                 bool without_privileges) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);

  // Opened before privileges are dropped: nobody may have no way to the folder of the program.
  int file = checked(::open(program.c_str(), O_RDONLY | O_CLOEXEC), program.c_str());
  std::array<int, 2> to_out{}, to_err{};
  checked(::pipe2(to_out.data(), O_CLOEXEC), "pipe2");
  checked(::pipe2(to_err.data(), O_CLOEXEC), "pipe2");
  out_ = to_out[0];
  err_ = to_err[0];
  if (out == output::held_up) filled_ = fill(to_out[1]);
  const bool drop = without_privileges && ::geteuid() == 0;

  id_ = checked(::fork(), "fork");
  if (id_ == 0) {
    ::dup2(to_out[1], STDOUT_FILENO);
    ::dup2(to_err[1], STDERR_FILENO);
    if (!drop || (::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0))
      ::fexecve(file, pointers.data(), environ);
    ::_exit(127);
  }
  close(file);
  close(to_out[1]);
  close(to_err[1]);
}

process::~process() {
  if (id_ > 0) {
    send(SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  close(out_);
  close(err_);
}

std::string process::next_error_line() {
  for (;;) {
    const auto end = said_.find('\n', given_);
    if (end != std::string::npos) return said_.substr(std::exchange(given_, end + 1), end - given_);
    if (!read_some(err_, said_)) return {};
  }
}

void process::send(int signal) const { ::kill(id_, signal); }

ended process::wait() {
  // It says less on standard error than a pipe holds, so that one after the other will do.
  std::string out;
  while (read_some(out_, out)) {
  }
  while (read_some(err_, said_)) {
  }
  int status = 0;
  rusage used{};
  checked(::wait4(std::exchange(id_, -1), &status, 0, &used), "wait4");
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), out.substr(filled_), said_,
          static_cast<std::size_t>(used.ru_maxrss) * 1024};
}

} // namespace child
