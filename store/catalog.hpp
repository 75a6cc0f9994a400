#pragma once

#include <skald/store/event_type.hpp>
#include <skald/store/json.hpp>
#include <skald/store/record.hpp>
#include <skald/store/relation.hpp>
#include <skald/store/validation.hpp>

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

/// A function that returns the changes of relations that follow from an event. It gets the data of the event, and the
/// record as it will be stored.
template <class F, class Data>
concept relation_map_of = std::is_invocable_r_v<std::vector<relation_change>, F&, const Data&, const record&>;

/// A function that decides whether an event may be appended. To refuse the event, it returns an error.
template <class F, class Data>
concept validator_of = std::is_invocable_r_v<result<void>, F&, const Data&, validation&>;

/// The event types of a program, with the relations and the validators of their events. A store that is opened with a
/// catalog (`store_options::catalog`) checks each event before it appends it.
///
/// Precondition: everything is added before a store is opened with the catalog. From then on, its const functions are
/// thread-safe.
class catalog {
public:
  /// Adds event types, all or none. Skips one that is known with the same structs and version.
  ///
  /// Errors: `invalid_argument` if a name is known with another struct or version.
  template <class Events>
  [[nodiscard]] result<void> add() {
    std::vector<std::pair<std::string_view, entry>> added;
    for_each_event<Events>([&]<class Event>() { added.emplace_back(Event::name, entry_of<Event>()); });
    return add(added);
  }

  /// Lets relations follow from events of a type. The store makes the changes that `map` returns for an event in the
  /// transaction that writes it, by `append` or by `hydrate`. A repeated request does not make them again. Maps of one
  /// type run in the order in which they were added.
  ///
  /// Precondition: `map` is quick, since other writes wait for it, and it does not use the store. If `map` throws, or
  /// returns a change that `event_store::relate` would refuse, the request is refused with `invalid_event`.
  ///
  /// Errors: those of `type_of`.
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

  /// Adds a validator: `check` compares an event of a type with the store before it is appended. If `check` returns an
  /// error, the request is refused with it.
  ///
  /// The validators of one type run in the order in which they were added, the events of a request in their order, and
  /// requests to one stream in the order of their arrival. Repeated requests and hydrated records are not checked.
  ///
  /// `check` runs on the thread that appends, outside of a transaction. It may read, through the `validation` that it
  /// gets. If a stream that it read changes before the write, the answer is `wrong_expected_revision`. If `check`
  /// throws, the request is refused with `invalid_event`, or with the code of the `failure`.
  ///
  /// Precondition: `check` does not append. Errors: those of `type_of`.
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

  /// Whether any event type, or this one, has a validator.
  [[nodiscard]] bool validates() const noexcept { return validates_; }
  [[nodiscard]] bool validates(std::string_view type) const;

  /// Runs the validators of an event's type, up to the first one that refuses it. Precondition: the type has
  /// validators. Errors: those of the validator, `invalid_event`.
  [[nodiscard]] result<void> validate(validation& of) const;

  /// Returns the changes of relations that follow from a record. Errors: `invalid_event`.
  [[nodiscard]] result<std::vector<relation_change>> relations_of(const record& r) const;

  /// Makes `check` accept events of unknown types, with any JSON as their data and metadata.
  void accept_unknown_types() noexcept { accepts_unknown_ = true; }

  [[nodiscard]] bool knows(std::string_view type) const;

  /// Checks that an event has a known type and schema version, and that its data and metadata fit the structs. Of a
  /// typed event (`new_event::typed`) it checks only type and version.
  ///
  /// Errors: `event_missing`; `invalid_event`, with the path of each problem. Cost grows with data and metadata.
  [[nodiscard]] result<void> check(const new_event& event) const;

  /// The names of the event types, sorted.
  [[nodiscard]] std::vector<std::string> types() const;

  /// The name of the event type that has this data struct. Errors: `event_missing`; `invalid_argument` if several types
  /// have it. Cost grows with the number of types.
  template <class Data>
  [[nodiscard]] result<std::string> type_of() const {
    return type_of(typeid(Data));
  }

  /// The schema version of a type. Precondition: `knows(type)`.
  [[nodiscard]] std::uint32_t version_of(std::string_view type) const;

private:
  /// Throws if the data do not fit the struct, and what the function of the application throws.
  using relation_map = std::function<std::vector<relation_change>(const record&)>;
  using validator = std::function<result<void>(validation&)>;

  struct entry {
    std::uint32_t schema_version;
    std::type_index data;
    std::type_index meta; // void for none
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
  bool validates_ = false; // some type
  bool accepts_unknown_ = false;
};

} // namespace skald
