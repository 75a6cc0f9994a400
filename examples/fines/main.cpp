#include "fine.hpp"
#include "import.hpp"
#include "log.hpp"
#include "money.hpp"
#include "notices.hpp"
#include "options.hpp"
#include "progress.hpp"
#include "read_model.hpp"
#include "table.hpp"
#include <skald/actors/node.hpp>

#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace fines {

namespace {

/// Whatever the service needs while it runs, and what it does. It outlives its coroutines.
struct service {
  const options& given;
  skald::node& node;
  skald::aggregates<fine> all_fines;
  skald::projector projection;
  std::shared_ptr<read_model> table;
  std::shared_ptr<const event_log> log;
  std::shared_ptr<const notices> letters;

  skald::task<void> serve();

private:
  skald::task<void> catch_up(std::string doing);
  skald::task<bool> table_fits();
  skald::task<void> rebuild_table();
};

/// Waits until the projection has handled everything, as long as it gets on. Shows its progress.
skald::task<void> service::catch_up(std::string doing) {
  constexpr int patience = 30; // seconds without an event
  const auto head = co_await node.head();
  auto counted = table->counted();
  progress shown{std::move(doing), head.value, static_cast<std::size_t>(counted)};
  for (int idle = 1;; ++idle) {
    try {
      co_await projection.reached(head, std::chrono::seconds{1});
      co_return shown.add(static_cast<std::size_t>(table->counted() - counted));
    } catch (const skald::failure& why) {
      if (why.code() != skald::errc::timeout || idle == patience) throw;
    }
    const auto before = std::exchange(counted, table->counted());
    if (counted != before) idle = 0;
    shown.add(static_cast<std::size_t>(counted - before));
  }
}

/// Whether the table was made from the events of this store.
skald::task<bool> service::table_fits() {
  const auto head = co_await node.head();
  if (head == skald::position{}) co_return table->last_when_opened() == head;
  auto query = skald::all_query{}.limit(1);
  const auto first = co_await node.read(query);
  const bool fits =
    table->last_when_opened() <= head && table->first_event_when_opened() == first.records.front().id.str();
  co_return fits;
}

skald::task<void> service::rebuild_table() {
  auto empty_table = [table = table] { table->clear(); };
  co_await projection.replay(skald::position{}, empty_table);
  co_await catch_up("put into the table");
}

skald::task<void> service::serve() {
  const auto start = std::chrono::steady_clock::now();
  if (!co_await table_fits()) co_await rebuild_table(); // it was lost, or the store is another one

  const auto report = co_await import_log(node, all_fines, log);
  co_await catch_up("handled");
  if (given.replay) co_await rebuild_table();

  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const auto number = [](auto n) { return grouped(static_cast<std::int64_t>(n)); };
  std::cout << table_of(table->years()) << "\nevents: " << number(report.imported) << " imported, "
            << number(report.known) << " known, " << number(table->counted()) << " in the table; "
            << number(static_cast<double>(log->lines.size()) / taken.count()) << " a second\n"
            << "notices written: " << number(letters->written()) << "\n"
            << "payments that agree with the log's running total: " << number(report.agreeing_payments) << " of "
            << number(report.payments) << '\n'
            << std::flush;
  if (!std::cout)
    throw std::runtime_error{"the table cannot be written to standard output; see what it is connected to"};
}

/// Tells the first error of the projection; those behind it mostly have the same cause.
class complaints {
public:
  void add(const std::string& what) {
    const std::lock_guard lock{mutex_};
    if (++count_ != 1) return;
    first_ = what;
    std::cerr << "fines: " + what + "; what was done is kept: put that right and run it again\n";
  }
  void end() {
    const std::lock_guard lock{mutex_};
    if (count_ > 1) std::cerr << "fines: and so it went with " + grouped(count_ - 1) + " more\n";
  }
  bool told(const std::string& what) {
    const std::lock_guard lock{mutex_};
    return count_ != 0 && what == first_;
  }

private:
  std::mutex mutex_;
  std::int64_t count_ = 0;
  std::string first_;
};

int run(const options& given) {
  const auto log = std::make_shared<const event_log>(read_log(given.log).value());
  const auto table = std::make_shared<read_model>(given.data / "fines-by-year.db");
  const auto letters = std::make_shared<notices>(given.data / "notices");

  complaints errors;
  skald::node node{{.store = given.store,
                    .on_error = [&errors](const skald::error& why, const skald::record*) { errors.add(why.message); }}};
  boost::asio::thread_pool threads{4}; // to wait for the disk

  const auto all_fines = node.aggregates<fine>();
  auto projection = node.projector("fines");
  const auto keep = [to = shared_table{table}](auto r) { return shared_table::apply(to, std::move(r)); };
  projection.on<created>(keep).on<sent>(keep).on<penalty_added>(keep).on<paid>(keep);
  projection.all<fine_events>([to = shared_table{table}](auto r) { return shared_table::count(to, std::move(r)); });
  const auto post = [letters, to = threads.get_executor()](auto r) { return notify(letters, to, std::move(r)); };
  projection.once<penalty_added>(post).once<sent_to_collection>(post);

  service s{given, node, all_fines, projection, table, log, letters};
  std::exception_ptr thrown;
  const auto work = [&]() -> skald::task<void> {
    try {
      co_await s.serve();
    } catch (...) {
      thrown = std::current_exception();
    }
  };
  const int status = node.run(work);
  errors.end();
  if (status > 128) {
    std::cerr << "fines: interrupted; what was done is kept, and the same command goes on with the rest\n";
    return status;
  }
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const skald::failure& why) {
    if (!errors.told(why.what())) throw;
  }
  return status;
}

} // namespace

} // namespace fines

int main(int argc, char** argv) {
  const auto given =
    fines::parse_options(std::span<const char* const>{argv, static_cast<std::size_t>(argc)}.subspan(1));
  if (!given) {
    std::cerr << "fines: " << given.error().message << "\n";
    return 2;
  }
  if (given->help) {
    std::cout << fines::usage;
    return 0;
  }
  try {
    return fines::run(*given);
  } catch (const std::exception& why) {
    std::cerr << "fines: " << why.what() << "\n";
    return 1;
  }
}
