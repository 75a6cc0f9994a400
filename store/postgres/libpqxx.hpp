#pragma once
#pragma GCC system_header // libpqxx's notes on what it would rather have called are not for us

#include <pqxx/pqxx>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One vocabulary for libpqxx 6.4, 7 and 8: the only place that knows which one it is. Not for users, and not
/// installed.
///
/// Values go to the server and come back as text, so that no version's own types for bytes or arrays are needed.
namespace skald::detail::pq {

#define SKALD_PQXX_VERSION (PQXX_VERSION_MAJOR * 100 + PQXX_VERSION_MINOR)

/// Opens a connection that breaks for good where it is lost. Version 6 would open another one behind our back, which
/// knows nothing of the transaction that was going on.
inline std::unique_ptr<pqxx::connection> connect(const std::string& uri) {
  auto made = std::make_unique<pqxx::connection>(uri);
#if SKALD_PQXX_VERSION < 700
  made->inhibit_reactivation(true);
#endif
  return made;
}

/// Runs a prepared statement outside of libpqxx's transactions. Null pointers among the values mean NULL.
inline pqxx::result run(pqxx::connection& db, const std::string& name, const std::vector<const char*>& values) {
  pqxx::nontransaction outside{db};
#if SKALD_PQXX_VERSION < 710
  return outside.exec_prepared(name, pqxx::prepare::make_dynamic_params(values));
#else
  pqxx::params all;
  all.reserve(values.size());
  for (const auto* value : values)
    if (value)
      all.append(pqxx::zview{value});
    else
      all.append();
  return outside.exec(pqxx::prepped{name}, all);
#endif
}

/// Runs one or more statements without values. The answer is that of the last one.
inline pqxx::result run_text(pqxx::connection& db, const std::string& text) {
  return pqxx::nontransaction{db}.exec(text);
}

/// The values of a result, row by row; one that is NULL has no data. They stay as long as the result does. One walk
/// over it, for each access to a row or a field by its number makes copies of what it belongs to.
inline std::vector<std::string_view> values_of(const pqxx::result& answer) {
  const auto columns = answer.columns();
  std::vector<std::string_view> values;
  values.reserve(static_cast<std::size_t>(answer.size()) * static_cast<std::size_t>(columns));
  for (pqxx::result::size_type i = 0; i < answer.size(); ++i) {
    const auto row = answer[i];
    auto field = row.begin();
    for (auto column = columns; column > 0; --column, ++field)
#if SKALD_PQXX_VERSION < 700
      values.push_back(field->is_null() ? std::string_view{} : std::string_view{field->c_str(), field->size()});
#else
      values.push_back(field->is_null() ? std::string_view{} : field->view());
#endif
  }
  return values;
}

/// The code of an error that the server has answered; empty for others.
inline std::string sqlstate_of(const std::exception& why) {
#if SKALD_PQXX_VERSION < 800 // where those that have a type of their own may come without it
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&why)) return "42501";
  if (dynamic_cast<const pqxx::disk_full*>(&why)) return "53100";
  if (dynamic_cast<const pqxx::out_of_memory*>(&why)) return "53200";
  if (dynamic_cast<const pqxx::too_many_connections*>(&why)) return "53300";
#endif
  const auto* told = dynamic_cast<const pqxx::sql_error*>(&why);
  return told ? std::string{told->sqlstate()} : std::string{};
}

/// Whether it tells of a connection that broke, which need not have heard of that itself.
inline bool says_broken(const std::exception& why) {
  return dynamic_cast<const pqxx::broken_connection*>(&why) != nullptr;
}

/// Calls `heard(payload, backend)` from within `pqxx::connection::get_notifs`. Ends before the connection does.
class listener final : public pqxx::notification_receiver {
public:
  listener(pqxx::connection& db, const std::string& channel, std::function<void(const std::string&, int)> heard)
    : pqxx::notification_receiver{db, channel}, heard_{std::move(heard)} {}
  void operator()(const std::string& payload, int backend) override { heard_(payload, backend); }

private:
  std::function<void(const std::string&, int)> heard_;
};

} // namespace skald::detail::pq
