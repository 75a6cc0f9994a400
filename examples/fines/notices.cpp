#include "money.hpp"
#include "notices.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace fines {

namespace asio = boost::asio;

namespace {

/// An open file or folder.
class descriptor {
public:
  descriptor(const std::filesystem::path& path, int flags) : number_{::open(path.c_str(), flags | O_CLOEXEC, 0644)} {}
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  [[nodiscard]] bool is_open() const { return number_ >= 0; }
  [[nodiscard]] bool write(std::string_view text) const {
    while (!text.empty()) {
      const auto written = ::write(number_, text.data(), text.size());
      if (written < 0 && errno != EINTR) return false;
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  [[nodiscard]] bool sync() const { return ::fsync(number_) == 0; }

private:
  int number_;
};

skald::task<void> write_here(std::shared_ptr<notices> out, skald::event_id about, std::string text) {
  out->write(about, text);
  co_return;
}

/// Resumes on the executor of the awaiting coroutine.
skald::task<void> write_there(std::shared_ptr<notices> out, asio::any_io_executor threads, skald::event_id about,
                              std::string text) {
  auto work = write_here(std::move(out), about, std::move(text));
  co_await asio::co_spawn(threads, std::move(work), asio::use_awaitable);
}

std::string day_of(const skald::record& r) { return r.created.str().substr(0, 10); }

} // namespace

notices::notices(std::filesystem::path folder) : folder_{std::move(folder)} {
  std::error_code why;
  std::filesystem::create_directory(folder_, why);
  if (why)
    throw std::runtime_error{"the folder of the notices '" + folder_.string() + "' cannot be made: " + why.message() +
                             "; see that the folder of --data is there and can be written to"};
}

void notices::write(const skald::event_id& about, const std::string& text) {
  const auto file = folder_ / (about.str() + ".txt");
  const auto draft = folder_ / ("." + about.str() + ".draft");
  const auto written = [&] {
    const descriptor out{draft, O_WRONLY | O_CREAT | O_TRUNC};
    return out.is_open() && out.write(text) && out.sync();
  };
  const auto folder_synced = [&] {
    const descriptor folder{folder_, O_RDONLY};
    return folder.is_open() && folder.sync();
  };
  if (!written() || ::rename(draft.c_str(), file.c_str()) != 0 || !folder_synced())
    throw std::runtime_error{"the notice '" + file.string() +
                             "' cannot be written: " + std::generic_category().message(errno)};
  ++written_;
}

skald::task<void> notify(std::shared_ptr<notices> out, asio::any_io_executor threads,
                         skald::record_of<penalty_added> r) {
  auto text = "Penalty for " + r.record().stream.str() + "\n\nThe fine was not paid in time. From " +
              day_of(r.record()) + " on it is " + money(r->amount_cents) + ", and the expenses.\n";
  return write_there(std::move(out), std::move(threads), r.record().id, std::move(text));
}

skald::task<void> notify(std::shared_ptr<notices> out, asio::any_io_executor threads,
                         skald::record_of<sent_to_collection> r) {
  auto text = "Collection of " + r.record().stream.str() + "\n\nOn " + day_of(r.record()) +
              " the fine was handed over to be collected.\n";
  return write_there(std::move(out), std::move(threads), r.record().id, std::move(text));
}

} // namespace fines
