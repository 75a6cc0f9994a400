#pragma once

#include <skald/store/postgres/records.hpp>
#include <skald/store/verify/inspector.hpp>

#include <cstdint>
#include <string>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// Shows an inspector everything that a schema holds, as of one moment; see `inspection.hpp`.
class verifier {
public:
  verifier(connection& db, record_decoder& decode);
  ~verifier();
  verifier(const verifier&) = delete;
  verifier& operator=(const verifier&) = delete;

  /// Goes back to where the transaction began: a statement that failed has spoilt it.
  void go_on();

  void each(const char* text, const auto& use) {
    for (auto row = db_.run_text(purpose, text); row.next();) use(row);
  }

  bool show_records(inspector& found, std::int64_t& behind, std::int64_t limit);
  /// Shows as many streams at once as the server can sort the events of in a moment.
  void show_streams(inspector& found);
  void show_receipts(inspector& found);
  void show_snapshots(inspector& found);
  void show_own(inspector& found);

private:
  static constexpr const char* purpose = "verifying it";

  connection& db_;
  record_decoder& decode_;
};

} // namespace skald::detail::postgres
