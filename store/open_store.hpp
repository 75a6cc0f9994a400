#pragma once

#include <skald/store/event_store.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace skald {

/// Opens a store by its URL: `sqlite:FILE`, `postgresql://...` (see `open_postgres_store`), or `memory:`.
///
/// Errors: `invalid_argument` for a wrong URL or another kind of store, `open_failed`. No message holds a password.
[[nodiscard]] result<std::unique_ptr<event_store>> open_store(std::string_view url, store_options options = {});

/// Returns the URL without its passwords, to show it to people.
[[nodiscard]] std::string without_password(std::string_view url);

/// Whether the events of this store end with the process.
[[nodiscard]] bool is_in_memory(std::string_view url) noexcept;

} // namespace skald
