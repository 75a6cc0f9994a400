#pragma once

#include <skald/store/ids.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace skald {

/// One finding of `event_store::verify`: stored data that cannot be what was written.
struct problem {
  skald::position position; ///< of the record that it is about; 0 if it is about none
  event_id id;              ///< of that record, if it can be read
  stream_id stream;         ///< empty if it is about no stream
  std::string message;      ///< a sentence

  friend bool operator==(const problem&, const problem&) = default;
};

/// The findings of `event_store::verify`.
struct verification {
  std::uint64_t records = 0;                ///< records that were checked
  std::optional<std::uint64_t> streams = 0; ///< streams that were checked; none if damage hides some
  std::uint64_t problem_count = 0;          ///< all problems
  std::vector<problem> problems;            ///< the first `limits::problems`

  [[nodiscard]] bool sound() const noexcept { return problem_count == 0; }
};

} // namespace skald
