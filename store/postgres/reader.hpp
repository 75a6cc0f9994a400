#pragma once

#include <skald/store/postgres/queries.hpp>
#include <skald/store/postgres/records.hpp>
#include <skald/store/verify/inspector.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::postgres {

/// Answers queries in a session of its own, one at a time. Each query is one statement, and so of one moment.
class reader {
public:
  reader(std::unique_ptr<connection> db, bool verified);

  [[nodiscard]] page read(const stream_query& query);
  [[nodiscard]] page read(const streams_query& query);
  [[nodiscard]] page read(const all_query& query);
  [[nodiscard]] std::optional<record> find(const event_id& id);
  [[nodiscard]] rows status(const record& r);
  [[nodiscard]] position head();
  [[nodiscard]] rows identity() { return db_->run(find_identity); }
  [[nodiscard]] rows revision_of(const stream_id& stream) { return db_->run(find_revision, stream.str()); }
  [[nodiscard]] rows related(const relation_key& key) { return db_->run(find_relation, key.str()); }
  [[nodiscard]] rows snapshot_of(const snapshot_key& key);
  [[nodiscard]] rows keys_of(const stream_id& stream) { return db_->run(find_relation_keys, stream.str()); }
  [[nodiscard]] rows streams(std::string_view after, std::size_t limit);
  [[nodiscard]] rows relations(std::string_view after, std::size_t limit);
  [[nodiscard]] rows snapshots(const snapshot_key& after, std::size_t limit);
  [[nodiscard]] std::vector<type_summary> types();
  void inspect(inspector& found);

private:
  void check_complete(const std::string& streams, const std::string& keys);
  template <class Query, class... Values>
  rows run_page(const std::array<statement, 2>& pages, const Query& query, const std::string& streams,
                const Values&... further);
  template <class Query>
  page fill(const Query& query, rows& found);

  std::unique_ptr<connection> db_;
  bool verified_;
  record_decoder decode_;
};

} // namespace skald::detail::postgres
