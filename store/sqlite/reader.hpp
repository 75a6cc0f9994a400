#pragma once

#include <skald/store/sqlite/queries.hpp>
#include <skald/store/verify/inspector.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// Answers queries on a connection of its own, one at a time.
class reader {
public:
  reader(std::unique_ptr<connection> db, bool verified);

  [[nodiscard]] page read(const stream_query& query);
  [[nodiscard]] page read(const streams_query& query);
  [[nodiscard]] page read(const all_query& query);
  [[nodiscard]] std::optional<record> find(const event_id& id);
  [[nodiscard]] rows status(const record& r) {
    return sql_.status(r.id, r.stream, r.created, std::string_view{r.type});
  }
  [[nodiscard]] position head() { return position{static_cast<std::uint64_t>(sql_.head.integer())}; }
  [[nodiscard]] rows identity() { return sql_.identity(); }
  [[nodiscard]] rows revision_of(const stream_id& stream);
  [[nodiscard]] rows related(const relation_key& key);
  [[nodiscard]] rows snapshot_of(const snapshot_key& key);
  [[nodiscard]] rows keys_of(const stream_id& stream) { return sql_.keys_of_stream(stream); }
  [[nodiscard]] rows streams(std::string_view after, std::size_t limit);
  [[nodiscard]] rows relations(std::string_view after, std::size_t limit);
  [[nodiscard]] rows snapshots(const snapshot_key& after, std::size_t limit);
  [[nodiscard]] std::vector<type_summary> types();
  void inspect(inspector& found);

private:
  class moment;

  void check_complete(std::int64_t stream);
  [[nodiscard]] std::string keys_of(const std::optional<std::vector<std::string>>& types);
  [[nodiscard]] std::vector<std::int64_t> keys_of(const streams_query& query);
  [[nodiscard]] std::int64_t key_of(const stream_id& stream);
  [[nodiscard]] std::int64_t key_of(const relation_key& key);
  /// Throws unless the index of names is right about this one.
  void check(const auto& name) {
    if (check_) (void)key_of(name);
  }

  std::unique_ptr<connection> db_;
  record_decoder decode_;
  type_dictionary& types_ = decode_.types();
  std::optional<cross_check> check_; // if it verifies
  queries sql_{*db_};
};

} // namespace skald::detail::sqlite
