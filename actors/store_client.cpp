#include <skald/actors/store_client.hpp>

namespace skald::actors {

namespace {

constexpr std::size_t overhead = 128; // of a record, approximately

/// The approximate size of a request in memory and in the write-ahead log.
std::size_t bytes_of(const append_request& request) {
  std::size_t bytes = overhead + request.answer.size();
  for (const auto& part : request.streams)
    for (const auto& event : part.events) bytes += overhead + event.data.size() + event.meta.size();
  return bytes;
}

std::size_t bytes_of(const std::vector<record>& records) {
  std::size_t bytes = overhead;
  for (const auto& r : records) bytes += overhead + r.data.size() + r.meta.size();
  return bytes;
}

} // namespace

store_client::store_client(store_actor writer, std::vector<reader_actor> readers, gate& append_bytes)
  : writer_{std::move(writer)}, append_bytes_{append_bytes} {
  for (auto& reader : readers) readers_.push_back(std::make_unique<link<reader_actor>>(std::move(reader)));
}

void store_client::append(append_request request, promise<receipt> answer) const {
  auto room = append_bytes_.enter(bytes_of(request));
  if (!room) return answer.deliver(room.error());
  using content = append_work::content;
  writer_.send(
    append_work{std::make_shared<content>(content{std::move(request), std::move(answer), std::move(*room)})});
}

void store_client::save(snapshot s, promise<void> answer) const {
  using content = snapshot_work::content;
  writer_.send(snapshot_work{std::make_shared<content>(content{std::move(s), std::move(answer)})});
}

void store_client::hydrate(std::vector<record> records, promise<hydrate_report> answer) const {
  auto room = append_bytes_.enter(bytes_of(records));
  if (!room) return answer.deliver(room.error());
  using content = hydrate_work::content;
  writer_.send(
    hydrate_work{std::make_shared<content>(content{std::move(records), std::move(answer), std::move(*room)})});
}

void store_client::end() {
  writer_.end();
  for (const auto& reader : readers_) reader->end();
}

} // namespace skald::actors
