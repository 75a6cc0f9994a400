#pragma once

#include "events.hpp"
#include <skald/projection/handler.hpp>
#include <skald/store/record.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fines {

struct year_of_fines {
  int year = 0;             ///< in which they were created, in UTC
  std::int64_t fines = 0;
  std::int64_t settled = 0; ///< those of which nothing is due
  cents charged = 0;        ///< amounts and expenses
  cents paid = 0;

  friend bool operator==(const year_of_fines&, const year_of_fines&) = default;
};

/// The table of fines: a SQLite file of its own that follows the events.
///
/// Every row remembers the position of the last event it took in, so that an event that is delivered again after a
/// crash changes nothing. What `apply` and `count` change is kept when `commit` returns. Errors are thrown as
/// `std::runtime_error` with the file in the message; after one in `apply`, `count` or `commit`, what was not committed
/// is undone and nothing is taken in any more. One process at a time; not thread-safe.
class read_model {
public:
  /// Opens the file, or makes one.
  explicit read_model(const std::filesystem::path& file);
  ~read_model();
  read_model(const read_model&) = delete;
  read_model& operator=(const read_model&) = delete;

  void apply(const skald::record& r, const created& e);
  void apply(const skald::record& r, const sent& e);
  void apply(const skald::record& r, const penalty_added& e);
  void apply(const skald::record& r, const paid& e);
  /// Counts an event, of whatever type.
  void count(const skald::record& r);
  void commit();

  /// Forgets everything, at once.
  void clear();

  [[nodiscard]] std::vector<year_of_fines> years() const;
  [[nodiscard]] std::int64_t counted() const;

  /// The event at position 1 and the last position, as they were when the file was opened: whether it belongs to a
  /// store. Empty and 0 for an empty table.
  [[nodiscard]] const std::string& first_event_when_opened() const noexcept { return first_event_; }
  [[nodiscard]] skald::position last_when_opened() const noexcept { return last_; }

private:
  class database;
  /// `amount` is set, the others are added.
  void change(const skald::record& r, std::optional<cents> amount, cents expense, cents payment);
  template <class Work>
  void write(Work work);

  std::unique_ptr<database> db_;
  std::string broken_; ///< why nothing is taken in any more
  std::string first_event_;
  skald::position last_;
};

/// A read model whose handlers share commits: what the handlers of one moment change is one transaction, so that one
/// wait for the disk serves them all.
///
/// Runs on one executor, that of the handlers. Copies are handles to the same table.
class shared_table {
public:
  explicit shared_table(std::shared_ptr<read_model> model);

  /// Handlers. What they changed is durable when they return, for the projection's checkpoint may be from then on.
  /// They resume on the executor of the awaiting coroutine.
  template <class Data>
  static skald::task<void> apply(shared_table to, skald::record_of<Data> r) {
    to.model().apply(r.record(), r.data());
    co_await durable(to);
  }
  template <class Data>
  static skald::task<void> count(shared_table to, skald::record_of<Data> r) {
    to.model().count(r.record());
    co_await durable(to);
  }

private:
  struct group;
  struct state;

  [[nodiscard]] read_model& model() const noexcept;
  static skald::task<void> durable(shared_table self);
  static void commit_when_complete(std::shared_ptr<state> table, std::shared_ptr<group> members, std::size_t seen);

  std::shared_ptr<state> state_;
};

} // namespace fines
