#include "machine.hpp"

#include <boost/config.hpp>
#include <mntent.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <sys/utsname.h>
#include <thread>

namespace bench {

namespace {

std::string processor() {
  std::ifstream file{"/proc/cpuinfo"};
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.find(": ") + 2, line.size()));
  return {};
}

std::string kernel() {
  utsname name{};
  if (::uname(&name) != 0) return {};
  return std::string{name.sysname} + ' ' + name.release + ' ' + name.machine;
}

bool encloses(const std::filesystem::path& outer, const std::filesystem::path& inner) {
  return std::ranges::mismatch(outer, inner).in1 == outer.end();
}

/// That of the innermost mount that holds the folder.
std::string file_system_of(const std::filesystem::path& folder) {
  struct closer {
    void operator()(FILE* file) const noexcept { ::endmntent(file); }
  };
  const std::unique_ptr<FILE, closer> mounts{::setmntent("/proc/self/mounts", "re")};
  if (!mounts) return {};
  std::string type;
  std::filesystem::path mount;
  mntent entry{};
  std::array<char, 4096> texts;
  while (::getmntent_r(mounts.get(), &entry, texts.data(), static_cast<int>(texts.size()))) {
    const std::filesystem::path mounted = entry.mnt_dir;
    if (!encloses(mounted, folder) || !encloses(mount, mounted)) continue;
    mount = mounted; // a later one on the same folder covers it
    type = entry.mnt_type;
  }
  return type;
}

std::string build() {
#ifdef __OPTIMIZE__
  std::string how = "optimised";
#else
  std::string how = "not optimised";
#endif
#ifndef NDEBUG
  how += ", with assertions";
#endif
  return how;
}

} // namespace

machine this_machine(const std::filesystem::path& folder) {
  return {processor(),
          std::thread::hardware_concurrency(),
          kernel(),
          file_system_of(canonical(folder)),
          sqlite3_libversion(),
          BOOST_COMPILER,
          build()};
}

} // namespace bench
