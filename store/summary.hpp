#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/timestamp.hpp>

#include <cstdint>
#include <string>

namespace skald {

/// A stream in the list of `event_store::streams`.
struct stream_summary {
  stream_id stream;
  skald::revision revision; ///< the number of its events
  timestamp newest;         ///< the largest `created`

  friend bool operator==(const stream_summary&, const stream_summary&) = default;
};

/// A relation in the list of `event_store::relations`.
struct relation_summary {
  relation_key key;
  skald::revision revision; ///< raised by every change
  std::uint64_t streams = 0;

  friend bool operator==(const relation_summary&, const relation_summary&) = default;
};

/// An event type in the list of `event_store::types`.
struct type_summary {
  std::string type;
  std::uint64_t events = 0;

  friend bool operator==(const type_summary&, const type_summary&) = default;
};

} // namespace skald
