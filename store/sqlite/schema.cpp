#include <skald/store/sqlite/schema.hpp>

#include <skald/store/checksum.hpp>
#include <skald/store/database/schema_version.hpp>
#include <skald/store/sqlite/identity_table.hpp>
#include <skald/store/sqlite/migrations.hpp>
#include <skald/store/sqlite/records.hpp>
#include <skald/store/sqlite/writer.hpp>

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace skald::detail::sqlite {

namespace {

constexpr std::int64_t application_id = 0x736b6c64; // "skld"
constexpr std::int64_t first_with_checksums = 3;
constexpr std::int64_t first_with_checked_receipts = 5;
constexpr const char* no_store = "see whether the name is right; it has to be made first";
/// SQLite checks that the parts of a page lie within it, each time that it reads one.
constexpr const char* verify_pages = "PRAGMA cell_size_check = ON";

std::int64_t newest_version() { return static_cast<std::int64_t>(migrations().size()); }

/// The version of the schema in the file, 0 where it is empty. Fails where it is not ours to touch.
std::int64_t identify(const connection& db) {
  constexpr const char* purpose = "identifying it";
  const auto number = [&](const char* text) { return statement{db, purpose, text}.integer(); };
  db.execute(purpose, "SAVEPOINT identifying"); // all of one moment: another process may be creating the tables
  const auto application = number("PRAGMA application_id");
  const auto version = number("PRAGMA user_version");
  const auto tables = number("SELECT count(*) FROM sqlite_schema");
  db.execute(purpose, "RELEASE identifying");
  if (application == application_id) {
    check_version(db, version, newest_version());
    return version;
  }
  if (application != 0 || version != 0 || tables != 0)
    db.fail(purpose, "it is the database of another program", "choose another file");
  return 0;
}

/// Vouches for the records of a file that is older than checksums, but for those that cannot have been written.
void add_checksums(const connection& db) {
  constexpr const char* purpose = "adding checksums";
  record_decoder decode{db, false};
  statement next{db, purpose,
                 "SELECT " SKALD_EVENT_COLUMNS
                 ", s.name FROM skald_events e LEFT JOIN skald_streams s ON s.key = e.stream "
                 "WHERE e.position > ?1 ORDER BY e.position LIMIT 1"};
  statement set{db, purpose, "UPDATE skald_events SET checksum = ?2 WHERE position = ?1"};
  for (std::int64_t last = INT64_MIN;;) {
    auto row = next(last);
    if (!row.next()) return;
    last = row.integer(0);
    record r;
    if (!decode.read_with_stream(row, r)) set.run(last, static_cast<std::int64_t>(checksum_of(r)));
  }
}

/// The same for the receipts of commands.
void add_checksums_to_receipts(const connection& db) {
  constexpr const char* purpose = "adding checksums";
  statement next{db, purpose,
                 "SELECT key, id, " SKALD_RECEIPT_COLUMNS " FROM skald_commands WHERE key > ?1 ORDER BY key LIMIT 1"};
  statement set{db, purpose, "UPDATE skald_commands SET checksum = ?2 WHERE key = ?1"};
  for (std::int64_t last = INT64_MIN;;) {
    auto row = next(last);
    if (!row.next()) return;
    last = row.integer(0);
    const auto command = command_id::parse(std::string{row.text(1)});
    const auto known = unchecked_receipt(row, 2);
    if (command && known.intact)
      set.run(last, static_cast<std::int64_t>(checksum_of(*command, known.given, known.kept)));
  }
}

/// Brings the schema to the newest version, in one transaction.
void migrate(const connection& db) {
  constexpr const char* purpose = "creating the tables";
  db.execute(purpose, "BEGIN IMMEDIATE");
  const auto version = identify(db); // another process may have been faster
  for (auto i = static_cast<std::size_t>(version); i < migrations().size(); ++i) db.execute(purpose, migrations()[i]);
  if (version < first_with_checksums) add_checksums(db);
  if (version < first_with_checked_receipts) add_checksums_to_receipts(db);
  const auto identity = "PRAGMA application_id = " + std::to_string(application_id) +
                        "; PRAGMA user_version = " + std::to_string(newest_version());
  db.execute(purpose, identity.c_str());
  db.execute(purpose, "COMMIT");
}

} // namespace

/// Creates the file if there is none, for this user alone. SQLite would let others read it.
void create_file(const std::filesystem::path& file, bool wanted) {
  if (!wanted && !std::filesystem::exists(file))
    throw failure{errc::open_failed, "store '" + file.string() + "': opening it: there is no such file: " + no_store};
  // An existing file is left alone: to close it would take away the locks that this process holds on it.
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0)
    ::close(descriptor);
  else if (errno != EEXIST)
    throw failure{errc::open_failed, "store '" + file.string() +
                                       "': creating it: " + std::generic_category().message(errno) +
                                       ": see that its folder is there and that this user may write to it"};
}

std::unique_ptr<connection> open_for_writing(const std::filesystem::path& file, const store_options& options) {
  auto db = std::make_unique<connection>(file, errc::open_failed);
  if (db->read_only()) db->fail_read_only("opening it", "it may only be read");
  const auto found = identify(*db);
  if (found == 0 && !options.create) db->fail("opening it", "the file is empty", no_store);
  db->use_write_ahead_log();
  db->execute("setting it up", synchronous(options.durability));
  db->execute("setting it up", "PRAGMA cache_size = -32768");
  if (options.verify_reads) db->execute("setting it up", verify_pages);
  db->take_over_log();
  if (found != newest_version()) migrate(*db);
  identity_table{*db}.complete();
  return db;
}

std::unique_ptr<connection> open_for_reading(const std::filesystem::path& file, bool verified) {
  constexpr const char* purpose = "setting up a reader";
  auto db = std::make_unique<connection>(file, errc::read_failed);
  db->execute(purpose, "PRAGMA query_only = ON; PRAGMA cache_size = -16384");
  if (verified) db->execute(purpose, verify_pages);
  return db;
}

std::unique_ptr<connection> open_for_copying(const std::filesystem::path& file) {
  create_file(file, false);
  auto db = std::make_unique<connection>(file, errc::open_failed);
  db->execute("setting it up", "PRAGMA query_only = ON");
  if (identify(*db) == 0) db->fail("opening it", "the file is empty", no_store);
  return db;
}

std::unique_ptr<connection> open_for_verifying(const std::filesystem::path& file, access how) {
  create_file(file, false);
  auto db = std::make_unique<connection>(file, errc::open_failed, how);
  db->execute("setting it up", "PRAGMA query_only = ON; PRAGMA cache_size = -16384");
  db->execute("setting it up", verify_pages);
  if (const auto version = identify(*db); version != newest_version())
    db->fail("verifying it", "it has version " + std::to_string(version) + " of the schema",
             "open it once with this skald, which brings it to the newest version, and verify it then");
  db->set_trouble(errc::read_failed);
  return db;
}

bool is_newest(const connection& db) { return identify(db) == newest_version(); }

} // namespace skald::detail::sqlite
