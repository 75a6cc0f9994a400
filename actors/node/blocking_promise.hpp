#pragma once

#include <skald/actors/promise.hpp>

#include <future>
#include <memory>
#include <utility>

/// Not for users, and not installed.
namespace skald::actors {

/// A promise, and a future with which a thread can wait for the answer.
template <class T>
std::pair<promise<T>, std::future<result<T>>> blocking_promise() {
  auto place = std::make_shared<std::promise<result<T>>>();
  auto future = place->get_future();
  return {promise<T>{[place](result<T> answer) { place->set_value(std::move(answer)); }}, std::move(future)};
}

} // namespace skald::actors
