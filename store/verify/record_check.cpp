#include <skald/store/verify/record_check.hpp>

#include <skald/store/checksum.hpp>
#include <skald/store/quoted.hpp>

namespace skald::detail {

const char* problem_of_checksum(const record& r, std::optional<std::uint64_t> kept) {
  if (!kept) return "has no checksum";
  return *kept == checksum_of(r) ? nullptr : "is not what was written: its checksum is of something else";
}

std::string sentence_about(const record& r, std::string_view problem) {
  const auto id = r.id.nil() ? "" : ", id " + r.id.str();
  const auto stream = r.stream.empty() ? "" : ", in stream " + in_quotes(r.stream.str()) + ',';
  return "the event at position " + std::to_string(r.position.value) + id + stream + ' ' + std::string{problem};
}

} // namespace skald::detail
