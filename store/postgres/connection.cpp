#include <skald/store/postgres/connection.hpp>

#include <skald/store/postgres/libpqxx.hpp>
#include <skald/store/quoted.hpp>

#include <algorithm>
#include <new>

namespace skald::detail::postgres {

namespace {

/// libpq begins with these when it does not come as far as a server. It has no code for that.
bool is_about_the_url(std::string_view message) {
  constexpr std::string_view beginnings[] = {"invalid ",   "missing ",         "extra ",
                                             "forbidden ", "unexpected ",      "end of string ",
                                             "IPv6 host ", "could not match ", "definition of service "};
  return std::ranges::any_of(beginnings, [&](std::string_view b) { return message.starts_with(b); }) ||
         message.find("for connection option") != std::string_view::npos;
}

/// The server ends, starts or was replaced, or it has ended the session.
bool says_lost(std::string_view state) {
  return state.starts_with("08") || state.starts_with("57P") || state == "25006" || state == "25P03";
}

const char* what_to_do(std::string_view state) {
  if (state == "55P03") return "another node was writing all the time: try again, or see who holds the lock";
  if (state == "57014") return "see what the server is busy with, or give the URL a longer deadline=";
  if (state == "42501") return "grant this user what it needs, or open it as another one";
  if (state == "42P01" || state == "3F000") return "its tables are gone: restore them from a backup, or open it again";
  if (state.starts_with("42"))
    return "its tables are not as skald has made them, something else has changed them: restore them from a backup";
  if (state.starts_with("53")) return "make room on the server, or raise its limits";
  if (state.starts_with("58") || state.starts_with("XX")) return "see the server's log, and whether its disk is sound";
  return "please report it";
}

} // namespace

struct connection::session {
  std::unique_ptr<pqxx::connection> db;
  std::unique_ptr<pq::listener> listener; // ends before the connection
};

void rows::corrupt(const std::string& what) const { db_->corrupt(what); }

connection::connection(const postgres_url& to, errc trouble, watchdog& dog)
  : to_{to}, trouble_{trouble}, dog_{dog}, session_{std::make_unique<session>()} {
  try {
    session_->db = pq::connect(to.uri);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& why) {
    if (is_about_the_url(why.what()))
      throw failure{errc::invalid_argument, sentence("its URL is wrong", why.what(),
                                                     "its query takes what libpq does, and schema and deadline")};
    throw lost_connection{trouble_, sentence("connecting to it", why.what(),
                                             "see that the server runs there and lets in connections, and that host, "
                                             "user, password and database are right")};
  }
}

connection::~connection() = default;

/// Runs `work` under the watchdog, and throws its error in our words.
template <class Work>
auto connection::attempt(const char* purpose, Work work) {
  const watchdog::watch watch{dog_, session_->db->sock()};
  try {
    return work();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& why) {
    fail_attempt(purpose, why, watch.cut());
  }
}

void connection::fail_attempt(const char* purpose, const std::exception& why, bool cut) const {
  const auto state = pq::sqlstate_of(why);
  if (cut)
    throw lost_connection{
      trouble_, sentence(purpose, "the server has not answered for " + std::to_string(to_.deadline.count()) + " ms",
                         "see what it is busy with, or give the URL a longer deadline=")};
  if (!session_->db->is_open() || pq::says_broken(why) || says_lost(state))
    throw lost_connection{
      trouble_, sentence(purpose, std::string{"the connection was lost: "} + why.what(), "see that the server runs")};
  throw failure{
    state.starts_with("XX00") ? trouble_with_damage() : trouble_,
    sentence(purpose, on_one_line(why.what()) + (state.empty() ? "" : " (SQLSTATE " + state + ")"), what_to_do(state))};
}

namespace {

rows rows_of(const connection& db, pqxx::result answer) {
  const auto owner = std::make_shared<const pqxx::result>(std::move(answer));
  return {db, static_cast<std::size_t>(owner->columns()), pq::values_of(*owner), owner};
}

} // namespace

rows connection::run_with(const statement& what, const parameters& values) {
  return attempt(what.purpose, [&] { return rows_of(*this, pq::run(*session_->db, name_of(what), values.texts())); });
}

rows connection::run_text(const char* purpose, const std::string& text) {
  return attempt(purpose, [&] { return rows_of(*this, pq::run_text(*session_->db, text)); });
}

void connection::listen(const std::string& channel, std::function<void(const std::string&)> heard) {
  auto& db = *session_->db;
  const auto others = [&db, heard = std::move(heard)](const std::string& payload, int backend) {
    if (backend != db.backendpid()) heard(payload);
  };
  attempt("listening for appends of others",
          [&] { session_->listener = std::make_unique<pq::listener>(db, channel, others); });
}

void connection::take_notifications() {
  attempt("listening for appends of others", [&] { session_->db->get_notifs(); });
}

void connection::fail(const char* purpose, const std::string& reason, const std::string& advice) const {
  throw failure{trouble_, sentence(purpose, reason, advice)};
}

void connection::corrupt(const std::string& what) const {
  throw failure{trouble_with_damage(), sentence("reading what is stored", what, "restore it from a backup")};
}

std::string connection::sentence(const char* purpose, const std::string& reason, const std::string& advice) const {
  const auto told = on_one_line(to_.without_secrets(reason));
  return "store '" + to_.shown + "' (schema '" + to_.schema + "'): " + purpose + ": " + told + ": " + advice;
}

errc connection::trouble_with_damage() const noexcept {
  return trouble_ == errc::open_failed ? trouble_ : errc::corrupt;
}

const std::string& connection::name_of(const statement& what) {
  const auto [known, added] = prepared_.try_emplace(&what, "skald_" + std::to_string(prepared_.size()));
  if (added) session_->db->prepare(known->second, what.text);
  return known->second;
}

} // namespace skald::detail::postgres
