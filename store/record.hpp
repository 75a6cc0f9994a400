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

/// A stored event. `data` and `meta` are JSON text, byte for byte as they were appended.
///
/// It has a constructor, so that it can be a temporary beside `co_await`: g++ 12 destroys an aggregate there twice.
struct record {
  record() = default;

  event_id id;
  stream_id stream;
  skald::revision revision;
  skald::position position;
  std::string type;
  std::uint32_t schema_version = 1;
  std::string data;
  std::string meta;      ///< empty if the event has none
  timestamp created;     ///< when it happened; strictly increasing within a stream unless hydrated
  timestamp recorded;    ///< when this store wrote it
  batch_key batch;       ///< empty if the request had none
  bool hydrated = false; ///< it came from another store
  bool outdated = false; ///< when it came, its stream held a later event of the same type
  bool silent = false;   ///< projections see it only in a replay

  friend bool operator==(const record&, const record&) = default;
};

/// An event to append. `encode` makes one from a struct.
///
/// It has constructors for the same reason as `record`.
struct new_event {
  event_id id; ///< if nil, the store makes one
  std::string type;
  std::uint32_t schema_version = 1;
  std::string data;
  std::string meta;
  timestamp created; ///< if zero, the store's clock stamps it; raised to lie above all of its stream
  /// Whether `encode` wrote `data` and `meta`. Then the store does not parse them again.
  bool typed = false;

  new_event() = default;
  new_event(std::string type_name, std::string json, event_id given_id = {}, timestamp given_created = {})
    : id{given_id}, type{std::move(type_name)}, data{std::move(json)}, created{given_created} {}
};

/// The revision that a request expects of a stream before it appends. At another revision, the answer is
/// `wrong_expected_revision`.
class expected_revision {
public:
  /// Accepts every revision.
  static constexpr expected_revision any() noexcept { return {kind::any, {}}; }
  /// The stream has no events.
  static constexpr expected_revision no_stream() noexcept { return {kind::no_stream, {}}; }
  /// The stream has at least one event.
  static constexpr expected_revision stream_exists() noexcept { return {kind::stream_exists, {}}; }
  /// The stream has exactly this many events.
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
  /// `any`, `no_stream`, `stream_exists` or the number.
  [[nodiscard]] std::string str() const;

  friend constexpr bool operator==(const expected_revision&, const expected_revision&) = default;

private:
  enum class kind : std::uint8_t { any, no_stream, stream_exists, exactly };
  constexpr expected_revision(kind what, revision number) noexcept : kind_{what}, number_{number} {}

  kind kind_;
  revision number_;
};

/// The part of a request that is about one stream. Without events, it only checks the revision.
struct stream_append {
  stream_id stream;
  expected_revision expected = expected_revision::any();
  std::vector<new_event> events;

  stream_append(stream_id name, expected_revision expectation, std::vector<new_event> new_events = {})
    : stream{std::move(name)}, expected{expectation}, events{std::move(new_events)} {}
};

/// Events for one or more streams. The store writes all of them, or none.
struct append_request {
  /// The events, by stream. No stream is named twice.
  std::vector<stream_append> streams;
  /// Changes of relations, made after the events in the same transaction. A repeated request does not make them again.
  std::vector<relation_change> relations;
  /// Whether projections see the events. If not, the events are silent.
  bool emit = true;
  /// Optional. Handlers of batches get the events with the same key together.
  batch_key batch;
  /// Optional: the command that this request carries out. The transaction also stores the receipt, for at least
  /// `store_options::command_retention`. While it is stored, every request with the same command gets it and writes
  /// nothing. A refused request stores no receipt.
  command_id command;
  /// Optional: JSON text to store in the receipt, at most `limits::answer_bytes`. Needs a command.
  std::string answer;
  /// Optional: the event on whose state this request was decided. If it is not the last event of one of the request's
  /// streams, the answer is `wrong_expected_revision`. So a decision on speculative events fails if these were refused.
  std::optional<event_id> after;

  append_request() = default;
  explicit append_request(std::vector<stream_append> parts) : streams{std::move(parts)} {}
  append_request(stream_id stream, expected_revision expected, std::vector<new_event> events) {
    streams.emplace_back(std::move(stream), expected, std::move(events));
  }
};

/// The places of a request's events. They have consecutive positions, in the order of the request.
struct receipt {
  /// The revision of each stream of the request after it, in the order of the request.
  std::vector<revision> revisions;
  position first; ///< zero if the request had no events
  position last; ///< likewise
  std::string answer{}; ///< of the request that carried out the command

  friend bool operator==(const receipt&, const receipt&) = default;
};

/// A record given to `hydrate` under whose id another event is stored: one with another stream, type, schema version,
/// data or metadata, or one created in another millisecond, unless an append may have raised its time. Checksums
/// compare data and metadata, so a damaged event is another one, too.
struct hydrate_difference {
  std::size_t index = 0; ///< of the record in the call
  std::string message; ///< names the stored event and the difference

  friend bool operator==(const hydrate_difference&, const hydrate_difference&) = default;
};

/// The result of `event_store::hydrate`.
struct hydrate_report {
  std::uint64_t written = 0;
  std::uint64_t known = 0; ///< records whose id was stored, which were skipped
  position last; ///< of the last record written, zero for none
  std::vector<hydrate_difference> different{}; ///< the known ones that are not the stored event

  friend bool operator==(const hydrate_report&, const hydrate_report&) = default;
};

/// The answer of `event_store::status` about a record of another store.
struct record_status {
  bool exists = false; ///< this store has its id
  bool outdated = false; ///< its stream holds a later event of the same type, or the record itself

  friend bool operator==(const record_status&, const record_status&) = default;
};

} // namespace skald
