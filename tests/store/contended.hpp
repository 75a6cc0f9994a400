#pragma once

#include <tests/store/child_process.hpp>
#include <tests/store/contract.hpp>

#include <array>
#include <string>

namespace skald::test {

/// A backend that another process writes to all the time: relations, streams without events, and checkpoints, so that
/// positions and revisions are those of this process alone. That it did so to the end is checked.
template <class Backend>
struct contended : Backend {
  static constexpr bool alone = false;

  contended() {
    began_.close_writer();
    REQUIRE(began_.read());
  }
  ~contended() override {
    CHECK(began_.read()); // a second round
    other_.kill();
    CHECK(other_.wait() == -SIGKILL); // and had not ended by itself
  }
  contended(const contended&) = delete;
  contended& operator=(const contended&) = delete;

private:
  int write_for_ever() {
    began_.close_reader();
    store_options options;
    options.durability = durability::relaxed;
    const auto store = this->open(std::move(options));
    must(store->register_projection("beside", position{}));
    for (std::uint64_t n = 0;; ++n) {
      const auto name = "beside " + std::to_string(n);
      const std::array changes{relation_change::insert(relation_key{name}, stream_id{name}),
                               relation_change::remove_key(relation_key{"beside " + std::to_string(n / 2)})};
      const checkpoint_update update{"beside", position{n}, {{position{n + 1}, name}}};
      if (!store->relate(changes) || !store->save(std::span{&update, 1})) return 1;
      if (n < 2) began_.write(n);
    }
  }

  number_pipe began_;
  child_process other_{[this] { return write_for_ever(); }};
};

} // namespace skald::test

/// A behaviour that every backend shows, also while another process writes to it.
#define SKALD_CONTRACT_CONTENDED(name)                                                                                 \
  SKALD_CONTRACT_ON(SKALD_EVERY_BACKEND_CONTENDED, name, DOCTEST_ANONYMOUS(skald_contract_))

#define SKALD_EVERY_BACKEND_CONTENDED(name, body)                                                                      \
  SKALD_EVERY_BACKEND(name, body)                                                                                      \
  SKALD_ONE_BACKEND(skald::test::contended<skald::test::sqlite>, name, body)                                           \
  SKALD_IF_POSTGRES(SKALD_ONE_BACKEND(skald::test::contended<skald::test::postgres>, name, body))
