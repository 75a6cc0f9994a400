#include <skald/store/sqlite/names.hpp>

#include <skald/store/quoted.hpp>

namespace skald::detail::sqlite {

name_check::name_check(const connection& db, const std::string& table)
  : db_{db}, name_of_{db, purpose, "SELECT name FROM " + table + " WHERE key = ?1"},
    lost_{db, purpose,
          "SELECT t.name FROM " + table + " t NOT INDEXED WHERE t.key > ?1 AND NOT EXISTS (SELECT 1 FROM " + table +
            " i WHERE i.name = t.name AND +i.key = t.key) LIMIT 1"},
    last_key_{db, purpose, "SELECT coalesce(max(key), 0) FROM " + table} {}

void name_check::found(std::string_view name, std::int64_t key) {
  if (auto row = name_of_(key); !row.next() || row.text(0) != name) corrupt(name);
}

void name_check::all() {
  const auto last = last_key_.integer(); // first, since others may add names
  if (auto row = lost_(seen_); row.next()) corrupt(row.text(0));
  seen_ = last;
}

void name_check::corrupt(std::string_view name) const {
  db_.corrupt("the index of names is wrong about " + in_quotes(name));
}

cross_check::cross_check(const connection& db)
  : streams{db, "skald_streams"}, relations{db, "skald_relation_keys"},
    sum_{db, "counting the events of all streams",
         "SELECT max(cast(total(revision) AS INTEGER), 0) FROM skald_streams"} {}

position cross_check::newest() {
  if (!newest_) newest_ = position{static_cast<std::uint64_t>(sum_.integer())};
  return *newest_;
}

type_dictionary::type_dictionary(const connection& db, bool verified)
  : by_name_{db, "looking up an event type", "SELECT key FROM skald_types WHERE name = ?1"},
    by_key_{db, "looking up an event type", "SELECT name FROM skald_types WHERE key = ?1"} {
  if (verified) check_.emplace(db, "skald_types");
}

std::optional<std::int64_t> type_dictionary::key_of(std::string_view name) {
  if (const auto known = known_.key_of(name)) return known;
  auto row = by_name_(name);
  if (!row.next()) {
    if (check_) check_->all();
    return std::nullopt;
  }
  if (check_) check_->found(name, row.integer(0));
  add(row.integer(0), name);
  return row.integer(0);
}

const std::string* type_dictionary::name_of(std::int64_t key) {
  if (const auto* known = known_.name_of(key)) return known;
  auto row = by_key_(key);
  if (!row.next()) return nullptr;
  add(key, row.text(0));
  return known_.name_of(key);
}

void type_dictionary::add(std::int64_t key, std::string_view name) {
  known_.trim();
  known_.add(key, name);
}

} // namespace skald::detail::sqlite
