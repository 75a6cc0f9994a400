#pragma once

#include <doctest/doctest.h>
#include <tests/store/child_process.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <unistd.h>

namespace skald::test {

/// Lets this process mount what only it sees. A user other than root becomes root of a world of its own.
inline bool see_own_mounts() {
  const auto user = ::geteuid();
  const auto group = ::getegid();
  if (user == 0) return ::unshare(CLONE_NEWNS) == 0;
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream{"/proc/self/setgroups"} << "deny";
  std::ofstream{"/proc/self/uid_map"} << "0 " + std::to_string(user) + " 1";
  std::ofstream{"/proc/self/gid_map"} << "0 " + std::to_string(group) + " 1";
  return ::geteuid() == 0;
}

/// Runs `body`, which returns 0 for success, in a process of its own that sees an empty file system of so many KiB in
/// `folder`. Where the system lets nobody mount one, the test is skipped, unless SKALD_MUST_MOUNT is set.
template <class Body>
void on_file_system_of(int kib, const std::filesystem::path& folder, Body body) {
  constexpr int cannot = 77;
  const auto status = child_process{[&] {
                        if (!see_own_mounts()) return cannot;
                        if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return cannot;
                        const auto size = "size=" + std::to_string(kib) + "k";
                        if (::mount("none", folder.c_str(), "tmpfs", 0, size.c_str()) != 0) return cannot;
                        return body();
                      }}.wait();
  if (status == cannot && !std::getenv("SKALD_MUST_MOUNT"))
    MESSAGE("SKIPPED: file systems cannot be mounted here");
  else
    CHECK_MESSAGE(status == 0, cannot, " is where file systems cannot be mounted");
}

} // namespace skald::test
