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

/// How the answers of every database are read. Not for users, and not installed.
///
/// Rows stand in front of the first row. `next()` moves on, and is false behind the last one; `null(column)`,
/// `integer(column)`, `text(column)` and `id(column)` tell of the row it stands on, where a number that is NULL is 0,
/// a text empty; `corrupt(what)` throws `errc::corrupt`.
namespace skald::detail {

/// As it is stored, whatever that may be.
std::uint64_t unsigned_at(const auto& row, int column) { return static_cast<std::uint64_t>(row.integer(column)); }

/// A position, revision or timestamp.
std::uint64_t counter_at(const auto& row, int column) {
  if (row.integer(column) < 0) row.corrupt("a counter stands at " + std::to_string(row.integer(column)));
  return unsigned_at(row, column);
}

template <class Name>
Name name_at(const auto& row, int column) {
  if (auto name = Name::parse(std::string{row.text(column)})) return std::move(*name);
  row.corrupt("a name that is none is stored");
}

/// What a stored record consists of, of which databases keep in their own ways the stream, data and metadata.
#define SKALD_RECORD_COLUMNS                                                                                           \
  "e.position, e.id, e.type, e.revision, e.schema_version, e.created, e.recorded, e.flags, e.batch, e.checksum"
inline constexpr int type_column = 2;
inline constexpr int checksum_column = 9;
inline constexpr int data_column = 10; ///< the first one that is the database's own

/// Makes records of rows that begin with `SKALD_RECORD_COLUMNS`.
///
/// Of the rest `Parts` knows: `type_of(row)` answers the name of its type, `read_stream(row, r)` whether there is
/// one, which it sets, and `read_body(row, r)` sets data and metadata.
template <class Parts>
class record_decoder : public Parts {
public:
  record_decoder(auto& db, bool verified) : Parts{db, verified}, verified_{verified} {}

  /// The record in a row, of a stream that is known. Throws `errc::corrupt` where it cannot be what was written.
  [[nodiscard]] record operator()(const auto& row, const stream_id& stream) {
    record r;
    r.stream = stream;
    check(row, r, read(row, r));
    return r;
  }

  /// The same, of the stream that the row tells of.
  [[nodiscard]] record operator()(const auto& row) {
    record r;
    check(row, r, read_with_stream(row, r));
    return r;
  }

  /// One page of what a query has found.
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

  /// Reads all, also the stream. Answers what is wrong with it, or null.
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

/// Of key, revision and newest event.
known_streams::state stream_in(const auto& row) {
  return {{revision{counter_at(row, 1)}, timestamp{counter_at(row, 2)}}, row.integer(0), true, false};
}

/// The columns of a receipt.
#define SKALD_RECEIPT_COLUMNS "first, last, revisions, answer, kept, checksum"

/// The receipt in a row, from `column` on, without a look at its checksum. Not intact if skald cannot have written it.
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

/// Of the store's id and epoch.
store_identity identity_in(auto row) {
  if (!row.next()) row.corrupt("the table skald_store is empty");
  const auto id_at = [&](int column) {
    if (row.null(column)) return event_id{};
    if (const auto id = row.id(column)) return *id;
    row.corrupt("an id in the table skald_store is none");
  };
  return {id_at(0), id_at(1)};
}

/// Of a projection's key, what it has handled and what is fresh to it. `completions_of(key)` answers rows of position
/// and handler.
result<checkpoint> checkpoint_in(std::string_view projection, auto row, const auto& completions_of) {
  if (!row.next()) return unknown_projection(projection);
  checkpoint answer{position{counter_at(row, 1)}, position{counter_at(row, 2)}, {}};
  for (auto done = completions_of(row.integer(0)); done.next();)
    answer.completions.push_back({position{counter_at(done, 0)}, std::string{done.text(1)}});
  return answer;
}

/// Of whether the record exists, and whether there are later ones of its type in its stream.
record_status status_in(auto row) {
  row.next();
  const bool exists = row.integer(0) != 0;
  return {exists, exists || row.integer(1) != 0};
}

/// Of the relation's revision and a stream, which is NULL where there is none.
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

/// The snapshot of a key in a row, from `column` on. None if it is damaged: it is not what its checksum was made of.
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

/// Of a snapshot, and the counts of a `snapshot_basis`.
std::optional<stored_snapshot> snapshot_in(auto row, const snapshot_key& key) {
  if (!row.next()) return std::nullopt;
  auto s = snapshot_at(row, 0, key);
  if (!s) return std::nullopt;
  const snapshot_basis now{.records = unsigned_at(row, snapshot_columns),
                           .behind = unsigned_at(row, snapshot_columns + 1),
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

/// Of reducer, whether it is of a relation, and the name of that or of the stream.
void read(const auto& row, snapshot_key& key) {
  std::string reducer{row.text(0)};
  key = row.integer(1) == 0 ? snapshot_key{std::move(reducer), name_at<stream_id>(row, 2)}
                            : snapshot_key{std::move(reducer), name_at<relation_key>(row, 2)};
}

/// One for each row.
template <class Value>
std::vector<Value> all_in(auto row) {
  std::vector<Value> all;
  while (row.next()) read(row, all.emplace_back());
  return all;
}

} // namespace skald::detail
