#pragma once

#include <skald/store/ids.hpp>

namespace skald {

/// Identifies a store and an epoch of its history.
///
/// In one epoch, a position always means the same record. A store that is restored from an earlier day gives the later
/// positions to other records. So code that keeps a position outside of the store (a read model in another database, a
/// consumer of an export) keeps the identity beside it. When the identity changes, it starts anew.
struct store_identity {
  event_id id; ///< made with the store; copies keep it
  event_id epoch; ///< made with the store, and anew by `begin_epoch` and when a backup is opened

  friend bool operator==(const store_identity&, const store_identity&) = default;
};

} // namespace skald
