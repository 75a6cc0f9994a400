#include "../commands.hpp"
#include "../progress.hpp"
#include "../text.hpp"
#include "audit.hpp"

#include <algorithm>
#include <fcntl.h>

namespace tools {

namespace {

constexpr int found_violations = 1;
constexpr int no_verdict = 2;

audit::counts check(const common_options& common, const audit_options& options, console& at) {
  const auto file = open_file(options.log, O_RDONLY);
  const auto store = open(common, false);
  audit checking{[&](const violation& v) { at.out << (common.for_people ? sentence_of(v) : json_of(v)) << '\n'; },
                 options.cut_ns};
  line_reader lines{file.get(), "'" + options.log + "'", at.stop};
  while (const auto line = lines.next()) checking.take(*line);
  const auto head = store->head().value();
  progress shown{"checked", at};
  std::uint64_t events = 0;
  for_each(*store, skald::all_query{}, [&](const skald::record& r) {
    checking.take(r);
    ++events;
    shown.show(events, static_cast<double>(events) / static_cast<double>(std::max(head.value, events)));
  }).value();
  return checking.finish(head);
}

} // namespace

int run_audit(const common_options& common, const audit_options& options, console& at) {
  try {
    const auto found = check(common, options, at);
    const named_numbers numbers{
      {"runs", found.runs},       {"appends", found.appends},   {"acknowledged", found.acknowledged},
      {"refused", found.refused}, {"in_doubt", found.in_doubt}, {"in_doubt_written", found.in_doubt_written},
      {"events", found.events},   {"others", found.others},     {"violations", found.violations}};
    if (common.for_people)
      at.out << table_of("audit", numbers);
    else
      at.out << '{' << members_of(numbers) << "}\n";
    at.out.flush(); // a verdict that nobody can read is none
    return found.violations == 0 ? 0 : found_violations;
  } catch (const skald::failure& why) {
    at.out.clear(); // what could not be written is told once
    at.err << "skald: " + without_passwords(why.what()) + '\n';
    return no_verdict;
  }
}

} // namespace tools
