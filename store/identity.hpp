#pragma once

#include <skald/store/ids.hpp>

namespace skald {

/// Tells a store from others, and the epochs of its history from each other.
///
/// Positions of one epoch mean the same records for good. A store that is restored from an earlier day gives the positions
/// after that day to other records. So code that keeps a position outside of the store (a read model in another database,
/// a consumer of an export) keeps the identity beside it. Where the store's identity is another one, it starts anew.
struct store_identity {
  event_id id; ///< made with the tables; copies of the store keep it
  event_id epoch; ///< made with the tables, and anew by `begin_epoch` and when a copy that is marked is opened

  friend bool operator==(const store_identity&, const store_identity&) = default;
};

} // namespace skald
