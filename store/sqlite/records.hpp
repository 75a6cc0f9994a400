#pragma once

#include <skald/store/database/rows.hpp>
#include <skald/store/sqlite/names.hpp>

#include <string>
#include <utility>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// The columns that a `record_decoder` reads, in this order; the stream's name may follow.
#define SKALD_EVENT_COLUMNS SKALD_RECORD_COLUMNS ", e.data, e.meta"
#define SKALD_COLUMNS_WITHOUT_BODY SKALD_RECORD_COLUMNS ", '', ''"
inline constexpr int meta_column = data_column + 1;
inline constexpr int stream_name_column = meta_column + 1;

/// Reads the parts of a record that SQLite stores in its own way.
class record_parts {
public:
  [[nodiscard]] type_dictionary& types() noexcept { return types_; }

protected:
  record_parts(const connection& db, bool verified) : types_{db, verified} {}

  const std::string* type_of(const rows& row) { return types_.name_of(row.integer(type_column)); }
  static bool read_stream(const rows& row, record& r) {
    auto stream = stream_id::parse(std::string{row.text(stream_name_column)});
    if (stream) r.stream = std::move(*stream);
    return stream.has_value();
  }
  static void read_body(const rows& row, record& r) {
    r.data = row.text(data_column);
    r.meta = row.text(meta_column);
  }

private:
  type_dictionary types_;
};
using record_decoder = detail::record_decoder<record_parts>;

} // namespace skald::detail::sqlite
