#include <skald/store/checks/append_checks.hpp>

#include <skald/store/checks/time_checks.hpp>
#include <skald/store/event.hpp>
#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/quoted.hpp>

#include <unordered_set>

namespace skald::detail {

namespace {

result<void> check_stream(const stream_id& stream) {
  if (stream.empty()) return error{errc::invalid_argument, "a stream id is empty: give it a name"};
  if (stream.reserved())
    return error{errc::invalid_argument,
                 "stream " + in_quotes(stream.str()) + ": names that start with '$' are reserved, choose another one"};
  return {};
}

/// Checks the name of the type, and the size of data and metadata.
result<void> check_size(std::string_view type, std::string_view data, std::string_view meta) {
  if (auto problem = problem_of_name("an event type", type, limits::event_type_bytes)) return *problem;
  if (const auto size = data.size() + meta.size(); size > limits::event_bytes)
    return error{errc::invalid_argument, "an event of type " + in_quotes(type) + " has " + std::to_string(size) +
                                           " bytes of data, at most " + std::to_string(limits::event_bytes) +
                                           " are stored: keep large objects elsewhere and name them"};
  return {};
}

/// Checks that data and metadata are JSON.
result<void> check_text(std::string_view type, std::string_view data, std::string_view meta) {
  if (auto valid = check_json(data); !valid)
    return error{errc::invalid_event, "data of " + in_quotes(type) + ": " + valid.error().message};
  if (meta.empty()) return {};
  if (auto valid = check_json(meta); !valid)
    return error{errc::invalid_event, "metadata of " + in_quotes(type) + ": " + valid.error().message};
  return {};
}

result<void> check_event(const new_event& event, const catalog* types) {
  if (auto ok = check_created(event.created); !ok) return ok;
  if (auto ok = check_size(event.type, event.data, event.meta); !ok) return ok;
  if (!event.typed)
    if (auto ok = check_text(event.type, event.data, event.meta); !ok) return ok;
  return types ? types->check(event) : result<void>{};
}

result<void> check_answer(const append_request& request) {
  if (request.answer.empty()) return {};
  if (request.command.empty())
    return error{errc::invalid_argument, "a request has an answer, but no command to keep it under: give a command id"};
  if (request.answer.size() > limits::answer_bytes)
    return error{errc::invalid_argument, "the answer to command " + in_quotes(request.command.str()) + " has " +
                                           std::to_string(request.answer.size()) + " bytes, at most " +
                                           std::to_string(limits::answer_bytes) + " are kept"};
  if (auto valid = check_json(request.answer); !valid)
    return error{errc::invalid_argument,
                 "the answer to command " + in_quotes(request.command.str()) + ": " + valid.error().message};
  return {};
}

} // namespace

result<void> at_most(std::size_t most, std::size_t found, std::string_view what) {
  if (found <= most) return {};
  return error{errc::invalid_argument,
               "one request has more than " + std::to_string(most) + ' ' + std::string{what} + ": make several of it"};
}

result<void> volume::add(std::string_view data, std::string_view meta) {
  bytes_ += data.size() + meta.size();
  if (auto ok = at_most(limits::request_events, ++events_, "events"); !ok) return ok;
  return at_most(limits::request_bytes, bytes_, "bytes of data");
}

result<void> check_relations(std::span<const relation_change> changes) {
  using kind = relation_change::kind;
  if (auto ok = at_most(limits::relation_changes, changes.size(), "changes of relations"); !ok) return ok;
  for (const auto& change : changes) {
    if (change.what() != kind::remove_stream && change.key().empty())
      return error{errc::invalid_argument, "a relation key is empty: give it a name"};
    if (change.what() != kind::remove_key && change.stream().empty())
      return error{errc::invalid_argument, "a change of relations names an empty stream id: name the stream"};
  }
  return {};
}

result<std::vector<relation_change>> relations_of(const record& r, const catalog* types) {
  if (!types) return std::vector<relation_change>{};
  auto changes = types->relations_of(r);
  if (!changes) return changes;
  if (auto ok = check_relations(*changes); !ok)
    return unreadable(r, "relations", {errc::invalid_event, ok.error().message});
  return changes;
}

result<void> check_request(const append_request& request, const catalog* types) {
  if (auto ok = at_most(limits::request_streams, request.streams.size(), "streams"); !ok) return ok;
  std::unordered_set<stream_id> streams;
  std::unordered_set<event_id> ids;
  volume all;
  for (const auto& part : request.streams) {
    if (auto ok = check_stream(part.stream); !ok) return ok;
    if (request.streams.size() > 1 && !streams.insert(part.stream).second)
      return error{errc::invalid_argument, "stream " + in_quotes(part.stream.str()) +
                                             " is named twice in one request: put its events into one part"};
    for (const auto& event : part.events) {
      if (!event.id.nil() && !ids.insert(event.id).second)
        return error{errc::invalid_argument, "event id " + event.id.str() + " stands twice in one request"};
      if (auto ok = all.add(event.data, event.meta); !ok) return ok;
      if (auto ok = check_event(event, types); !ok) return ok;
    }
  }
  if (auto ok = check_answer(request); !ok) return ok;
  return check_relations(request.relations);
}

result<void> check_record(const record& r) {
  if (r.id.nil()) return error{errc::invalid_argument, "a hydrated record has no event id"};
  if (!r.created.given())
    return error{errc::invalid_argument, "hydrated record " + r.id.str() + " does not say when it was created"};
  if (auto ok = check_stream(r.stream); !ok) return ok;
  if (auto ok = check_created(r.created); !ok) return ok;
  if (auto ok = check_size(r.type, r.data, r.meta); !ok) return ok;
  return check_text(r.type, r.data, r.meta);
}

} // namespace skald::detail
