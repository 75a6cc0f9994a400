#pragma once

#include <skald/store/event_store.hpp>

#include <memory>

namespace skald {

/// Opens a store in memory, for tests and for trying things out. Its events end with the process.
[[nodiscard]] std::unique_ptr<event_store> open_memory_store(store_options options = {});

} // namespace skald
