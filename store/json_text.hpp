#pragma once

#include <skald/store/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace boost::json {
class value;
}

/// The parts of `json.hpp` that are no templates. They hide the JSON library from its users.
namespace skald::detail {

/// The path to a value inside a JSON text, as a list from the value to the root. Lifetime: a path refers to its parent
/// and to its name.
struct json_path {
  const json_path* parent = nullptr;
  std::string_view name{}; ///< of a member; empty for an element
  std::size_t index = 0;   ///< of an element; `npos` for a member
  std::size_t depth = 0;

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

  [[nodiscard]] json_path member(std::string_view key) const noexcept { return {this, key, npos, depth + 1}; }
  [[nodiscard]] json_path element(std::size_t i) const noexcept { return {this, {}, i, depth + 1}; }
};

/// Collects problems, each with its path, for one message. It keeps the first ones and counts the others.
class json_problems {
public:
  void add(const json_path& at, std::string_view what);

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] error to_error() const;

private:
  std::string text_;
  std::size_t count_ = 0;
  std::size_t kept_ = 0;
};

/// Writes JSON text piece by piece and collects what has no form in JSON.
class json_writer {
public:
  json_writer() { text_.reserve(256); }

  void raw(char c) { text_ += c; }
  void raw(std::string_view text) { text_ += text; }
  void write(std::int64_t number);
  void write(std::uint64_t number);
  void write(double number, const json_path& at);
  void write(float number, const json_path& at);
  void write(std::string_view text, const json_path& at);
  /// Starts an array or an object. Returns false if that is too deep.
  [[nodiscard]] bool open(char bracket, const json_path& at);
  void key(std::string_view name, bool first);
  void no_enumerator(std::int64_t number, const json_path& at);

  [[nodiscard]] result<std::string> finish() &&;

private:
  std::string text_;
  json_problems problems_;
};

/// One value of a parsed JSON text. If the value does not fit, a function notes a problem and leaves its target as it
/// was. Lifetime: a node refers to the parsed text, to the problems and to its parent.
class json_node {
public:
  json_node(const boost::json::value& value, json_problems& problems) : value_{&value}, problems_{&problems} {}

  [[nodiscard]] bool null() const noexcept;
  void read(bool& out) const;
  void read(double& out) const;
  void read(float& out) const;
  void read(std::string& out) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::int64_t least, std::int64_t most) const;
  [[nodiscard]] std::optional<std::uint64_t> natural(std::uint64_t most) const;
  /// The string, if this is one. Valid as long as the parsed text.
  [[nodiscard]] std::optional<std::string_view> string() const;

  /// The number of elements, if this is an array.
  [[nodiscard]] std::optional<std::size_t> elements() const;
  [[nodiscard]] json_node element(std::size_t index) const;

  /// The number of members, if this is an object.
  [[nodiscard]] std::optional<std::size_t> members() const;
  [[nodiscard]] json_node member(std::size_t index) const;
  /// The member of this name, or none. Looks at `index` first, where the order of the description expects it.
  [[nodiscard]] std::optional<json_node> find(std::string_view name, std::size_t index) const;

  [[nodiscard]] std::string_view name() const noexcept { return path_.name; }
  /// The number of problems in the whole text so far.
  [[nodiscard]] std::size_t problem_count() const noexcept { return problems_->count(); }
  void refuse(std::string_view why) const { problems_->add(path_, why); }
  void missing(std::string_view name) const { problems_->add(path_.member(name), "missing"); }
  /// Notes each member that is not one of `known`.
  void refuse_others(std::span<const std::string_view> known) const;
  void expected_one_of(std::span<const std::string_view> names, std::string_view found) const;

private:
  json_node(const boost::json::value& value, const json_path& path, json_problems& problems)
    : value_{&value}, problems_{&problems}, path_{path} {}
  void mismatch(std::string_view expected) const;

  const boost::json::value* value_;
  json_problems* problems_;
  json_path path_;
};

/// Parses `text` and calls `read` with its root and `target`. If the target is a `scalar`, it builds no tree of an
/// array or an object, so that a large one costs no memory.
result<void> read_json(std::string_view text, void* target, void (*read)(const json_node&, void*), bool scalar);

} // namespace skald::detail
