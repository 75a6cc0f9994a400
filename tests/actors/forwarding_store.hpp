#pragma once

#include <skald/store/event_store.hpp>

#include <memory>
#include <utility>

/// A store that passes everything on to another one but transactions: tests override what they want to fail, hold up or
/// count.
class forwarding_store : public skald::event_store {
public:
  explicit forwarding_store(std::unique_ptr<skald::event_store> inner) : event_store{{}}, inner_{std::move(inner)} {}

  [[nodiscard]] skald::event_store& inner() const { return *inner_; }

  skald::result<void> transact(const std::function<skald::result<void>(transaction&)>&) override {
    return skald::error{skald::errc::insertion_failed, "nothing is written through this store"};
  }
  skald::result<skald::record_status> status(const skald::record& r) const override { return inner_->status(r); }
  skald::result<skald::page> read(const skald::stream_query& q) const override { return inner_->read(q); }
  skald::result<skald::page> read(const skald::all_query& q) const override { return inner_->read(q); }
  skald::result<skald::page> read(const skald::streams_query& q) const override { return inner_->read(q); }
  skald::result<skald::relation> related(const skald::relation_key& k) const override { return inner_->related(k); }
  skald::result<std::vector<skald::relation_key>> keys_of(const skald::stream_id& s) const override {
    return inner_->keys_of(s);
  }
  skald::result<std::vector<skald::snapshot_key>> snapshots(const skald::snapshot_key& after,
                                                            std::size_t limit) const override {
    return inner_->snapshots(after, limit);
  }
  skald::result<std::optional<skald::stored_snapshot>> load_snapshot(const skald::snapshot_key& key) const override {
    return inner_->load_snapshot(key);
  }
  skald::result<std::optional<skald::record>> find(const skald::event_id& id) const override {
    return inner_->find(id);
  }
  skald::result<skald::revision> revision_of(const skald::stream_id& s) const override {
    return inner_->revision_of(s);
  }
  skald::result<std::vector<skald::stream_summary>> streams(std::string_view after, std::size_t limit) const override {
    return inner_->streams(after, limit);
  }
  skald::result<std::vector<skald::relation_summary>> relations(std::string_view after,
                                                                std::size_t limit) const override {
    return inner_->relations(after, limit);
  }
  skald::result<std::vector<skald::type_summary>> types() const override { return inner_->types(); }
  skald::result<skald::verification> verify() const override { return inner_->verify(); }
  skald::result<skald::position> head() const override { return inner_->head(); }
  skald::result<skald::store_identity> identity() const override { return inner_->identity(); }
  skald::result<skald::store_identity> begin_epoch() override { return inner_->begin_epoch(); }
  skald::result<skald::checkpoint> register_projection(std::string_view projection,
                                                       std::optional<skald::position> fresh_from) override {
    return inner_->register_projection(projection, fresh_from);
  }
  skald::result<void> save(std::span<const skald::checkpoint_update> updates) override { return inner_->save(updates); }
  skald::result<skald::checkpoint> rewind(std::string_view projection, skald::position handled) override {
    return inner_->rewind(projection, handled);
  }

private:
  std::unique_ptr<skald::event_store> inner_;
};
