#include <tests/store/postgres_server.hpp>

#include <grp.h>
#include <pqxx/pqxx>
#include <pwd.h>
#include <tests/store/files.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace skald::test {

namespace fs = std::filesystem;

namespace {

constexpr int cannot_run = 126;

/// Where PostgreSQL's own programs are: the newest that the distribution has, else wherever PATH finds them.
fs::path program(const std::string& name) {
  fs::path found = name;
  int newest = 0;
  std::error_code none;
  for (const auto& version : fs::directory_iterator{"/usr/lib/postgresql", none}) {
    const auto number = std::atoi(version.path().filename().c_str());
    if (number > newest && fs::exists(version.path() / "bin" / name)) {
      newest = number;
      found = version.path() / "bin" / name;
    }
  }
  return found;
}

/// Whom the server runs as: PostgreSQL refuses root.
const passwd* other_user() {
  if (::geteuid() != 0) return nullptr;
  if (const auto* user = ::getpwnam("postgres")) return user; // NOLINT(concurrency-mt-unsafe): no thread is there yet
  if (const auto* user = ::getpwnam("nobody")) return user;   // NOLINT(concurrency-mt-unsafe)
  throw std::runtime_error{"there is no user 'postgres' or 'nobody' to run a PostgreSQL server as"};
}

/// Starts a program that ends with this process and writes what it says into a file.
pid_t spawn(const fs::path& folder, std::vector<std::string> words) {
  const auto* user = other_user();
  const auto log = (folder / "log").string();
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const auto parent = ::getpid();
  const auto child = ::fork();
  if (child < 0) throw std::system_error{errno, std::generic_category(), "starting a server for tests"};
  if (child != 0) return child;
  if (user && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
    ::_exit(cannot_run);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::getppid() != parent) ::_exit(cannot_run);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::dup2(in, 0), ::dup2(out, 1), ::dup2(out, 2);
  ::setsid(); // Ctrl-C is for the tests, which then end it
  if (::chdir(folder.c_str()) == 0) ::execvp(arguments[0], arguments.data());
  ::_exit(cannot_run);
}

[[noreturn]] void fail(const fs::path& folder, const std::string& what) {
  throw std::runtime_error{what + " failed: is PostgreSQL installed (scripts/deps.sh test)? It said:\n" +
                           content_of(folder / "log")};
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

std::string conninfo(const fs::path& server) {
  return "host=" + server.string() + " user=skald dbname=postgres options='-c client_min_messages=error'";
}

} // namespace

postgres_server::postgres_server(const std::string& settings) {
  auto name = (fs::temp_directory_path() / "skald-postgres-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw fs::filesystem_error{"mkdtemp", name, {}};
  folder_ = name;
  try {
    if (const auto* user = other_user(); user && ::chown(name.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw fs::filesystem_error{"chown", name, {}};
    if (wait_for(spawn(folder_, {program("initdb").string(), "--pgdata=data", "--username=skald", "--auth=trust",
                                 "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"})) != 0)
      fail(folder_, "initdb");
    std::ofstream{folder_ / "data" / "pg_hba.conf"} << "local all guarded scram-sha-256\nlocal all all trust\n";
    std::ofstream{folder_ / "data" / "postgresql.conf", std::ios::app}
      << "unix_socket_directories = '" + folder_.string() +
           "'\n"
           "listen_addresses = ''\nfsync = off\nfull_page_writes = off\nautovacuum = off\nmax_connections = 200\n"
           "shared_buffers = 64MB\nmax_wal_size = 1GB\nlog_timezone = 'UTC'\ntimezone = 'UTC'\n" +
           settings;
    start();
    run_postgres_sql(folder_, "CREATE ROLE guarded LOGIN PASSWORD 'open sesame'");
  } catch (...) {
    stop();
    fs::remove_all(folder_);
    throw;
  }
}

postgres_server::~postgres_server() {
  resume();
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void postgres_server::start() {
  // Each session is a fork: what is resolved before is shared, and of large pages fewer are fetched.
  pid_ = spawn(folder_, {"/usr/bin/env", "LD_BIND_NOW=1", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
                         program("postgres").string(), "-D", "data"});
  while (content_of(folder_ / "data" / "postmaster.pid").find("ready") == std::string::npos) {
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
      pid_ = 0;
      fail(folder_, "starting a PostgreSQL server");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

void postgres_server::stop(int signal) {
  if (pid_ == 0) return;
  ::kill(pid_, signal);
  wait_for(std::exchange(pid_, 0));
}

void postgres_server::suspend() {
  pqxx::connection db{conninfo(folder_)};
  const auto sessions =
    pqxx::nontransaction{db}.exec("SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'");
  for (const auto& row : sessions) suspended_.push_back(row[0].as<pid_t>());
  suspended_.push_back(pid_);
  for (const auto pid : suspended_) ::kill(pid, SIGSTOP);
}

void postgres_server::resume() {
  for (const auto pid : std::exchange(suspended_, {})) ::kill(pid, SIGCONT);
}

const fs::path& shared_postgres() {
  static std::unique_ptr<postgres_server> own;
  static const fs::path folder = [] {
    if (const auto* told = std::getenv("SKALD_TEST_POSTGRES")) {
      if (auto content = content_of(told); !content.empty()) return fs::path{content};
      throw std::runtime_error{std::string{told} +
                               " names no server for tests: ctest starts one; without it, do not set "
                               "SKALD_TEST_POSTGRES"};
    }
    own = std::make_unique<postgres_server>();
    return own->folder();
  }();
  return folder;
}

postgres_schema::postgres_schema(fs::path server) : server_{std::move(server)} {
  static std::atomic<int> count = 0;
  name_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

postgres_schema::~postgres_schema() {
  try {
    run_postgres_sql(server_, "DROP SCHEMA IF EXISTS " + name_ + " CASCADE");
  } catch (...) {
    return; // the server is not there any more
  }
}

std::string postgres_schema::url(const std::string& further) const {
  return "postgresql://skald@/postgres?host=" + server_.string() + "&schema=" + name_ + further;
}

std::string postgres_schema::sql(const std::string& text) const {
  return run_postgres_sql(server_, "SET search_path TO " + name_ + "; " + text);
}

std::string run_postgres_sql(const fs::path& server, const std::string& text) {
  pqxx::connection db{conninfo(server)};
  const auto answer = pqxx::nontransaction{db}.exec(text);
  return answer.empty() || answer[0][0].is_null() ? std::string{} : answer[0][0].as<std::string>();
}

} // namespace skald::test
