#pragma once

#include <skald/store/ids.hpp>
#include <skald/store/timestamp.hpp>

#include <cstdint>
#include <string>

namespace skald {

/// What a list of streams says of one.
struct stream_summary {
  stream_id stream;
  skald::revision revision; ///< the number of its events
  timestamp newest;         ///< the largest `created`

  friend bool operator==(const stream_summary&, const stream_summary&) = default;
};

/// What a list of relations says of one.
struct relation_summary {
  relation_key key;
  skald::revision revision; ///< raised by every change
  std::uint64_t streams = 0;

  friend bool operator==(const relation_summary&, const relation_summary&) = default;
};

/// What a list of event types says of one.
struct type_summary {
  std::string type;
  std::uint64_t events = 0;

  friend bool operator==(const type_summary&, const type_summary&) = default;
};

} // namespace skald
