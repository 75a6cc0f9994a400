#pragma once

#include <skald/store/postgres/stream_table.hpp>
#include <skald/store/relation.hpp>

#include <cstdint>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// Changes of relations, buffered until the end of a transaction.
class relation_table {
public:
  relation_table(connection& db, stream_table& streams) : db_{db}, streams_{streams} {}

  void apply(const relation_change& change) {
    using kind = relation_change::kind;
    std::int64_t stream = 0;
    if (change.what() == kind::insert)
      stream = streams_.key_for_change(change.stream());
    else if (change.what() != kind::remove_key)
      stream = streams_.at(change.stream()).second.key;
    kinds_.push_back(change.what());
    names_.add(change.key().str());
    stream_keys_.add(stream);
  }

  /// Returns false if there was nothing to write.
  bool flush() {
    if (kinds_.empty()) return false;
    array kinds;
    for (const auto kind : kinds_) kinds.add(static_cast<std::int64_t>(kind));
    db_.run(change_, kinds.take(), names_.take(), stream_keys_.take());
    return true;
  }

  void forget() noexcept {
    kinds_.clear();
    names_ = {};
    stream_keys_ = {};
  }

private:
  static inline const statement change_{"writing relations",
                                        "SELECT skald_relate($1::integer[], $2::text[], $3::bigint[])"};

  connection& db_;
  stream_table& streams_;
  std::vector<relation_change::kind> kinds_;
  array names_;
  array stream_keys_;
};

} // namespace skald::detail::postgres
