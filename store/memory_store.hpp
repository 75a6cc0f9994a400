#pragma once

#include <skald/store/event_store.hpp>

#include <memory>

namespace skald {

/// Opens a store that lives in memory and ends with the process: for tests and for trying things out.
[[nodiscard]] std::unique_ptr<event_store> open_memory_store(store_options options = {});

} // namespace skald
