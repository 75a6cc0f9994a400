#include <skald/actors/node.hpp>

#include <skald/actors/directory_actor.hpp>
#include <skald/actors/node/impl.hpp>
#include <skald/actors/node/local_command_door.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <utility>

namespace skald {

node::node(node_options options) : impl_{std::make_unique<impl>(std::move(options))} {}

node::~node() = default;

void node::refuse_while_running() const {
  if (impl_->ran) throw failure{errc::invalid_argument, "the node runs or has run: wire it together before"};
}

catalog& node::types_before_run() {
  refuse_while_running();
  return *impl_->types;
}

std::shared_ptr<detail::command_door> node::open_command_door(aggregate_factory make, snapshot_every every) {
  auto setup = std::make_shared<const actors::aggregate_setup>(
    actors::aggregate_setup{make, impl_->client, std::max<std::size_t>(1, impl_->options.max_live_aggregates), every,
                            [i = impl_.get()](const error& why) { i->mention(why, nullptr); }});
  actors::directory_actor actor = actors::spawn<actors::directory_behavior>(*impl_->system, std::move(setup));
  impl_->directories.push_back(std::make_shared<actors::link<actors::directory_actor>>(std::move(actor)));
  return std::make_shared<actors::local_command_door>(impl_->commands, impl_->directories.back());
}

skald::projector node::projector(std::string name, projector_options options) {
  refuse_while_running();
  if (auto problem = detail::problem_of_name("a projection's name", name, limits::projection_name_bytes))
    throw failure{*problem};
  auto& all = impl_->projections;
  if (std::ranges::any_of(all, [&](const auto& p) { return p->name() == name; }))
    throw failure{errc::invalid_argument,
                  "there is a projection " + detail::in_quotes(name) + " already: choose another name"};
  all.push_back(std::make_shared<actors::local_projection_door>(std::move(name), options, impl_->types));
  return skald::projector{all.back()};
}

int node::run(std::function<task<void>()> main) {
  refuse_while_running();
  return impl_->run(main);
}

boost::asio::any_io_executor node::executor() const { return impl_->context.get_executor(); }

task<receipt> node::append(append_request request) {
  std::vector<stream_id> streams;
  for (const auto& part : request.streams) streams.push_back(part.stream);
  return impl_->accepted<receipt>([i = impl_.get(), request = std::move(request),
                                   streams = std::move(streams)](actors::promise<receipt> answer) mutable {
    i->client->append(std::move(request), i->with_notice(streams, std::move(answer)));
  });
}

task<hydrate_report> node::hydrate(std::vector<record> records) {
  std::vector<stream_id> streams;
  for (const auto& r : records) streams.push_back(r.stream);
  return impl_->accepted<hydrate_report>([i = impl_.get(), records = std::move(records), streams = std::move(streams)](
                                           actors::promise<hydrate_report> answer) mutable {
    i->client->hydrate(std::move(records), i->with_notice(streams, std::move(answer)));
  });
}

task<page> node::read(stream_query query) {
  return impl_->read<page>([query = std::move(query)](const event_store& s) { return s.read(query); });
}

task<page> node::read(all_query query) {
  return impl_->read<page>([query = std::move(query)](const event_store& s) { return s.read(query); });
}

task<page> node::read(streams_query query) {
  return impl_->read<page>([query = std::move(query)](const event_store& s) { return s.read(query); });
}

task<void> node::relate(std::vector<relation_change> changes) {
  return impl_->accepted<void>([i = impl_.get(), changes = std::move(changes)](actors::promise<void> answer) {
    i->client->write<void>([changes](event_store& s) { return s.relate(changes); }, std::move(answer));
  });
}

task<relation> node::related(relation_key key) {
  return impl_->read<relation>([key = std::move(key)](const event_store& s) { return s.related(key); });
}

task<std::vector<relation_key>> node::keys_of(stream_id stream) {
  return impl_->read<std::vector<relation_key>>(
    [stream = std::move(stream)](const event_store& s) { return s.keys_of(stream); });
}

task<std::optional<record>> node::find(event_id id) {
  return impl_->read<std::optional<record>>([id](const event_store& s) { return s.find(id); });
}

task<record_status> node::status(record r) {
  return impl_->read<record_status>([r = std::move(r)](const event_store& s) { return s.status(r); });
}

task<position> node::head() {
  return impl_->read<position>([](const event_store& s) { return s.head(); });
}

task<store_identity> node::identity() {
  return impl_->read<store_identity>([](const event_store& s) { return s.identity(); });
}

task<std::vector<type_summary>> node::types() {
  return impl_->read<std::vector<type_summary>>([](const event_store& s) { return s.types(); });
}

task<std::optional<stored_snapshot>> node::load_snapshot(snapshot_key key) {
  return impl_->read<std::optional<stored_snapshot>>(
    [key = std::move(key)](const event_store& s) { return s.load_snapshot(key); });
}

task<void> node::save(snapshot s) {
  return impl_->accepted<void>([i = impl_.get(), s = std::move(s)](actors::promise<void> answer) mutable {
    i->client->save(std::move(s), std::move(answer));
  });
}

struct node_access {
  static caf::actor_system& system(node& n) { return *n.impl_->system; }
};

caf::actor_system& actors::actor_system_of(node& n) { return node_access::system(n); }

} // namespace skald
