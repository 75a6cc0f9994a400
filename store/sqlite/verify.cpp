#include <skald/store/sqlite/reader.hpp>
#include <skald/store/sqlite/schema.hpp>
#include <skald/store/sqlite_store.hpp>

#include <system_error>

namespace skald {

namespace {

using namespace detail::sqlite;
namespace fs = std::filesystem;

verification verify(const fs::path& file, access how) {
  auto db = open_for_verifying(file, how);
  detail::inspector found;
  const fs::path log{file.string() + "-wal"};
  std::error_code none;
  if (how == access::immutable && fs::exists(log, none) && fs::file_size(log, none) != 0)
    found.note("the log '" + log.string() +
               "' cannot be read where the file is now: events that are only there were not "
               "looked at. Copy both files to a folder that can be written, and verify them there");
  reader{std::move(db), false}.inspect(found);
  return found.take();
}

} // namespace

result<verification> verify_sqlite_store(const fs::path& name) {
  if (name.empty() || name.native().find('\0') != std::string::npos)
    return error{errc::invalid_argument,
                 "verifying a store: the name of its file is empty or holds a NUL: name another"};
  std::optional<error> why;
  std::error_code unknown;
  const auto file = fs::absolute(name, unknown);
  if (unknown)
    return error{errc::open_failed, "store '" + name.string() + "': opening it: " + unknown.message() +
                                      ": start the program in a folder that is there, or name the whole path"};
  for (const auto how : {access::read_write, access::read_only, access::immutable}) {
    try {
      return verify(file, how);
    } catch (const failure& refused) {
      if (refused.code() != errc::open_failed) return refused.error();
      if (!why) why = refused.error();
    }
  }
  return *why;
}

} // namespace skald
