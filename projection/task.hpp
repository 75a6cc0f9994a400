#pragma once

#include <boost/asio/awaitable.hpp>

namespace skald {

/// The coroutine type of skald, which is Boost.Asio's: a task starts when it is awaited or spawned, runs on the
/// executor it was spawned on, and composes with everything that takes `boost::asio::use_awaitable`.
template <class T>
using task = boost::asio::awaitable<T>;

} // namespace skald
