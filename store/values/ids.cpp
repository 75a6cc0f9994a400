#include <skald/store/ids.hpp>

#include <skald/store/quoted.hpp>
#include <skald/store/timestamp.hpp>
#include <skald/store/values/utf8.hpp>

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <random>
#include <utility>

namespace skald {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

constexpr bool hyphen_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

/// The value of a hexadecimal digit, or -1.
constexpr int value_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

std::optional<event_id::bytes_type> parse_uuid(std::string_view text) {
  if (text.size() != 36) return {};
  event_id::bytes_type bytes{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (hyphen_before(i) && text[at++] != '-') return {};
    const auto high = value_of(text[at++]);
    const auto low = value_of(text[at++]);
    if (high < 0 || low < 0) return {};
    bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return bytes;
}

void set_version(event_id::bytes_type& bytes, unsigned version) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
}

void put(std::uint8_t* to, std::uint64_t number, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::uint8_t>(number >> (8 * (size - 1 - i)));
}

std::uint64_t get(const std::uint8_t* from) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | from[i];
  return number;
}

std::mt19937_64 seeded_generator() {
  std::random_device source;
  std::seed_seq seed{source(), source(), source(), source(), source(), source(), source(), source()};
  return std::mt19937_64{seed};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, number);
  if (problem != std::errc{} || rest != end) return {};
  return number;
}

error no_number(std::string_view what, std::string_view text) {
  return {errc::invalid_argument, detail::in_quotes(text) + " is no " + std::string{what} +
                                    ": it takes decimal digits, at most 18446744073709551615"};
}

} // namespace

std::optional<error> detail::problem_of_name(std::string_view what, std::string_view text, std::size_t most) {
  const auto refused = [&](const std::string& why) {
    return error{errc::invalid_argument, std::string{what} + ' ' + why};
  };
  if (text.empty()) return refused("is empty: give it a name");
  if (text.size() > most)
    return refused("has 1 to " + std::to_string(most) + " bytes, this one has " + std::to_string(text.size()) +
                   ": shorten it");
  if (const auto at = text.find('\0'); at != std::string_view::npos)
    return refused("holds NUL at byte " + std::to_string(at) + ": take it out");
  if (const auto at = find_ill_formed_utf8(text); at != std::string_view::npos)
    return refused("is not UTF-8 at byte " + std::to_string(at) + ": convert it first");
  return {};
}

result<event_id> event_id::parse(std::string_view text) {
  if (const auto bytes = parse_uuid(text)) return event_id{*bytes};
  return error{errc::invalid_argument, detail::in_quotes(text) + " is no event id: it takes a UUID, such as "
                                                                 "0192f5e2-7c1b-7d3f-8a55-0123456789ab"};
}

std::string event_id::str() const {
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (hyphen_before(i)) text += '-';
    text += digits[bytes_[i] >> 4];
    text += digits[bytes_[i] & 0x0f];
  }
  return text;
}

event_id make_event_id() {
  thread_local auto random = seeded_generator();
  event_id::bytes_type bytes{};
  put(bytes.data(), static_cast<std::uint64_t>(system_wall_clock().time_since_epoch().count()), 6);
  put(bytes.data() + 6, random(), 2);
  put(bytes.data() + 8, random(), 8);
  set_version(bytes, 7);
  return event_id{bytes};
}

event_id derive_event_id(std::initializer_list<std::string_view> parts) {
  static const boost::uuids::uuid skald_namespace = {
    {0x6b, 0x1d, 0x3c, 0x58, 0x0e, 0x94, 0x4f, 0x27, 0x9a, 0x71, 0xc2, 0x05, 0xd8, 0x46, 0xbe, 0x13}};
  std::string name;
  for (const auto part : parts) {
    std::uint8_t size[8];
    put(size, part.size(), sizeof size);
    name.append(std::begin(size), std::end(size)).append(part);
  }
  const auto uuid = boost::uuids::name_generator_sha1{skald_namespace}(name);
  event_id::bytes_type bytes{};
  std::ranges::copy(uuid, bytes.begin());
  set_version(bytes, 8);
  return event_id{bytes};
}

result<revision> revision::parse(std::string_view text) {
  if (const auto number = parse_number(text)) return revision{*number};
  return no_number("revision", text);
}

result<position> position::parse(std::string_view text) {
  if (const auto number = parse_number(text)) return position{*number};
  return no_number("position", text);
}

} // namespace skald

std::size_t std::hash<skald::event_id>::operator()(const skald::event_id& id) const noexcept {
  const auto* bytes = id.bytes().data();
  return skald::get(bytes) * 0x9e3779b97f4a7c15 ^ skald::get(bytes + 8);
}
