#include <skald/store/json_text.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>

namespace skald::detail {

namespace {

// A message has at most so many problems and bytes; the other problems are counted.
constexpr std::size_t kept_problems = 100;
constexpr std::size_t kept_problem_bytes = 8192;
constexpr std::size_t longest_plain_name = 64;

bool plain(std::string_view name) {
  return !name.empty() && name.size() <= longest_plain_name && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

void append_path(std::string& out, const json_path& at) {
  if (!at.parent) return;
  append_path(out, *at.parent);
  if (at.index != json_path::npos) {
    out += '[' + std::to_string(at.index) + ']';
  } else if (plain(at.name)) {
    if (at.parent->parent) out += '.';
    out += at.name;
  } else {
    out += '[' + in_quotes(at.name, '"') + ']';
  }
}

} // namespace

void json_problems::add(const json_path& at, std::string_view what) {
  ++count_;
  if (kept_ == kept_problems || text_.size() > kept_problem_bytes) return;
  if (++kept_ != 1) text_ += "; ";
  append_path(text_, at);
  if (at.parent) text_ += ": ";
  text_ += what;
}

error json_problems::to_error() const {
  if (count_ == kept_) return {errc::invalid_event, text_};
  return {errc::invalid_event, text_ + "; and " + std::to_string(count_ - kept_) + " more"};
}

} // namespace skald::detail
