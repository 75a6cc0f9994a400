#pragma once

#include "console.hpp"
#include <skald/store/event_store.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The commands of `skald`: each takes what the command line says, and answers the exit status, 0 only where all was
/// done. All throw `failure`, with `invalid_argument` where the command line is wrong, and `output_closed`.
namespace tools {

/// What all commands on a store have.
struct common_options {
  std::string store; ///< a URL
  bool for_people = false; ///< tables; else JSON, one object a line
};

/// Opens the store; `create` says whether one that is not there is made.
[[nodiscard]] std::unique_ptr<skald::event_store> open(const common_options& common, bool create);
/// Opens one that is there, whose damaged records are not passed on: reading one throws `corrupt`.
[[nodiscard]] std::unique_ptr<skald::event_store> open_verified(const common_options& common);

struct read_options {
  std::vector<std::string> streams;
  std::vector<std::string> keys;
  std::vector<std::string> types; ///< none: all
  std::string after; ///< an event id, or a position where everything is read
  bool backward = false;
  std::optional<std::size_t> limit;
};

struct tail_options {
  std::size_t count = 10;
  bool follow = false;
  std::vector<std::string> types; ///< none: all
};

struct relations_options {
  std::string key; ///< only the streams under it
  std::string stream; ///< only the keys it is kept under
};

struct copy_options {
  std::string to; ///< a URL
};

struct backup_options {
  std::string file; ///< a new one
};

struct import_options {
  std::vector<std::string> files{}; ///< `-` is the console's input
  std::string format{}; ///< as `log_shape` has it
  std::string map{}; ///< as `member_map` has it
  bool dry_run = false; ///< shows what the first events would be
  std::string time = "rfc3339"; ///< how the logs write times, as `time_style` has it
  bool exact_times = false; ///< times finer than a millisecond are refused
};

struct export_options {
  std::string file; ///< empty: the console
  bool resume = false;
};

struct load_options {
  std::uint64_t writers = 8;
  std::uint64_t streams = 100;
  std::optional<std::uint64_t> events{}; ///< ends behind so many; without it and `seconds`, after some time
  std::optional<double> seconds{};
  std::uint64_t seed = 1; ///< of streams and texts
  std::size_t payload = 256; ///< bytes of text in each event
  std::size_t events_an_append = 1;
  std::string ack_log{}; ///< a file; empty for none
};

struct audit_options {
  std::string log; ///< a file
  std::optional<std::uint64_t> cut_ns;
};

int run_init(const common_options& common, console& at);
int run_read(const common_options& common, const read_options& options, console& at);
int run_import(const common_options& common, const import_options& options, console& at);
int run_export(const common_options& common, const export_options& options, console& at);
int run_copy(const common_options& common, const copy_options& options, console& at);
int run_new_epoch(const common_options& common, console& at);
int run_backup(const common_options& common, const backup_options& options, console& at);
int run_tail(const common_options& common, const tail_options& options, console& at);
int run_relations(const common_options& common, const relations_options& options, console& at);
int run_snapshots(const common_options& common, console& at);
int run_streams(const common_options& common, console& at);
int run_types(const common_options& common, console& at);
int run_verify(const common_options& common, console& at);
int run_stats(const common_options& common, console& at);
int run_pipe(const common_options& common, console& at);
int run_load(const common_options& common, const load_options& given, console& at);
int run_audit(const common_options& common, const audit_options& options, console& at);

} // namespace tools
