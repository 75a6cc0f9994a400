#pragma once

#include <skald/store/database/known_types.hpp>
#include <skald/store/sqlite/connection.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// Compares a table of names with the index that finds them. A damaged index would hide a name, and let it be written
/// once more.
class name_check {
public:
  name_check(const connection& db, const std::string& table);

  /// Throws unless the index is right about a name that it found.
  void found(std::string_view name, std::int64_t key);

  /// Throws unless the index finds all names. Looks at each of them once.
  void all();

private:
  static constexpr const char* purpose = "comparing names with their index";

  [[noreturn]] void corrupt(std::string_view name) const;

  const connection& db_;
  statement name_of_;
  statement lost_;
  statement last_key_;
  std::int64_t seen_ = 0; // up to this key all names are found
};

/// Checks of a connection that verifies its reads. No checksum tells that a row is not found.
struct cross_check {
  explicit cross_check(const connection& db);

  /// The newest position at the time of the first call: the sum of the revisions of all streams, as positions have no
  /// gaps.
  [[nodiscard]] position newest();

  name_check streams;
  name_check relations;

private:
  statement sum_;
  std::optional<position> newest_;
};

/// The event types. Each is looked up when it is first met.
class type_dictionary {
public:
  type_dictionary(const connection& db, bool verified);

  [[nodiscard]] std::optional<std::int64_t> key_of(std::string_view name);

  /// Null if there is none. Valid until the next call.
  [[nodiscard]] const std::string* name_of(std::int64_t key);

  void add(std::int64_t key, std::string_view name);
  void clear() noexcept { known_.clear(); }

private:
  statement by_name_;
  statement by_key_;
  std::optional<name_check> check_;
  known_types known_;
};

} // namespace skald::detail::sqlite
