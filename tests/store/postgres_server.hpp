#pragma once

#include <csignal>
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace skald::test {

/// A PostgreSQL server in a temporary folder, reached through a socket in it and not over the network; gone at the end,
/// also where this process is killed. Where this is root, it runs as another user.
///
/// The user `skald` may do everything, and needs no password; `guarded` has the password `open sesame`.
class postgres_server {
public:
  /// `settings` are lines of postgresql.conf. Without them it does not wait for its disk.
  explicit postgres_server(const std::string& settings = {});
  ~postgres_server();
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  void start();
  /// SIGINT ends its sessions and it, SIGQUIT at once.
  void stop(int signal = SIGQUIT);
  /// It and its sessions neither answer nor end, until `resume`.
  void suspend();
  void resume();

private:
  std::filesystem::path folder_;
  pid_t pid_ = 0;
  std::vector<pid_t> suspended_;
};

/// The folder of the server that tests share: the one that the file named by SKALD_TEST_POSTGRES tells, which ctest has
/// started, else that of a server that this program starts, once, and stops when it ends.
[[nodiscard]] const std::filesystem::path& shared_postgres();

/// A schema of its own on a server, which is dropped at the end.
class postgres_schema {
public:
  explicit postgres_schema(std::filesystem::path server = shared_postgres());
  ~postgres_schema();
  postgres_schema(const postgres_schema&) = delete;
  postgres_schema& operator=(const postgres_schema&) = delete;

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// The URL of the store in it; `further` parameters begin with `&`.
  [[nodiscard]] std::string url(const std::string& further = {}) const;
  /// Runs SQL as another program would, in this schema. Answers the first value of the answer.
  std::string sql(const std::string& text) const;

private:
  std::filesystem::path server_;
  std::string name_;
};

/// Runs SQL on a server. Answers the first value of the answer.
std::string run_postgres_sql(const std::filesystem::path& server, const std::string& text);

} // namespace skald::test
