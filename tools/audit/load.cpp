#include "load.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tools {

skald::append_request load_source::next() {
  const skald::stream_id stream{"load-" + std::to_string(1 + random_() % options_.streams)};
  std::vector<skald::new_event> events;
  for (std::size_t i = 0; i < options_.events_an_append; ++i) {
    events.push_back(skald::encode<load_event>({writer_, ++number_, text()}).value());
    events.back().id = skald::make_event_id();
  }
  return {stream, skald::expected_revision::any(), std::move(events)};
}

std::string load_source::text() {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz-_.:/+";
  constexpr unsigned bits = 5;
  std::string text(options_.payload, ' ');
  std::uint64_t random = 0;
  for (std::size_t i = 0; i < text.size(); ++i, random >>= bits) {
    if (i % (64 / bits) == 0) random = random_();
    text[i] = letters[random % letters.size()];
  }
  return text;
}

// What a value counts as is its highest bits: those up to `steps` themselves, and of larger ones `bits` behind the
// first.

void latencies::add(duration taken) {
  const auto value = static_cast<std::uint64_t>(std::max(taken.count(), duration::rep{0}));
  const auto width = static_cast<std::size_t>(std::bit_width(value));
  const auto shift = width > bits ? width - bits - 1 : 0;
  ++counts_[shift * steps + (value >> shift)];
  ++count_;
  max_ = std::max(max_, taken);
}

latencies::duration latencies::quantile(double part) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(part * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (counts_[i] == 0 || seen < wanted) continue;
    const auto shift = i < 2 * steps ? 0 : i / steps - 1;
    const auto beyond = (i - shift * steps + 1) << shift; // the first value that counts as more
    return std::min(duration{static_cast<duration::rep>(beyond - 1)}, max_);
  }
  return {};
}

} // namespace tools
