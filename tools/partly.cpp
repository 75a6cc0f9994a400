#include "partly.hpp"
#include "text.hpp"

#include <utility>

namespace tools {

namespace {

constexpr std::uint64_t most_told = 20; ///< of what is refused

} // namespace

int interrupted(console& at, const std::string& what_is_left) {
  at.err << "skald: interrupted: " + what_is_left + '\n';
  return at.stop.status();
}

void failed(const skald::failure& why, const std::string& what_is_left) {
  auto error = why.error();
  error.message += "; " + what_is_left;
  if (why.code() == skald::errc::corrupt) error.message += " once what is damaged is restored from a backup";
  throw skald::failure{std::move(error)};
}

void refusals::add(const std::string& place, const std::string& why) {
  if (++count_ <= most_told) at_.err << without_passwords(place + ": " + why) + '\n';
}

void refusals::end() const {
  if (count_ > most_told) at_.err << "and so it went with " + grouped(count_ - most_told) + " more\n";
}

} // namespace tools
