#include <skald/actors/gate.hpp>

#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <chrono>
#include <thread>
#include <utility>

using namespace skald;
using actors::gate;
using namespace std::chrono_literals;

TEST_CASE("a gate lets in up to its capacity, and again what has gone") {
  gate g{10, "bytes"};
  auto six = g.enter(6);
  REQUIRE(six);
  const auto refused = g.enter(5);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::overloaded);
  CHECK(refused.error().message.find("6 of at most 10 bytes") != std::string::npos);
  auto four = g.enter(4);
  CHECK(four);
  *six = {};
  CHECK(g.enter(6));
}

TEST_CASE("a gate lets in something larger than itself where nobody else is") {
  gate g{10, "bytes"};
  const auto large = g.enter(100);
  CHECK(large);
  CHECK_FALSE(g.enter(1));
}

TEST_CASE("a closed gate lets nobody in and keeps who is inside") {
  gate g{10, "commands"};
  auto inside = g.enter().value();
  g.close();
  CHECK(g.enter().error().code == errc::stopped);
  CHECK_FALSE(g.wait_until_empty(0ms));
  inside = {};
  CHECK(g.wait_until_empty(0ms));
  g.open();
  CHECK(g.enter());
}

TEST_CASE("waiting for a gate ends when the last one leaves, on another thread") {
  gate g{10, "commands"};
  auto inside = g.enter().value();
  std::thread other{[pass = std::move(inside)]() mutable { pass = {}; }};
  CHECK(g.wait_until_empty(60s));
  other.join();
}

TEST_CASE("a pass that is moved leaves once") {
  gate g{1, "commands"};
  auto first = g.enter().value();
  gate::pass second{std::move(first)};
  CHECK_FALSE(g.enter());
  first = {};
  CHECK_FALSE(g.enter());
  second = {};
  CHECK(g.enter());
}
