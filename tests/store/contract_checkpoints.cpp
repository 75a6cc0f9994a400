#include <skald/store/limits.hpp>

#include <tests/store/contract.hpp>

#include <string>

using namespace skald;
using namespace skald::test;

namespace {

position p(std::uint64_t number) { return position{number}; }

completion done(std::uint64_t number, std::string handler = "once:fine:paid") {
  return {p(number), std::move(handler)};
}

/// Saves the progress of one projection.
result<void> save(event_store& store, std::string projection, std::uint64_t handled,
                  std::vector<completion> completions = {}) {
  const checkpoint_update update{std::move(projection), p(handled), std::move(completions)};
  return store.save(std::span{&update, 1});
}

/// A store of ten events, with a projection that starts at the head.
struct ten_events : fixture {
  explicit ten_events(const backend_kind& backend) : fixture{backend} {
    must((*this)->append(request("a", no_stream, some_events(1, 10))));
    must((*this)->register_projection("mailer", std::nullopt));
  }
  checkpoint stored(std::string_view projection = "mailer") {
    return must((*this)->register_projection(projection, std::nullopt));
  }
};

} // namespace

SKALD_CONTRACT("a projection begins at nothing handled, fresh from the head or from where it is told") {
  ten_events store{backend};
  CHECK(store.stored("mailer") == checkpoint{p(0), p(10), {}});
  CHECK(must(store->register_projection("rebuilt", p(0))) == checkpoint{p(0), p(0), {}});
  CHECK(must(store->register_projection("later", p(25))) == checkpoint{p(0), p(25), {}});
  fixture empty{backend};
  CHECK(must(empty->register_projection("mailer", std::nullopt)) == checkpoint{});
}

SKALD_CONTRACT("a known projection resumes, whatever it is registered with") {
  ten_events store{backend};
  must(save(*store, "mailer", 4, {done(7)}));
  const checkpoint expected{p(4), p(10), {done(7)}};
  must(store->append(request("a", any, some_events(11, 5))));
  CHECK(must(store->register_projection("mailer", std::nullopt)) == expected);
  CHECK(must(store->register_projection("mailer", p(0))) == expected);
  CHECK(must(store->register_projection("mailer", p(12))) == expected);
}

SKALD_CONTRACT("names of projections are told apart by their bytes") {
  ten_events store{backend};
  std::uint64_t n = 0;
  const std::string names[] = {"Mailer", "mailer ", "m'ailer", "mailer%",
                               std::string(limits::projection_name_bytes, 'm')};
  for (const auto& name : names) {
    must(store->register_projection(name, std::nullopt));
    must(save(*store, name, ++n));
  }
  n = 0;
  for (const auto& name : names) CHECK(store.stored(name).handled == p(++n));
  CHECK(store.stored("mailer").handled == p(0));
}

SKALD_CONTRACT("a checkpoint moves on and never back") {
  ten_events store{backend};
  must(save(*store, "mailer", 6));
  CHECK(store.stored() == checkpoint{p(6), p(10), {}});
  must(save(*store, "mailer", 3, {done(4), done(8)}));
  CHECK(store.stored() == checkpoint{p(6), p(10), {done(8)}});
  must(save(*store, "mailer", 0));
  CHECK(store.stored().handled == p(6));
}

SKALD_CONTRACT("completions are kept in order until the checkpoint passes them") {
  ten_events store{backend};
  must(save(*store, "mailer", 2, {done(7), done(4, "b"), done(4, "a"), done(2), done(1)}));
  CHECK(store.stored().completions == std::vector{done(4, "a"), done(4, "b"), done(7)});
  must(save(*store, "mailer", 2, {done(5), done(7), done(4, "b")}));
  CHECK(store.stored().completions == std::vector{done(4, "a"), done(4, "b"), done(5), done(7)});
  must(save(*store, "mailer", 5, {done(6, "größe"), done(9, " ")}));
  CHECK(store.stored().completions == std::vector{done(6, "größe"), done(7), done(9, " ")});
  must(save(*store, "mailer", 10));
  CHECK(store.stored() == checkpoint{p(10), p(10), {}});
}

SKALD_CONTRACT("several projections are saved together or not at all") {
  ten_events store{backend};
  must(store->register_projection("second", p(0)));
  const std::vector<checkpoint_update> both{{"mailer", p(3), {done(5)}}, {"second", p(4), {done(5), done(6)}}};
  must(store->save(both));
  CHECK(store.stored("mailer") == checkpoint{p(3), p(10), {done(5)}});
  CHECK(store.stored("second") == checkpoint{p(4), p(0), {done(5), done(6)}});
  auto unknown = both;
  unknown[0].handled = p(9);
  unknown.push_back({"third", p(1), {}});
  CHECK(code_of(store->save(unknown)) == errc::invalid_argument);
  CHECK(store.stored("mailer") == checkpoint{p(3), p(10), {done(5)}});
  must(store->save({}));
}

SKALD_CONTRACT("several updates of one projection apply in their order") {
  ten_events store{backend};
  must(store->save(std::vector<checkpoint_update>{{"mailer", p(2), {done(3), done(5)}}, {"mailer", p(4), {done(6)}}}));
  CHECK(store.stored() == checkpoint{p(4), p(10), {done(5), done(6)}});
}

SKALD_CONTRACT("a rewind makes what was handled arrive as hydrated") {
  ten_events store{backend};
  must(store->append(request("a", any, some_events(11, 10))));
  must(save(*store, "mailer", 15, {done(18)}));
  CHECK(must(store->rewind("mailer", p(5))) == checkpoint{p(5), p(15), {done(18)}});
  CHECK(store.stored() == checkpoint{p(5), p(15), {done(18)}});
  SUBCASE("and again") { CHECK(must(store->rewind("mailer", p(0))) == checkpoint{p(0), p(15), {done(18)}}); }
  SUBCASE("from behind fresh_from") {
    must(save(*store, "mailer", 20));
    CHECK(must(store->rewind("mailer", p(17))) == checkpoint{p(17), p(20), {}});
  }
  SUBCASE("not forward") {
    CHECK(must(store->rewind("mailer", p(5))) == checkpoint{p(5), p(15), {done(18)}});
    CHECK(must(store->rewind("mailer", p(6))) == checkpoint{p(5), p(15), {done(18)}});
    CHECK(must(store->rewind("mailer", p(UINT64_MAX))) == checkpoint{p(5), p(15), {done(18)}});
  }
  SUBCASE("and moves on from there") {
    must(save(*store, "mailer", 16));
    CHECK(store.stored() == checkpoint{p(16), p(15), {done(18)}});
  }
}

SKALD_CONTRACT("a projection that is not registered, or has no proper name, is refused") {
  ten_events store{backend};
  CHECK(code_of(save(*store, "unknown", 1)) == errc::invalid_argument);
  CHECK(code_of(store->rewind("unknown", p(1))) == errc::invalid_argument);
  const std::string names[] = {"", std::string(limits::projection_name_bytes + 1, 'm'), std::string{"a\0b", 3}};
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK(code_of(store->register_projection(name, std::nullopt)) == errc::invalid_argument);
    CHECK(code_of(save(*store, name, 1)) == errc::invalid_argument);
    CHECK(code_of(store->rewind(name, p(1))) == errc::invalid_argument);
  }
}

SKALD_CONTRACT("a position that no store can hold is refused") {
  ten_events store{backend};
  const auto beyond = std::uint64_t{1} << 63;
  CHECK(code_of(store->register_projection("second", p(beyond))) == errc::invalid_argument);
  CHECK(code_of(save(*store, "mailer", beyond)) == errc::invalid_argument);
  CHECK(code_of(save(*store, "mailer", 1, {done(beyond)})) == errc::invalid_argument);
  CHECK(store.stored() == checkpoint{p(0), p(10), {}});
}

SKALD_CONTRACT("checkpoints outlive a restart") {
  if (backend.persistent) {
    ten_events store{backend};
    must(save(*store, "mailer", 12, {done(14, "a"), done(14, "b")}));
    must(store->rewind("mailer", p(3)));
    store.reopen();
    CHECK(store.stored() == checkpoint{p(3), p(12), {done(14, "a"), done(14, "b")}});
    must(save(*store, "mailer", 20));
    store.reopen();
    CHECK(store.stored() == checkpoint{p(20), p(12), {}});
  }
}
