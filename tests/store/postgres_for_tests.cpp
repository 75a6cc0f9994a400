#include <tests/store/postgres_server.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

/// Starts a PostgreSQL server for as long as the program lives that calls this one, ctest, and writes where it is
/// into a file.
int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: skald_postgres_for_tests FILE\n", stderr), 2;
  const std::filesystem::path file = argv[1];
  const auto ctest = ::getppid();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::perror("pipe"), 1;
  const auto keeper = ::fork();
  if (keeper < 0) return std::perror("fork"), 1;
  if (keeper != 0) {
    ::close(ends[1]);
    std::string trouble;
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\0';) trouble += c;
    if (trouble.empty()) return 0;
    std::fprintf(stderr, "%s\n", trouble.c_str());
    return 1;
  }
  ::close(ends[0]);
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int stream = 0; stream < 3; ++stream) ::dup2(nothing, stream); // or ctest would wait for it
  std::string said;
  try {
    const skald::test::postgres_server server;
    std::ofstream{file} << server.folder().string() << std::flush;
    if (::write(ends[1], "", 1) != 1) return 1;
    while (::kill(ctest, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds{200});
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    return 0;
  } catch (const std::exception& why) {
    said = why.what();
  }
  return ::write(ends[1], said.data(), said.size()) < 0 ? 1 : 0;
}
