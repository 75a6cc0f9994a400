#pragma once

#include <skald/store/checkpoint.hpp>
#include <skald/store/checks/projection_checks.hpp>
#include <skald/store/checksum.hpp>
#include <skald/store/database/known_streams.hpp>
#include <skald/store/database/revisions.hpp>
#include <skald/store/database/stored_record.hpp>
#include <skald/store/identity.hpp>
#include <skald/store/read/page_builder.hpp>
#include <skald/store/read/snapshots.hpp>
#include <skald/store/relation.hpp>
#include <skald/store/result.hpp>
#include <skald/store/snapshot.hpp>
#include <skald/store/summary.hpp>
#include <skald/store/transaction.hpp>
#include <skald/store/verify/record_check.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// Reads values from the rows of every database. Not for users, and not installed.
///
/// A `row` is a cursor over the result of a statement. It begins before the first row. `next()` moves to the next row,
/// and returns false after the last one. `null(column)`, `integer(column)`, `text(column)` and `id(column)` read the
/// current row; a NULL reads as the number 0 or the empty text. `corrupt(what)` throws `errc::corrupt`.
///
/// The comment of each function lists the columns that it reads.
namespace skald::detail {

/// The bits of a stored integer, unchecked.
std::uint64_t unsigned_at(const auto& row, int column) { return static_cast<std::uint64_t>(row.integer(column)); }

/// A position, revision or timestamp. Throws `errc::corrupt` if it is negative.
std::uint64_t counter_at(const auto& row, int column) {
  if (row.integer(column) < 0) row.corrupt("a counter stands at " + std::to_string(row.integer(column)));
  return unsigned_at(row, column);
}

/// A name. Throws `errc::corrupt` if it is none.
template <class Name>
Name name_at(const auto& row, int column) {
  if (auto name = Name::parse(std::string{row.text(column)})) return std::move(*name);
  row.corrupt("a name that is none is stored");
}

/// The columns of a record that all databases store alike. Stream, data and metadata follow; each has its own way.
#define SKALD_RECORD_COLUMNS                                                                                           \
  "e.position, e.id, e.type, e.revision, e.schema_version, e.created, e.recorded, e.flags, e.batch, e.checksum"
inline constexpr int type_column = 2;
inline constexpr int checksum_column = 9;
inline constexpr int data_column = 10; ///< the first one of the database's own columns

/// Makes records from rows that begin with `SKALD_RECORD_COLUMNS`.
///
/// `Parts` reads the other columns. `type_of(row)` returns the name of the type, or null. `read_stream(row, r)` sets
/// the stream, and returns false if there is none. `read_body(row, r)` sets data and metadata.
template <class Parts>
class record_decoder : public Parts {
public:
  record_decoder(auto& db, bool verified) : Parts{db, verified}, verified_{verified} {}

  /// The record in a row of a known stream. Throws `errc::corrupt` if it cannot be the one that was written.
  [[nodiscard]] record operator()(const auto& row, const stream_id& stream) {
    record r;
    r.stream = stream;
    check(row, r, read(row, r));
    return r;
  }

  /// The same, with the stream from the row.
  [[nodiscard]] record operator()(const auto& row) {
    record r;
    check(row, r, read_with_stream(row, r));
    return r;
  }

  /// One page from the rows of a query.
  template <class Query>
  [[nodiscard]] page fill(const Query& query, auto& found) {
    page_builder page{query.limit()};
    while (page.open() && found.next())
      page.add([&] {
        if constexpr (std::is_same_v<Query, stream_query>)
          return (*this)(found, query.stream());
        else
          return (*this)(found);
      });
    return page.take();
  }

  /// Reads a record with its stream. Returns its problem, or null.
  [[nodiscard]] const char* read_with_stream(const auto& row, record& r) {
    const auto* problem = read(row, r);
    const bool found = Parts::read_stream(row, r);
    return problem || found ? problem : "is in an unknown stream";
  }

  [[nodiscard]] static std::optional<std::uint64_t> checksum(const auto& row) {
    return row.null(checksum_column) ? std::nullopt : std::optional{unsigned_at(row, checksum_column)};
  }

private:
  const char* read(const auto& row, record& r) {
    const auto* problem =
      restore(r, {row.integer(0), row.integer(3), row.integer(4), row.integer(5), row.integer(6), row.integer(7)},
              row.null(8) ? std::nullopt : std::optional{row.text(8)});
    const auto id = row.id(1);
    if (id) r.id = *id;
    Parts::read_body(row, r);
    const std::string* type = Parts::type_of(row);
    if (type) r.type = *type;
    if (problem) return problem;
    if (!id) return "has an id that is not of 16 bytes";
    return type ? nullptr : "is of an unknown type";
  }

  void check(const auto& row, const record& r, const char* problem) const {
    if (!problem && verified_) problem = problem_of_checksum(r, checksum(row));
    if (problem) row.corrupt(sentence_about(r, problem));
  }

  bool verified_;
};

/// Columns: key, revision, newest time.
known_streams::state stream_in(const auto& row) {
  return {{revision{counter_at(row, 1)}, timestamp{counter_at(row, 2)}}, row.integer(0), true, false};
}

/// The columns of a receipt.
#define SKALD_RECEIPT_COLUMNS "first, last, revisions, answer, kept, checksum"

/// The receipt in a row, from `column` on, without a check of its checksum. Not intact if skald cannot have written it.
event_store::transaction::kept_receipt unchecked_receipt(const auto& row, int column) {
  event_store::transaction::kept_receipt known{
    {{}, position{unsigned_at(row, column)}, position{unsigned_at(row, column + 1)}, std::string{row.text(column + 3)}},
    timestamp{unsigned_at(row, column + 4)}};
  known.intact = read_revisions(row.text(column + 2), known.given.revisions) && row.integer(column) >= 0 &&
                 row.integer(column + 1) >= 0 && row.integer(column + 4) >= 0;
  return known;
}

/// The receipt of this command in a row.
event_store::transaction::kept_receipt receipt_of(const command_id& command, const auto& row, int column) {
  auto known = unchecked_receipt(row, column);
  const auto checksum = column + 5;
  known.intact =
    known.intact && !row.null(checksum) && unsigned_at(row, checksum) == checksum_of(command, known.given, known.kept);
  return known;
}

/// Columns: id and epoch of the store.
store_identity identity_in(auto row) {
  if (!row.next()) row.corrupt("the table skald_store is empty");
  const auto id_at = [&](int column) {
    if (row.null(column)) return event_id{};
    if (const auto id = row.id(column)) return *id;
    row.corrupt("an id in the table skald_store is none");
  };
  return {id_at(0), id_at(1)};
}

/// Columns: key, handled position and fresh position of a projection. `completions_of(key)` returns rows of position
/// and handler.
result<checkpoint> checkpoint_in(std::string_view projection, auto row, const auto& completions_of) {
  if (!row.next()) return unknown_projection(projection);
  checkpoint answer{position{counter_at(row, 1)}, position{counter_at(row, 2)}, {}};
  for (auto done = completions_of(row.integer(0)); done.next();)
    answer.completions.push_back({position{counter_at(done, 0)}, std::string{done.text(1)}});
  return answer;
}

/// Columns: whether the record exists, and whether its stream has a later one of its type.
record_status status_in(auto row) {
  row.next();
  const bool exists = row.integer(0) != 0;
  return {exists, exists || row.integer(1) != 0};
}

/// Columns: revision of the relation, and a stream; NULL for none.
relation relation_in(auto row) {
  relation answer;
  while (row.next()) {
    answer.revision = revision{unsigned_at(row, 0)};
    if (!row.null(1)) answer.streams.push_back(name_at<stream_id>(row, 1));
  }
  return answer;
}

/// The columns of a snapshot.
#define SKALD_SNAPSHOT_COLUMNS "f.fingerprint, f.created, f.id, f.records, f.relation_revision, f.checksum, f.state"
inline constexpr int snapshot_columns = 7;

/// The snapshot of a key in a row, from `column` on. None if it does not fit its checksum.
std::optional<snapshot> snapshot_at(const auto& row, int column, snapshot_key key) {
  snapshot s;
  s.key = std::move(key);
  s.fingerprint = row.text(column);
  s.cursor = {timestamp{unsigned_at(row, column + 1)}, row.id(column + 2).value_or(event_id{})};
  s.records = unsigned_at(row, column + 3);
  s.relation_revision = revision{unsigned_at(row, column + 4)};
  s.state = row.text(column + 6);
  return row.text(column + 5) == checksum_of(s) ? std::optional{std::move(s)} : std::nullopt;
}

/// Columns: those of a snapshot, then the counts of a `snapshot_basis`.
std::optional<stored_snapshot> snapshot_in(auto row, const snapshot_key& key) {
  if (!row.next()) return std::nullopt;
  auto s = snapshot_at(row, 0, key);
  if (!s) return std::nullopt;
  const snapshot_basis now{.records = unsigned_at(row, snapshot_columns),
                           .after = unsigned_at(row, snapshot_columns + 1),
                           .relation_revision = revision{unsigned_at(row, snapshot_columns + 2)}};
  return judge(std::move(*s), now);
}

void read(const auto& row, relation_key& key) { key = name_at<relation_key>(row, 0); }

void read(const auto& row, stream_summary& s) {
  s = {name_at<stream_id>(row, 0), revision{unsigned_at(row, 1)}, timestamp{unsigned_at(row, 2)}};
}

void read(const auto& row, relation_summary& s) {
  s = {name_at<relation_key>(row, 0), revision{unsigned_at(row, 1)}, unsigned_at(row, 2)};
}

/// Columns: reducer, whether the snapshot is of a relation, name of the relation or of the stream.
void read(const auto& row, snapshot_key& key) {
  std::string reducer{row.text(0)};
  key = row.integer(1) == 0 ? snapshot_key{std::move(reducer), name_at<stream_id>(row, 2)}
                            : snapshot_key{std::move(reducer), name_at<relation_key>(row, 2)};
}

/// Reads one value from each row.
template <class Value>
std::vector<Value> all_in(auto row) {
  std::vector<Value> all;
  while (row.next()) read(row, all.emplace_back());
  return all;
}

} // namespace skald::detail
