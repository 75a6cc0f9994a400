#pragma once

#include <skald/projection/delivery.hpp>
#include <skald/projection/task.hpp>
#include <skald/store/event.hpp>
#include <skald/store/json.hpp>
#include <skald/store/record.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace skald {

/// The argument of a handler: a record, with its data as the struct of its event type.
///
/// `r->amount_cents` reads the data; `r.record()` has everything else. Copies share the record.
template <class Data>
class record_of {
public:
  record_of(Data data, std::shared_ptr<const skald::record> record, skald::delivery how)
    : data_{std::move(data)}, record_{std::move(record)}, how_{how} {}

  [[nodiscard]] const Data& data() const noexcept { return data_; }
  [[nodiscard]] const Data* operator->() const noexcept { return &data_; }
  [[nodiscard]] const skald::record& record() const noexcept { return *record_; }
  [[nodiscard]] skald::delivery delivery() const noexcept { return how_; }

private:
  Data data_;
  std::shared_ptr<const skald::record> record_;
  skald::delivery how_;
};

/// A coroutine `task<void>(record_of<Data>)`: a function object or a function.
template <class F, class Data>
concept handler_of =
  std::invocable<F&, record_of<Data>> && std::same_as<std::invoke_result_t<F&, record_of<Data>>, task<void>>;

/// A handler of one event type, with its data type erased. Projections hold these.
struct handler {
  /// Its identity across restarts: `kind:type`, or the name that the user gave.
  std::string id;
  handler_kind kind;
  std::string type;
  std::uint32_t schema_version;
  /// Decodes the record and runs the handler. Throws `failure` if the data does not fit, and what the handler throws.
  std::function<task<void>(std::shared_ptr<const record>, delivery)> run;
};

namespace detail {

template <class Data, class F>
task<void> run_handler(std::shared_ptr<F> f, std::uint32_t schema_version, std::shared_ptr<const record> r,
                       delivery how) {
  check_type(*r, r->type, schema_version).value();
  auto data = from_json<Data>(r->data);
  if (!data) throw failure{unreadable(*r, "data", data.error())};
  record_of<Data> argument{std::move(*data), std::move(r), how};
  co_await (*f)(std::move(argument));
}

} // namespace detail

/// Makes a `handler` from a coroutine. `type` is the name of the event type. An empty `id` becomes `kind:type`.
template <class Data, class F>
[[nodiscard]] handler make_handler(handler_kind kind, std::string type, F f, std::string id = {},
                                   std::uint32_t schema_version = 1) {
  static_assert(handler_of<F, Data>, "a handler is a coroutine: [](skald::record_of<Data>) -> skald::task<void>");
  if (id.empty()) id = std::string{to_string(kind)} + ":" + type;
  auto shared = std::make_shared<F>(std::move(f));
  return {std::move(id), kind, std::move(type), schema_version,
          [shared, schema_version](std::shared_ptr<const record> r, delivery how) {
            return detail::run_handler<Data, F>(shared, schema_version, std::move(r), how);
          }};
}

} // namespace skald
