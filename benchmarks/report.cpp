#include "report.hpp"
#include <skald/store/json.hpp>

#include <cerrno>
#include <cmath>
#include <iomanip>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace bench {

namespace {

constexpr int name_width = 76;
constexpr int interval_width = 22;

std::string decimals(double value) {
  std::ostringstream out;
  out << std::setprecision(2) << std::fixed << value;
  return std::move(out).str();
}

std::string ratio_of(const outcome& o) {
  auto text = decimals(o.ratio);
  if (o.ratio_95) text += " (" + decimals(o.ratio_95->front()) + " to " + decimals(o.ratio_95->back()) + ')';
  return text;
}

std::string text_of(verdict v, const std::string& bar) {
  switch (v) {
    case verdict::reached: return "reaches " + bar;
    case verdict::missed: return "MISSES " + bar;
    case verdict::not_judged: break;
  }
  return bar + " not judged";
}

/// Also whether the pairs leave open on which side of the bar the median is.
std::string verdict_of(const outcome& o) {
  if (!o.verdict) return {};
  const bool open = o.ratio_95 && o.ratio_95->front() < *o.bar && *o.bar <= o.ratio_95->back();
  return text_of(*o.verdict, decimals(*o.bar)) + (open && *o.verdict != verdict::not_judged ? " by the median" : "");
}

std::string row(std::string_view name, std::string_view floor, std::string_view skald, std::string_view ratio,
                std::string_view bar) {
  std::ostringstream out;
  out << std::left << std::setw(name_width) << name << std::right << ' ' << std::setw(12) << floor << ' '
      << std::setw(12) << skald << "  " << std::left << std::setw(interval_width) << ratio << ' ' << bar << '\n';
  return std::move(out).str();
}

std::string whole(double value) { return std::to_string(std::llround(value)); }

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw std::runtime_error{"the report cannot be written to " + path.string() + ": " +
                           std::generic_category().message(errno) + "; name another file with --json"};
}

} // namespace

std::string heading() { return row("workload", "floor/s", "skald/s", "ratio (95 % interval)", "bar"); }

std::string row_of(const outcome& o) {
  return row(o.name, whole(o.floor_per_second), whole(o.skald_per_second), ratio_of(o), verdict_of(o));
}

std::string row_of(const amount_outcome& o) {
  return row(o.name, "", decimals(o.value) + ' ' + o.unit, "", text_of(o.verdict, decimals(o.at_most)));
}

std::string misses_of(const report& r) {
  std::string lines;
  for (const auto& o : r.workloads)
    if (o.verdict == verdict::missed) lines += o.name + ": " + ratio_of(o) + ' ' + verdict_of(o) + '\n';
  for (const auto& o : r.amounts)
    if (o.verdict == verdict::missed)
      lines += o.name + ": " + decimals(o.value) + ' ' + o.unit + ' ' + text_of(o.verdict, decimals(o.at_most)) + '\n';
  return lines;
}

report_file::report_file(std::filesystem::path path) : path_{std::move(path)}, out_{path_} {
  if (!out_) fail(path_);
}

void report_file::write(const report& r) {
  out_ << skald::to_json(r).value() << '\n';
  out_.close();
  if (!out_) fail(path_);
}

} // namespace bench
