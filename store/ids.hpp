#pragma once

#include <skald/store/limits.hpp>
#include <skald/store/result.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace skald {

namespace detail {

/// Why a text is no name of `what`, or nothing: names have 1 to `most` bytes of UTF-8 without NUL.
[[nodiscard]] std::optional<error> problem_of_name(std::string_view what, std::string_view text,
                                                   std::size_t most = limits::name_bytes);

/// A text of 1 to 512 bytes of UTF-8 without NUL. `Kind` derives from it and keeps names of different things apart.
template <class Kind>
class name {
public:
  name() = default;

  /// For names that the program itself writes down.
  ///
  /// Throws `failure` with `errc::invalid_argument` where `parse` would answer an error.
  explicit name(std::string text) : text_{std::move(text)} {
    if (auto problem = problem_of_name(Kind::what, text_)) throw failure{std::move(*problem)};
  }

  /// For names that come from outside. Errors: `invalid_argument`.
  static result<Kind> parse(std::string text) {
    if (auto problem = problem_of_name(Kind::what, text)) return std::move(*problem);
    Kind parsed;
    parsed.text_ = std::move(text);
    return parsed;
  }

  [[nodiscard]] const std::string& str() const noexcept { return text_; }
  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }

  friend auto operator<=>(const name&, const name&) = default;

private:
  std::string text_;
};

} // namespace detail

/// Names the stream of one entity: 1 to 512 bytes of UTF-8 without NUL.
///
/// Names that start with `$` are reserved: they can be named but not appended to. A default-constructed id is empty
/// and names no stream; every door of the store refuses it with `errc::invalid_argument`.
class stream_id : public detail::name<stream_id> {
public:
  static constexpr std::string_view what = "a stream id";
  using name::name;

  [[nodiscard]] bool reserved() const noexcept { return str().starts_with('$'); }
};

/// Names a relation: a key under which streams are kept and found, such as `user-7/posts`. 1 to 512 bytes of UTF-8
/// without NUL. A default-constructed key is empty and refused at every door.
class relation_key : public detail::name<relation_key> {
public:
  static constexpr std::string_view what = "a relation key";
  using name::name;
};

/// Names the records that are delivered together to handlers of batches: those of the request that was appended under
/// it. 1 to 512 bytes of UTF-8 without NUL. A default-constructed key is empty and stands for "none".
class batch_key : public detail::name<batch_key> {
public:
  static constexpr std::string_view what = "a batch key";
  using name::name;
};

/// Names one command, however often it is sent. 1 to 512 bytes of UTF-8 without NUL. A default-constructed id is
/// empty and stands for "none".
class command_id : public detail::name<command_id> {
public:
  static constexpr std::string_view what = "a command id";
  using name::name;
};

/// Names one event in every store it ever reaches: a UUID of 128 bits, ordered by its bytes.
///
/// A default-constructed id is nil and stands for "make one for me" where an event is appended.
class event_id {
public:
  using bytes_type = std::array<std::uint8_t, 16>;

  constexpr event_id() = default;
  constexpr explicit event_id(const bytes_type& bytes) noexcept : bytes_{bytes} {}

  /// Reads the usual text form, such as `0192f5e2-7c1b-7d3f-8a55-0123456789ab`. Errors: `invalid_argument`.
  static result<event_id> parse(std::string_view text);

  [[nodiscard]] constexpr const bytes_type& bytes() const noexcept { return bytes_; }
  [[nodiscard]] constexpr bool nil() const noexcept { return bytes_ == bytes_type{}; }
  [[nodiscard]] std::string str() const;

  friend constexpr auto operator<=>(const event_id&, const event_id&) = default;

private:
  bytes_type bytes_{};
};

/// Makes time-ordered event ids: UUID version 7 of RFC 9562, milliseconds in front and 74 random bits behind.
///
/// Safe to call from several threads at once. The wall clock is read at every call.
[[nodiscard]] event_id make_event_id();

/// Derives the event id of something that has none. The same parts give the same id on every machine, so that
/// importing a log twice changes nothing.
///
/// UUID version 8 of RFC 9562, made as its version 5 is: SHA-1 over the namespace 6b1d3c58-0e94-4f27-9a71-c205d846be13
/// and the parts, each behind its length in eight bytes, the highest first.
[[nodiscard]] event_id derive_event_id(std::initializer_list<std::string_view> parts);

/// Counts the events of a stream: 1, 2, 3 and so on. The revision of a stream is its number of events, 0 for none.
struct revision {
  std::uint64_t value = 0;

  constexpr revision() = default;
  constexpr explicit revision(std::uint64_t number) noexcept : value{number} {}

  /// Reads decimal digits and nothing else. Errors: `invalid_argument`, also beyond 64 bits.
  static result<revision> parse(std::string_view text);

  friend constexpr auto operator<=>(const revision&, const revision&) = default;
};

/// Counts the events of a whole store: 1, 2, 3 and so on, in the order of their commits, without gaps.
struct position {
  std::uint64_t value = 0;

  constexpr position() = default;
  constexpr explicit position(std::uint64_t number) noexcept : value{number} {}

  /// Reads decimal digits and nothing else. Errors: `invalid_argument`, also beyond 64 bits.
  static result<position> parse(std::string_view text);

  friend constexpr auto operator<=>(const position&, const position&) = default;
};

} // namespace skald

template <>
struct std::hash<skald::stream_id> {
  std::size_t operator()(const skald::stream_id& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};

template <>
struct std::hash<skald::relation_key> {
  std::size_t operator()(const skald::relation_key& key) const noexcept { return std::hash<std::string>{}(key.str()); }
};

template <>
struct std::hash<skald::event_id> {
  std::size_t operator()(const skald::event_id& id) const noexcept;
};
