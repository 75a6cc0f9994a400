#include "ack_log.hpp"
#include <skald/store/json.hpp>
#include <skald/store/quoted.hpp>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace tools {

namespace {

/// How each log begins.
constexpr std::string_view beginning = R"({"run":")";

/// Reads the text as the first of `Lines` whose first member it begins with.
template <class... Lines>
skald::result<ack_log_line> parse(std::string_view text, std::variant<Lines...>) {
  skald::result<ack_log_line> parsed{
    skald::error{skald::errc::invalid_argument, "this is no line of an acknowledgement log"}};
  const auto try_as = [&]<class Line>(std::type_identity<Line>) {
    const auto kind = std::string_view{
      boost::mp11::mp_front<boost::describe::describe_members<Line, boost::describe::mod_public>>::name};
    if (!text.starts_with("{\"" + std::string{kind} + "\":")) return false;
    if (auto line = skald::from_json<Line>(text))
      parsed = ack_log_line{std::move(*line)};
    else
      parsed = skald::error{skald::errc::invalid_argument, line.error().message};
    return true;
  };
  (try_as(std::type_identity<Lines>{}) || ...);
  return parsed;
}

} // namespace

std::string text_of(const ack_log_line& line) {
  return std::visit([](const auto& of_its_kind) { return skald::to_json(of_its_kind).value(); }, line);
}

skald::result<ack_log_line> parse_ack_log_line(std::string_view text) { return parse(text, ack_log_line{}); }

skald::event_id hash_of(std::string_view type, std::string_view data, std::string_view meta) {
  return skald::derive_event_id({type, data, meta});
}

ack_log_writer::ack_log_writer(std::string name, const std::string& run, std::uint64_t ns)
  : name_{skald::detail::in_quotes(name)}, file_{open_file(name, O_RDWR | O_CREAT | O_APPEND)} {
  struct stat found{};
  const bool regular = ::fstat(file_.get(), &found) == 0 && S_ISREG(found.st_mode);
  if (regular && ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    throw skald::failure{skald::errc::open_failed,
                         "another process writes to " + name_ + ": give each run at the same time a log of its own"};
  std::string line_end;
  if (regular && found.st_size != 0) {
    std::array<char, beginning.size()> first{};
    const auto count = ::pread(file_.get(), first.data(), first.size(), 0);
    if (count <= 0 || !beginning.starts_with(std::string_view{first.data(), static_cast<std::size_t>(count)}))
      throw skald::failure{skald::errc::invalid_argument,
                           name_ + " is no acknowledgement log, and stays as it is: name another file"};
    char last = 0;
    if (::pread(file_.get(), &last, 1, found.st_size - 1) == 1 && last != '\n') line_end = "\n";
  }
  write_text(line_end + text_of(run_line{run, ack_log_version, ns}) + '\n');
}

void ack_log_writer::write(const ack_log_line& line) { write_text(text_of(line) + '\n'); }

void ack_log_writer::write_text(const std::string& text) {
  if (broken_) throw skald::failure{*broken_};
  try {
    write_all(file_.get(), text, name_);
    return;
  } catch (const skald::failure& why) {
    broken_ = why.error();
  } catch (const output_closed&) {
    broken_ = skald::error{skald::errc::insertion_failed, "writing " + name_ + ": whoever read it has gone"};
  }
  throw skald::failure{*broken_};
}

} // namespace tools
