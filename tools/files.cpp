#include "files.hpp"
#include <skald/store/result.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tools {

namespace {

constexpr std::size_t piece = std::size_t{256} << 10;

std::string reason(int number = errno) {
  return std::generic_category().message(number) +
         (number == EFBIG ? ": choose another place, or raise the limit for files (ulimit -f)" : "");
}

std::atomic<stop_source*> stopped_by_signals{nullptr};
static_assert(std::atomic<stop_source*>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP};

void on_signal(int number) {
  if (auto* source = stopped_by_signals.load()) source->stop(number);
}

void handle_with(void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = static_cast<int>(SA_RESETHAND); // who asks twice means it
  for (const int number : ending_signals) ::sigaction(number, &action, nullptr);
}

} // namespace

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

descriptor::descriptor(descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}

descriptor& descriptor::operator=(descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

descriptor open_file(const std::string& name, int flags, std::string_view advice) {
  descriptor file{::open(name.c_str(), flags | O_CLOEXEC, 0600)};
  struct stat found{};
  // which can be opened, but not read
  const bool is_folder = file.get() >= 0 && ::fstat(file.get(), &found) == 0 && S_ISDIR(found.st_mode);
  if (is_folder) errno = EISDIR;
  if (file.get() < 0 || is_folder)
    throw skald::failure{skald::errc::open_failed, "opening '" + name + "': " + reason() + ": " + std::string{advice}};
  return file;
}

void open_standard_descriptors() noexcept {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) // an opened one gets the lowest that is free
    if (::fcntl(number, F_GETFD) < 0) (void)::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

stop_source::stop_source() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    throw skald::failure{skald::errc::open_failed, "making a pipe: " + reason() + ": close some files"};
  readable_ = descriptor{ends[0]};
  writable_ = descriptor{ends[1]};
}

void stop_source::stop(int why) noexcept {
  why_ = why;
  const int saved = errno;
  [[maybe_unused]] const auto written = ::write(writable_.get(), ".", 1); // full: it was stopped before
  errno = saved;
}

void stop_source::wait(std::chrono::milliseconds patience, int watched) const {
  std::array<pollfd, 2> both{pollfd{readable_.get(), POLLIN, 0}, pollfd{watched, 0, 0}};
  (void)::poll(both.data(), both.size(), static_cast<int>(patience.count()));
}

bool stop_source::wait_for_input(int from) const {
  std::array<pollfd, 2> both{pollfd{readable_.get(), POLLIN, 0}, pollfd{from, POLLIN, 0}};
  while (!stopped() && ::poll(both.data(), both.size(), -1) < 0 && errno == EINTR) {
  }
  return !stopped();
}

signal_stop::signal_stop(stop_source& source) {
  stopped_by_signals = &source;
  handle_with(on_signal);
}

signal_stop::~signal_stop() {
  handle_with(SIG_DFL);
  stopped_by_signals = nullptr;
}

line_reader::line_reader(int from, std::string name, const stop_source& stop, std::size_t most_bytes)
  : from_{from}, name_{std::move(name)}, stop_{stop}, most_bytes_{most_bytes} {}

std::optional<line_reader::line> line_reader::next() {
  std::size_t searched = 0;
  std::string beginning; // of a line that is too long
  bool too_long = false;
  for (;;) {
    const std::string_view unread{buffer_.data() + begin_, end_ - begin_};
    const auto newline = unread.find('\n', searched);
    const auto length = std::min(newline, unread.size());
    if (length > most_bytes_ && !too_long) {
      too_long = true;
      beginning = unread.substr(0, std::min<std::size_t>(length, 64));
    }
    const bool ended = newline != std::string_view::npos;
    if (ended || (ended_ && (length != 0 || too_long))) {
      begin_ = std::min(begin_ + length + 1, end_);
      bytes_ += length + 1;
      if (!too_long) return line{without_mark(unread.substr(0, length)), ++number_, false, ended};
      buffer_.replace(0, begin_, beginning); // which the answer shows
      end_ = end_ - begin_ + beginning.size();
      begin_ = beginning.size();
      return line{{buffer_.data(), beginning.size()}, ++number_, true, ended};
    }
    if (ended_) return {};
    if (too_long) {
      bytes_ += length;
      end_ = begin_;
    }
    searched = end_ - begin_;
    if (!fill()) return {};
  }
}

std::string_view line_reader::without_mark(std::string_view line) const {
  constexpr std::string_view mark = "\xef\xbb\xbf";
  return number_ == 0 && line.starts_with(mark) ? line.substr(mark.size()) : line;
}

bool line_reader::fill() {
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (buffer_.size() - end_ < piece)
    buffer_.resize(std::max(std::min(buffer_.size() * 2, most_bytes_ + piece), end_ + piece));
  if (!stop_.wait_for_input(from_)) return false;
  const auto count = ::read(from_, buffer_.data() + end_, buffer_.size() - end_);
  if (count == 0) ended_ = true;
  if (count > 0) end_ += static_cast<std::size_t>(count);
  if (count >= 0 || errno == EINTR) return true;
  throw skald::failure{skald::errc::read_failed,
                       "reading " + name_ + ": " + reason() + ": see whether it is there, and is a file"};
}

void write_all(int to, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const auto count = ::write(to, text.data(), text.size());
    if (count >= 0)
      text.remove_prefix(static_cast<std::size_t>(count));
    else if (errno == EPIPE)
      throw output_closed{};
    else if (errno != EINTR)
      throw skald::failure{skald::errc::insertion_failed,
                           "writing " + name + ": " + reason() + ": see that there is room, and somebody to read it"};
  }
}

bool reader_is_gone(int to) noexcept {
  if (to < 0) return false;
  pollfd watched{to, 0, 0};
  return ::poll(&watched, 1, 0) == 1 && (watched.revents & (POLLERR | POLLHUP)) != 0;
}

descriptor_stream::descriptor_stream(int to, std::string name)
  : std::ostream{static_cast<std::streambuf*>(this)}, to_{to}, name_{std::move(name)} {
  exceptions(std::ios::badbit); // so that what is thrown below comes up
}

descriptor_stream::int_type descriptor_stream::overflow(int_type c) {
  if (c != traits_type::eof()) {
    const char byte = traits_type::to_char_type(c);
    xsputn(&byte, 1);
  }
  return traits_type::not_eof(c);
}

std::streamsize descriptor_stream::xsputn(const char* text, std::streamsize count) {
  const std::string_view more{text, static_cast<std::size_t>(count)};
  if (more.size() < piece) {
    buffer_ += more;
    if (buffer_.size() >= piece) sync();
  } else {
    sync();
    write_all(to_, more, name_); // as it is: no copy of a long answer
  }
  return count;
}

int descriptor_stream::sync() {
  write_all(to_, std::exchange(buffer_, {}), name_);
  return 0;
}

} // namespace tools
