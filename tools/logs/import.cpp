#include "import.hpp"
#include <skald/store/limits.hpp>

#include <algorithm>
#include <span>
#include <utility>

namespace tools {

namespace {

/// Of a transaction.
constexpr std::size_t most_records = 10'000;
constexpr std::size_t most_bytes = skald::limits::page_bytes;
static_assert(most_records <= skald::limits::request_events &&
              most_bytes + skald::limits::event_bytes <= skald::limits::request_bytes);

} // namespace

bool is_about_the_record(skald::errc code) noexcept {
  return code == skald::errc::invalid_argument || code == skald::errc::invalid_event ||
         code == skald::errc::clock_drift;
}

hydrator::hydrator(skald::event_store& to, std::function<void(std::uint64_t, const std::string&)> refused)
  : to_{to}, refused_{std::move(refused)} {}

hydrator::~hydrator() {
  if (written_.valid()) written_.wait(); // it reads what is destroyed here
}

void hydrator::add(skald::record r, std::uint64_t number) {
  next_.bytes += r.type.size() + r.data.size() + r.meta.size(); // the store has yet to look at the type
  next_.records.push_back(std::move(r));
  next_.numbers.push_back(number);
  if (next_.records.size() >= most_records || next_.bytes >= most_bytes) write();
}

void hydrator::finish() {
  write();
  wait();
}

void hydrator::refuse(std::uint64_t number, const std::string& why) {
  ++report_.refused;
  refused_(number, why);
}

void hydrator::write() {
  wait();
  if (next_.records.empty()) return;
  std::swap(writing_, next_);
  next_.records.clear();
  next_.numbers.clear();
  next_.bytes = 0;
  written_ = std::async(std::launch::async, [this] { return to_.hydrate(writing_.records); });
}

void hydrator::wait() {
  if (written_.valid()) take(written_.get(), 0, writing_.records.size());
}

void hydrator::take(const skald::result<skald::hydrate_report>& done, std::size_t first, std::size_t count) {
  if (done) {
    report_.written += done->written;
    report_.known += done->known - done->different.size();
    for (const auto& d : done->different) refuse(writing_.numbers[first + d.index], d.message);
    return;
  }
  if (!is_about_the_record(done.error().code)) throw skald::failure{done.error()};
  if (count == 1) return refuse(writing_.numbers[first], done.error().message);
  const std::span all{writing_.records};
  const auto half = count / 2;
  take(to_.hydrate(all.subspan(first, half)), first, half);
  take(to_.hydrate(all.subspan(first + half, count - half)), first + half, count - half);
}

skald::record log_reader::next(log_event event) {
  auto& r = event.record;
  if (!r.id.nil() && !event.is_foreign) return std::move(r);
  if (r.id.nil()) r.id = ids_.next(event.time, r.stream, r.type, r.data);
  auto& newest = newest_[r.stream];
  if (r.created.time() >= newest.time) r.created = std::max(r.created, newest.created.next());
  newest = {event.time.time(), r.created};
  return std::move(r);
}

} // namespace tools
