#pragma once

#include <skald/store/event_store.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace skald {

/// Opens a store by its URL: `sqlite:FILE`, `postgresql://...` (see `open_postgres_store`), or `memory:`, which ends
/// with the process.
///
/// Errors: `invalid_argument` for another kind of store or a URL that is wrong, `open_failed`. No message holds a
/// password of the URL.
[[nodiscard]] result<std::unique_ptr<event_store>> open_store(std::string_view url, store_options options = {});

/// The URL as it may be shown to people: without the passwords in it.
[[nodiscard]] std::string without_password(std::string_view url);

/// Whether what is kept there ends with the process.
[[nodiscard]] bool is_in_memory(std::string_view url) noexcept;

} // namespace skald
