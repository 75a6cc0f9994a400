#pragma once

#include <skald/store/sqlite/records.hpp>
#include <skald/store/verify/inspector.hpp>

#include <cstdint>
#include <string>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// Shows an inspector everything that a file holds; see `inspection.hpp`.
class verifier {
public:
  verifier(const connection& db, record_decoder& decode) : db_{db}, decode_{decode} {}

  /// A statement that failed leaves the others alone.
  void go_on() noexcept {}

  void each(const std::string& text, const auto& use) const {
    look([&] {
      statement question{db_, purpose, text};
      for (auto row = question(); row.next();) use(row);
    });
  }

  bool show_records(inspector& found, std::int64_t& behind, std::int64_t limit);
  void show_streams(inspector& found) const;
  void show_receipts(inspector& found) const;
  void show_snapshots(inspector& found) const;
  /// Shows whether tables and indexes agree, on which reads rely.
  void show_own(inspector& found) const;

private:
  static constexpr const char* purpose = "verifying it";

  /// Takes a page that the disk cannot read for damage, so that the verification goes on after it.
  static auto look(const auto& show) {
    try {
      return show();
    } catch (const disk_fault& why) {
      throw failure{errc::corrupt, why.error().message};
    }
  }

  const connection& db_;
  record_decoder& decode_;
};

} // namespace skald::detail::sqlite
