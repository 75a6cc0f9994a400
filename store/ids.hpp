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

/// The error of a text that cannot be the name of `what`, or none: names have 1 to `most` bytes of UTF-8 without NUL.
[[nodiscard]] std::optional<error> problem_of_name(std::string_view what, std::string_view text,
                                                   std::size_t most = limits::name_bytes);

/// A name: 1 to 512 bytes of UTF-8 without NUL. `Kind` derives from it, so that names of different things do not mix.
template <class Kind>
class name {
public:
  name() = default;

  /// Makes a name that the program itself writes down.
  ///
  /// Throws `failure` with `errc::invalid_argument` if `parse` would return an error.
  explicit name(std::string text) : text_{std::move(text)} {
    if (auto problem = problem_of_name(Kind::what, text_)) throw failure{std::move(*problem)};
  }

  /// Makes a name that comes from outside. Errors: `invalid_argument`.
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
/// Names that start with `$` are reserved: you can read such a stream, not append to it. A default-constructed id is
/// empty and names no stream. The store refuses it with `errc::invalid_argument`.
class stream_id : public detail::name<stream_id> {
public:
  static constexpr std::string_view what = "a stream id";
  using name::name;

  [[nodiscard]] bool reserved() const noexcept { return str().starts_with('$'); }
};

/// Names a relation: a key under which streams are found, such as `user-7/posts`. 1 to 512 bytes of UTF-8 without NUL.
///
/// A default-constructed key is empty. The store refuses it with `errc::invalid_argument`.
class relation_key : public detail::name<relation_key> {
public:
  static constexpr std::string_view what = "a relation key";
  using name::name;
};

/// Names a batch: the records that one request appended with this key, and that handlers of batches get together. 1 to
/// 512 bytes of UTF-8 without NUL. A default-constructed key is empty and means "none".
class batch_key : public detail::name<batch_key> {
public:
  static constexpr std::string_view what = "a batch key";
  using name::name;
};

/// Names one command. A command that is sent again has the same id. 1 to 512 bytes of UTF-8 without NUL. A
/// default-constructed id is empty and means "none".
class command_id : public detail::name<command_id> {
public:
  static constexpr std::string_view what = "a command id";
  using name::name;
};

/// Names one event, in all stores: a UUID of 128 bits, ordered by its bytes.
///
/// A default-constructed id is nil. The store gives an appended event with a nil id a new one.
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

/// Makes a new event id. Ids made later sort later, to the millisecond.
///
/// Thread-safe. Reads the wall clock. Source: UUID version 7 of RFC 9562, milliseconds first, then 74 random bits.
[[nodiscard]] event_id make_event_id();

/// Derives an event id from the parts of an event that has none. The same parts give the same id on every machine, so
/// importing a log twice changes nothing.
///
/// Source: UUID version 8 of RFC 9562, made like version 5. The SHA-1 covers the namespace
/// 6b1d3c58-0e94-4f27-9a71-c205d846be13 and the parts. Each part follows its length: eight bytes, the highest first.
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
