#pragma once

#include <skald/store/ids.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace skald {

/// One thing in a store that cannot be what was written.
struct problem {
  skald::position position; ///< of the record that it is about; 0 where it is about none
  event_id id;              ///< of that record, as far as it can be read
  stream_id stream;         ///< empty where it is about no stream
  std::string message;      ///< a sentence

  friend bool operator==(const problem&, const problem&) = default;
};

/// What looking through a whole store has found.
struct verification {
  std::uint64_t records = 0;                ///< that were looked at
  std::optional<std::uint64_t> streams = 0; ///< likewise; none where damage kept some from being looked at
  std::uint64_t problem_count = 0;          ///< of all problems
  std::vector<problem> problems;            ///< the first `limits::problems`

  [[nodiscard]] bool sound() const noexcept { return problem_count == 0; }
};

} // namespace skald
