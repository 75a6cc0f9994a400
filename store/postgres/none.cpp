#include <skald/store/postgres_store.hpp>

namespace skald {

result<std::unique_ptr<event_store>> open_postgres_store(const std::string&, store_options) {
  return error{errc::open_failed, "this skald was built without PostgreSQL: install libpqxx and build it with "
                                  "-DSKALD_POSTGRES=ON"};
}

} // namespace skald
