#pragma once

#include <skald/store/json.hpp>
#include <skald/store/limits.hpp>
#include <skald/store/record.hpp>
#include <skald/store/relation.hpp>
#include <skald/store/validation.hpp>

#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

namespace skald {

/// A string literal as a template argument.
template <std::size_t N>
struct fixed_string {
  char text[N]{};

  consteval fixed_string(const char (&literal)[N]) { std::copy_n(literal, N, text); }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {text, N - 1}; }
};

/// An event type: a name such as `fine:paid`, the struct of its data, optionally one of its metadata, and the version
/// of both, which is raised when they change.
template <fixed_string Name, class Data, class Meta = void, std::uint32_t SchemaVersion = 1>
struct event {
  static_assert(!Name.view().empty() && Name.view().size() <= limits::event_type_bytes,
                "skald::event: the name of an event type has 1 to 256 bytes");
  static_assert(SchemaVersion > 0, "skald::event: schema versions start at 1");

  static constexpr std::string_view name = Name.view();
  static constexpr std::uint32_t schema_version = SchemaVersion;
  using data_type = Data;
  using meta_type = Meta;
};

namespace detail {

template <class T>
inline constexpr bool is_event = false;
template <fixed_string Name, class Data, class Meta, std::uint32_t SchemaVersion>
inline constexpr bool is_event<event<Name, Data, Meta, SchemaVersion>> = true;

// What is no event is the matter of another assertion; so that there is one message, these two hold then.

template <class... Events>
constexpr bool names_differ() {
  if constexpr ((is_event<Events> && ...)) {
    std::string_view names[] = {Events::name..., {}};
    std::sort(std::begin(names), std::end(names));
    return std::adjacent_find(std::begin(names), std::end(names)) == std::end(names);
  }
  return true;
}

template <class... Events>
constexpr bool data_types_differ() {
  if constexpr ((is_event<Events> && ...)) {
    using types = boost::mp11::mp_list<std::type_identity<typename Events::data_type>...>;
    return std::is_same_v<boost::mp11::mp_unique<types>, types>;
  }
  return true;
}

} // namespace detail

/// The event types of an aggregate or of a part of a program.
template <class... Events>
struct events {
  static_assert((detail::is_event<Events> && ...), "skald::events: every argument is an skald::event<name, struct>");
  static_assert(detail::names_differ<Events...>(), "skald::events: two event types have the same name");
  static_assert(detail::data_types_differ<Events...>(),
                "skald::events: two event types have the same data struct, so that a value does not tell its type; "
                "give each a struct of its own");

  static constexpr std::size_t size = sizeof...(Events);
};

namespace detail {

template <class Events, class Data>
inline constexpr bool holds_data = false;
template <class... Events, class Data>
inline constexpr bool holds_data<events<Events...>, Data> =
  events<Events...>::size != 0 && (std::same_as<typename Events::data_type, Data> || ...);

template <class Events, class Data>
struct event_finder {
  static_assert(holds_data<Events, Data>,
                "skald: this struct is the data of no event type in the list; add skald::event<\"a:name\", the struct> "
                "to skald::events");
  template <class Event>
  using has_data = std::is_same<typename Event::data_type, Data>;
  using index = boost::mp11::mp_find_if<Events, has_data>;
  /// In place of what is not found stands something of its shape, so that one message is enough.
  using type = boost::mp11::mp_at<boost::mp11::mp_push_back<Events, event<"?", Data>>, index>;
};

} // namespace detail

/// A struct that is the data of one of the event types.
template <class Data, class Events>
concept event_data_in = detail::holds_data<Events, Data>;

/// The event type of `Events` that has this data struct.
template <class Events, class Data>
using event_of = typename detail::event_finder<Events, Data>::type;

/// Calls `f.template operator()<Event>()` with each event type, in order.
template <class Events, class F>
constexpr void for_each_event(F f) {
  [&f]<class... E>(events<E...>) { (f.template operator()<E>(), ...); }(Events{});
}

namespace detail {

[[nodiscard]] result<new_event> encoded(std::string_view type, std::uint32_t schema_version, result<std::string> data,
                                        result<std::string> meta);

/// Whether a record has this type and version; a sentence about it where it has not.
[[nodiscard]] result<void> check_type(const record& r, std::string_view type, std::uint32_t schema_version);

/// Says which record, and which part of it, a problem is about.
[[nodiscard]] error unreadable(const record& r, std::string_view part, const error& why);

} // namespace detail

/// Makes an event out of its data: its text, its type and its version. Id and time stay open.
///
/// Errors: `invalid_event` with the path of everything that has no form in JSON; `invalid_argument` beyond
/// `limits::event_bytes`.
template <class Event>
[[nodiscard]] result<new_event> encode(const typename Event::data_type& data) {
  static_assert(std::is_void_v<typename Event::meta_type>,
                "skald::encode: this event type has metadata; pass them behind the data");
  return detail::encoded(Event::name, Event::schema_version, to_json(data), std::string{});
}

/// The same with metadata.
template <class Event, class Meta>
[[nodiscard]] result<new_event> encode(const typename Event::data_type& data, const Meta& meta) {
  static_assert(std::is_same_v<typename Event::meta_type, Meta>,
                "skald::encode: the event type names another struct for its metadata, or none");
  return detail::encoded(Event::name, Event::schema_version, to_json(data), to_json(meta));
}

/// Reads the data of a record. Errors: `invalid_event` where the record has another type or schema version, or data
/// that do not fit; the message names stream, revision, type and all paths.
template <class Event>
[[nodiscard]] result<typename Event::data_type> decode(const record& r) {
  if (auto same = detail::check_type(r, Event::name, Event::schema_version); !same) return same.error();
  auto data = from_json<typename Event::data_type>(r.data);
  if (!data) return detail::unreadable(r, "data", data.error());
  return data;
}

/// Reads the metadata of a record. Errors: as `decode`.
template <class Event>
[[nodiscard]] result<typename Event::meta_type> decode_meta(const record& r) {
  using meta_type = typename Event::meta_type;
  static_assert(!std::is_void_v<meta_type>, "skald::decode_meta: this event type has no metadata");
  if constexpr (!std::is_void_v<meta_type>) {
    if (auto same = detail::check_type(r, Event::name, Event::schema_version); !same) return same.error();
    if (r.meta.empty()) return detail::unreadable(r, "metadata", {errc::invalid_event, "missing"});
    auto meta = from_json<meta_type>(r.meta);
    if (!meta) return detail::unreadable(r, "metadata", meta.error());
    return meta;
  } else {
    return {};
  }
}

/// A function that tells which relations follow from an event: of its data, and of the record as it is being stored.
template <class F, class Data>
concept relation_map_of = std::is_invocable_r_v<std::vector<relation_change>, F&, const Data&, const record&>;

/// A function that says whether an event may be appended.
template <class F, class Data>
concept validator_of = std::is_invocable_r_v<result<void>, F&, const Data&, validation&>;

/// The event types a program knows, by name: what a store checks events against that were not written by `encode`,
/// which relations follow from them, and what else they are held against.
///
/// `add` everything first; from then on const functions may be called from several threads at once.
class catalog {
public:
  /// Adds event types, all or none. One that is known with the same structs and version is skipped.
  ///
  /// Errors: `invalid_argument` where a name is known with another struct or version.
  template <class Events>
  [[nodiscard]] result<void> add() {
    std::vector<std::pair<std::string_view, entry>> added;
    for_each_event<Events>([&]<class Event>() { added.emplace_back(Event::name, entry_of<Event>()); });
    return add(added);
  }

  /// Lets relations follow from events: what `map` answers for an event is changed in the transaction that writes it,
  /// by an append or by `hydrate`, and not again where a request is repeated. Maps of one type are asked in the order
  /// in which they were added.
  ///
  /// `map` runs while others wait to write: it must be quick and must not use the store. Where it throws, or answers
  /// what `event_store::relate` would refuse, the request is refused with `invalid_event`. Errors: those of `type_of`.
  template <class Data, class Map>
  [[nodiscard]] result<void> relations_from(Map map) {
    static_assert(relation_map_of<Map, Data>, "skald: relations follow from an event by a function "
                                              "std::vector<skald::relation_change>(const Data&, const skald::record&)");
    const auto type = type_of<Data>();
    if (!type) return type.error();
    entries_.find(*type)->second.relation_maps.push_back(
      [map = std::move(map)](const record& r) mutable { return map(from_json<Data>(r.data).value(), r); });
    return {};
  }

  /// Has events held against the store before they are appended: where `check` answers an error, that is the answer
  /// to the request, of which nothing is stored. Checks of one type are made in the order in which they were added,
  /// those of a request in the order of its events, and requests to one stream in the order in which they came; a
  /// request that is repeated is not checked again, and hydrated records are not checked.
  ///
  /// `check` is called by whoever appends, in no transaction: it may read, through what it is given, and must not
  /// append. Where it throws, the request is refused with `invalid_event`. Errors: those of `type_of`.
  template <class Data, class Check>
  [[nodiscard]] result<void> validate(Check check) {
    static_assert(validator_of<Check, Data>, "skald: an event is validated by a function "
                                             "skald::result<void>(const Data&, skald::validation&)");
    const auto type = type_of<Data>();
    if (!type) return type.error();
    validates_ = true;
    entries_.find(*type)->second.validators.push_back([check = std::move(check)](validation& of) mutable {
      return check(from_json<Data>(of.event().data).value(), of);
    });
    return {};
  }

  [[nodiscard]] bool validates() const noexcept { return validates_; }
  [[nodiscard]] bool validates(std::string_view type) const;

  /// What the first of the checks of its type says that refuses the event. Errors: its own; `invalid_event`.
  [[nodiscard]] result<void> validate(validation& of) const;

  /// What the maps of its type answer for a record that is about to be stored. Errors: `invalid_event`.
  [[nodiscard]] result<std::vector<relation_change>> relations_of(const record& r) const;

  /// Lets `check` accept events of types that are not in the catalog, with any JSON as their data and metadata.
  void accept_unknown_types() noexcept { accepts_unknown_ = true; }

  [[nodiscard]] bool knows(std::string_view type) const;

  /// Whether the event has a known type, its schema version, and data and metadata that fit its structs, which is not
  /// looked at again where the event is typed.
  ///
  /// Errors: `event_missing`; `invalid_event` with all paths. Cost grows with data and metadata, which are parsed.
  [[nodiscard]] result<void> check(const new_event& event) const;

  /// The names, sorted.
  [[nodiscard]] std::vector<std::string> types() const;

  /// The name of the event type that has this data struct. Errors: `event_missing`; `invalid_argument` where several
  /// have it. Cost grows with the number of types.
  template <class Data>
  [[nodiscard]] result<std::string> type_of() const {
    return type_of(typeid(Data));
  }

  /// The schema version of a type. Precondition: `knows(type)`.
  [[nodiscard]] std::uint32_t version_of(std::string_view type) const;

private:
  /// Throws what the data do not fit, and what the map of the application throws.
  using relation_map = std::function<std::vector<relation_change>(const record&)>;
  using validator = std::function<result<void>(validation&)>;

  struct entry {
    std::uint32_t schema_version;
    std::type_index data;
    std::type_index meta; // void where the type has none
    result<void> (*check_data)(std::string_view);
    result<void> (*check_meta)(std::string_view);
    std::vector<relation_map> relation_maps{};
    std::vector<validator> validators{};
  };

  template <class T>
  static result<void> check_text(std::string_view text) {
    const auto value = from_json<T>(text);
    if (!value) return value.error();
    return {};
  }

  template <class Event>
  static entry entry_of() {
    using data = typename Event::data_type;
    using meta = typename Event::meta_type;
    if constexpr (std::is_void_v<meta>)
      return {Event::schema_version, typeid(data), typeid(void), check_text<data>, nullptr};
    else
      return {Event::schema_version, typeid(data), typeid(meta), check_text<data>, check_text<meta>};
  }

  result<void> add(const std::vector<std::pair<std::string_view, entry>>& added);
  result<std::string> type_of(std::type_index data) const;
  [[nodiscard]] error unknown(std::string_view type) const;

  std::map<std::string, entry, std::less<>> entries_;
  bool validates_ = false; // events of some type
  bool accepts_unknown_ = false;
};

} // namespace skald
