#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/relation.hpp>
#include <skald/store/timestamp.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace skald {

/// One persisted event. `data` and `meta` are JSON text, byte for byte as they were appended.
///
/// Not an aggregate, as all that people pass beside `co_await` (g++ 12).
struct record {
  record() = default;

  event_id id;
  stream_id stream;
  skald::revision revision;
  skald::position position;
  std::string type;
  std::uint32_t schema_version = 1;
  std::string data;
  std::string meta; ///< empty where the event has none
  timestamp created;
  timestamp recorded;
  batch_key batch;       ///< empty where the request had none
  bool hydrated = false; ///< came from another store
  bool outdated = false; ///< its stream held a later event of the same type when it came
  bool silent = false;   ///< kept and folded, delivered only when replayed

  friend bool operator==(const record&, const record&) = default;
};

/// An event on its way into the store.
///
/// A class with constructors, not an aggregate, as all that people pass beside `co_await` (g++ 12).
struct new_event {
  event_id id; ///< nil: the store makes one
  std::string type;
  std::uint32_t schema_version = 1;
  std::string data;
  std::string meta;
  timestamp created; ///< zero: the store's clock stamps it
  /// Set by the typed interface, which wrote `data` and `meta` itself: the door does not parse them again.
  bool typed = false;

  new_event() = default;
  new_event(std::string type_name, std::string json, event_id given_id = {}, timestamp given_created = {})
    : id{given_id}, type{std::move(type_name)}, data{std::move(json)}, created{given_created} {}
};

/// What a request expects of a stream before it is appended to.
class expected_revision {
public:
  static constexpr expected_revision any() noexcept { return {kind::any, {}}; }
  static constexpr expected_revision no_stream() noexcept { return {kind::no_stream, {}}; }
  static constexpr expected_revision stream_exists() noexcept { return {kind::stream_exists, {}}; }
  static constexpr expected_revision exactly(revision number) noexcept { return {kind::exactly, number}; }

  [[nodiscard]] constexpr bool met_by(revision actual) const noexcept {
    switch (kind_) {
      case kind::any: return true;
      case kind::no_stream: return actual == revision{};
      case kind::stream_exists: return actual != revision{};
      case kind::exactly: return actual == number_;
    }
    return false;
  }
  [[nodiscard]] std::string str() const;

  friend constexpr bool operator==(const expected_revision&, const expected_revision&) = default;

private:
  enum class kind : std::uint8_t { any, no_stream, stream_exists, exactly };
  constexpr expected_revision(kind what, revision number) noexcept : kind_{what}, number_{number} {}

  kind kind_;
  revision number_;
};

/// The part of a request that is about one stream. Without events it is only a check.
struct stream_append {
  stream_id stream;
  expected_revision expected = expected_revision::any();
  std::vector<new_event> events;

  stream_append(stream_id name, expected_revision expectation, std::vector<new_event> new_events = {})
    : stream{std::move(name)}, expected{expectation}, events{std::move(new_events)} {}
};

/// Events for one or more streams that are written together or not at all.
struct append_request {
  std::vector<stream_append> streams;
  /// Made in the request's transaction, behind its events, and not again where the request is repeated.
  std::vector<relation_change> relations;
  /// Whether projections hear of the events; false keeps them silent.
  bool emit = true;
  /// What keeps the events together for handlers of batches, where it is given.
  batch_key batch;
  /// The command that the request carries out, where it is given. Its receipt is kept in the request's transaction, at
  /// least for `store_options::command_retention`: whoever sends the command again, with whatever request, gets that
  /// receipt, and nothing is written. A refused request keeps nothing.
  command_id command;
  /// JSON text that is kept in the receipt. Empty for none; not without a command.
  std::string answer;
  /// The event that the decision behind this request rests on. Where it is not the last one of a stream of the request,
  /// the answer is `wrong_expected_revision`: a decision made on a state that never came to be falls with it.
  std::optional<event_id> after;

  append_request() = default;
  explicit append_request(std::vector<stream_append> parts) : streams{std::move(parts)} {}
  append_request(stream_id stream, expected_revision expected, std::vector<new_event> events) {
    streams.emplace_back(std::move(stream), expected, std::move(events));
  }
};

/// Where a request's events went. Events stand in the order of the request, one position after the other.
struct receipt {
  /// The revision of each stream of the request, in its order, once the request was applied.
  std::vector<revision> revisions;
  position first; ///< zero where the request had no events
  position last;
  std::string answer{}; ///< that of the request, or of the one that carried out its command

  friend bool operator==(const receipt&, const receipt&) = default;
};

/// A hydrated record under whose id another event is stored.
struct hydrate_difference {
  std::size_t index = 0; ///< of the record, among those of the call
  std::string message; ///< where the stored event is, and what is different

  friend bool operator==(const hydrate_difference&, const hydrate_difference&) = default;
};

/// What `hydrate` did.
struct hydrate_report {
  std::uint64_t written = 0;
  std::uint64_t known = 0; ///< ids already there, skipped
  position last; ///< of the last record written, zero for none
  std::vector<hydrate_difference> different{}; ///< those of the known that are not the event that is stored

  friend bool operator==(const hydrate_report&, const hydrate_report&) = default;
};

/// How a record of another store relates to this one.
struct record_status {
  bool exists = false;
  bool outdated = false;

  friend bool operator==(const record_status&, const record_status&) = default;
};

} // namespace skald
