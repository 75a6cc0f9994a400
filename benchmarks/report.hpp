#pragma once

#include "machine.hpp"
#include "paired.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace bench {

/// Everything that was measured, and on what.
struct report {
  bench::machine machine;
  std::string commit; ///< of skald, as far as it was told
  double scale = 1;
  std::vector<outcome> workloads{};
  std::vector<amount_outcome> amounts{};
};
BOOST_DESCRIBE_STRUCT(report, (), (machine, commit, scale, workloads, amounts))

/// A row of the table, which is written as it is measured.
std::string row_of(const outcome& o);
std::string row_of(const amount_outcome& o);
std::string heading();

/// A line for each bar that was missed.
std::string misses_of(const report& r);

/// A file for the report as JSON. Opened before anything is measured, so that it is known early where it cannot be.
class report_file {
public:
  /// Throws `std::runtime_error`, which tells the file and why.
  explicit report_file(std::filesystem::path path);
  /// Throws as well, also where the disk is full.
  void write(const report& r);

private:
  std::filesystem::path path_;
  std::ofstream out_;
};

} // namespace bench
