#include "weight.hpp"
#include <skald/store/limits.hpp>

#include <variant>

namespace tools {

namespace {

namespace limits = skald::limits;

constexpr std::size_t id_text = 40; // in the answer, with quotes and comma
/// A page ends behind the record that reaches its bytes. Besides data, records have names, whose characters may be
/// escaped.
constexpr std::size_t page = limits::page_bytes + limits::event_bytes + limits::page_records * 8192;

constexpr std::size_t list = std::size_t{16} << 20; // of names, which may be any number

struct weigher {
  template <class T>
  std::size_t operator()(const std::vector<T>& all) const {
    std::size_t sum = 0;
    for (const auto& one : all) sum += (*this)(one);
    return sum;
  }

  std::size_t operator()(const skald::new_event& e) const {
    return sizeof e + e.type.size() + e.data.size() + e.meta.size() + id_text;
  }

  std::size_t operator()(const skald::stream_append& part) const {
    return sizeof part + part.stream.str().size() + (*this)(part.events);
  }

  std::size_t operator()(const skald::relation_change& change) const {
    return sizeof change + change.key().str().size() + change.stream().str().size();
  }

  std::size_t operator()(const skald::append_request& request) const {
    const auto kept = request.command.empty() ? 0 : limits::answer_bytes;
    return (*this)(request.streams) + (*this)(request.relations) + request.answer.size() + kept;
  }

  std::size_t operator()(const skald::record& r) const {
    return sizeof r + r.stream.str().size() + r.type.size() + r.data.size() + r.meta.size();
  }

  std::size_t operator()(const skald::streams_query&) const { return page; }
  std::size_t operator()(const skald::all_query&) const { return page; }
  // The state, and its text.
  std::size_t operator()(const skald::snapshot_key&) const { return 2 * limits::snapshot_bytes; }
  std::size_t operator()(const skald::snapshot& s) const { return s.state.size(); }
  std::size_t operator()(const skald::relation_key&) const { return list; }
  std::size_t operator()(const skald::stream_id&) const { return list; }
  std::size_t operator()(const stats_request&) const { return list; }
};

} // namespace

std::size_t weight_of(const operation& what) { return std::visit(weigher{}, what); }

} // namespace tools
