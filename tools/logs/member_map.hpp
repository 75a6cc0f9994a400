#pragma once

#include "event_line.hpp"
#include "log_time.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tools {

/// Says where the members of an event are in the objects of a log.
///
///     map     = member "=" source *("," member "=" source)
///     member  = "stream" / "type" / "created" / "data" / "meta" / "id"
///     source  = text *("|" text)              ; the first that is there, and not null
///     text    = part *("+" part)              ; one after the other
///     part    = "'" literal "'" / "." / path  ; a point is the whole object
///     path    = [ "." ] name *("." name)      ; of members, or numbers of elements from 0 on
///     name    = 1*(any but . , + | ' ") / DQUOTE any DQUOTE
///
/// Inside quotes, the quote is written twice.
class member_map {
public:
  enum member : std::size_t { stream, type, created, data, meta, id };

  /// One that maps nothing.
  member_map() = default;

  /// Throws `failure` (`invalid_argument`) that says what does not fit.
  explicit member_map(std::string_view text);

  [[nodiscard]] bool maps(member m) const noexcept { return !sources_[m].texts.empty(); }

  /// The same, with the sources of `other` where this one has none.
  [[nodiscard]] member_map or_else(const member_map& other) const;

  /// The event that an object is. An id that is no UUID becomes one that follows from stream and id. Precondition:
  /// `object` is JSON; stream, type and created are mapped. Throws `failure` (`invalid_argument`) that says what is
  /// missing.
  [[nodiscard]] log_event event_of(std::string_view object, const log_time& times) const;

private:
  struct part {
    std::string literal;
    std::vector<std::string> path;
    bool is_literal = false;
  };
  using text = std::vector<part>;
  struct source {
    std::vector<text> texts;
    std::string written; ///< as it was given
  };
  class parser;

  [[nodiscard]] static std::optional<std::string> text_of(const text& parts, std::string_view object);
  [[nodiscard]] std::optional<std::string> text_at(member m, std::string_view object) const;
  [[nodiscard]] std::string need_text_at(member m, std::string_view object) const;
  /// JSON; empty where there is none.
  [[nodiscard]] std::string json_at(member m, std::string_view object) const;

  std::array<source, 6> sources_;
};

} // namespace tools
