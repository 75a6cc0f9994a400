#pragma once

#include <boost/asio/awaitable.hpp>

namespace skald {

/// The coroutine type of skald: Boost.Asio's `awaitable`. A task starts when it is awaited or spawned, and runs on the
/// executor it was spawned on. It works with every Asio operation that takes `boost::asio::use_awaitable`.
template <class T>
using task = boost::asio::awaitable<T>;

} // namespace skald
