#include "answer.hpp"
#include "perform.hpp"

#include <utility>
#include <variant>

namespace tools {

namespace {

// Each resumes on the executor of who awaits it, and throws what the node does, which outlives them.
// NOLINTBEGIN(cppcoreguidelines-avoid-reference-coroutine-parameters)

skald::task<std::string> perform_one(skald::node& node, skald::append_request request) {
  const auto ids = ids_of(request);
  auto appended = node.append(std::move(request));
  const auto receipt = co_await std::move(appended);
  co_return answer_of(receipt) + ids;
}

skald::task<std::string> perform_one(skald::node& node, std::vector<skald::record> records) {
  auto hydrated = node.hydrate(std::move(records));
  const auto report = co_await std::move(hydrated);
  co_return answer_of(report);
}

template <class Query>
skald::task<std::string> perform_read(skald::node& node, Query query) {
  const auto page = co_await node.read(query);
  co_return answer_of(query, page);
}

skald::task<std::string> perform_one(skald::node& node, skald::streams_query query) {
  return perform_read(node, std::move(query));
}

skald::task<std::string> perform_one(skald::node& node, skald::all_query query) {
  return perform_read(node, std::move(query));
}

skald::task<std::string> perform_one(skald::node& node, skald::record r) {
  const auto status = co_await node.status(std::move(r));
  co_return answer_of(status);
}

skald::task<std::string> perform_one(skald::node& node, std::vector<skald::relation_change> changes) {
  auto related = node.relate(std::move(changes));
  co_await std::move(related);
  co_return "";
}

skald::task<std::string> perform_one(skald::node& node, skald::relation_key key) {
  const auto found = co_await node.related(std::move(key));
  co_return answer_of(found);
}

skald::task<std::string> perform_one(skald::node& node, skald::stream_id stream) {
  const auto keys = co_await node.keys_of(std::move(stream));
  co_return answer_of(keys);
}

skald::task<std::string> perform_one(skald::node& node, skald::snapshot_key key) {
  const auto found = co_await node.load_snapshot(std::move(key));
  co_return answer_of(found);
}

skald::task<std::string> perform_one(skald::node& node, skald::snapshot snapshot) {
  co_await node.save(std::move(snapshot));
  co_return "";
}

skald::task<std::string> perform_one(skald::node& node, stats_request) {
  const auto types = co_await node.types();
  co_return answer_of(types);
}

// NOLINTEND(cppcoreguidelines-avoid-reference-coroutine-parameters)

} // namespace

skald::task<std::string> perform(skald::node& node, operation what) {
  return std::visit([&](auto& request) { return perform_one(node, std::move(request)); }, what);
}

} // namespace tools
