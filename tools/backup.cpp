#include "commands.hpp"
#include "files.hpp"
#include "progress.hpp"
#include "text.hpp"
#include <skald/store/sqlite_store.hpp>

namespace tools {

int run_backup(const common_options& common, const backup_options& options, console& at) {
  constexpr std::string_view sqlite = "sqlite:";
  if (!common.store.starts_with(sqlite))
    throw skald::failure{skald::errc::invalid_argument,
                         "backup copies stores in SQLite files: of a PostgreSQL store make a backup with pg_dump, or "
                         "bring its events into a file with copy"};
  const signal_stop signals{at.stop};
  const auto made = [&] {
    progress shown{"copied", at, "page"};
    return skald::back_up_sqlite_store(
      common.store.substr(sqlite.size()), options.file, [&](skald::backup_progress now) {
        shown.show(now.done, static_cast<double>(now.done) / static_cast<double>(now.all));
        return !at.stop.stopped();
      });
  }();
  if (!made && made.error().code == skald::errc::stopped) {
    at.err << "skald: interrupted: nothing of the backup is left, and the same command makes it anew\n";
    return at.stop.status();
  }
  const auto& report = made.value();
  const auto& found = report.found;
  if (common.for_people)
    at.out << "'" << options.file << "' has " << grouped(report.bytes) << " bytes"
           << (found ? " and " + counted(found->records, "event") + ": nothing is missing or changed"
                     : ": its pages and indexes are sound; its schema is of an older version, so that its events were "
                       "not looked at")
           << '\n';
  else
    at.out << "{\"bytes\":" << report.bytes << (found ? ",\"events\":" + std::to_string(found->records) : std::string{})
           << "}\n";
  return 0;
}

int run_new_epoch(const common_options& common, console& at) {
  const auto identity = open(common, false)->begin_epoch().value();
  if (common.for_people)
    at.out << "epoch " << identity.epoch.str() << " of store " << identity.id.str()
           << " begins: read models that lie outside of it start anew\n";
  else
    at.out << "{\"id\":\"" << identity.id.str() << "\",\"epoch\":\"" << identity.epoch.str() << "\"}\n";
  return 0;
}

} // namespace tools
