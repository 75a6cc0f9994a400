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
  contended() {
    began_.close_writer();
    REQUIRE(began_.read());
  }
  ~contended() {
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
#ifdef SKALD_WITH_POSTGRES
#define SKALD_CONTRACT_CONTENDED(name)                                                                                 \
  TEST_CASE_TEMPLATE(name, backend, skald::test::memory, SKALD_PERSISTENT_BACKENDS,                                    \
                     skald::test::contended<skald::test::sqlite>, skald::test::contended<skald::test::postgres>)
#else
#define SKALD_CONTRACT_CONTENDED(name)                                                                                 \
  TEST_CASE_TEMPLATE(name, backend, skald::test::memory, SKALD_PERSISTENT_BACKENDS,                                    \
                     skald::test::contended<skald::test::sqlite>)
#endif
