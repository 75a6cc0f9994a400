#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace tools {

/// A file descriptor that is closed at the end.
class descriptor {
public:
  explicit descriptor(int number = -1) noexcept : number_{number} {}
  ~descriptor();
  descriptor(descriptor&& other) noexcept;
  descriptor& operator=(descriptor&& other) noexcept;
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  [[nodiscard]] int get() const noexcept { return number_; }

private:
  int number_;
};

/// Opens a file, made for its owner alone where it is made. Throws `failure` (`open_failed`), with this advice.
[[nodiscard]] descriptor open_file(const std::string& name, int flags,
                                   std::string_view advice = "name a file that is there and may be used");

/// Makes what was closed of standard input, output and error something that cannot be used, so that no file takes its
/// place.
void open_standard_descriptors() noexcept;

/// Lets a thread, or a signal, end what waits for input.
class stop_source {
public:
  stop_source();

  /// Safe to call from a signal handler and from any thread. `why` is the number of the signal.
  void stop(int why) noexcept;
  [[nodiscard]] bool stopped() const noexcept { return why_ != 0; }

  /// The exit status of a program that was stopped, as shells have it.
  [[nodiscard]] int status() const noexcept { return 128 + why_; }

  /// Waits for `patience`, or less where it is stopped, or where nobody reads from `watched` any more; -1 watches
  /// nobody.
  void wait(std::chrono::milliseconds patience, int watched = -1) const;

  /// Waits until there is something to read; false where it is stopped.
  [[nodiscard]] bool wait_for_input(int from) const;

private:
  std::atomic<int> why_{0};
  descriptor readable_; ///< once it is stopped
  descriptor writable_;
};

/// While it lives, the first SIGINT, SIGTERM or SIGHUP stops a source instead of ending the process. One at a time.
class signal_stop {
public:
  explicit signal_stop(stop_source& source);
  ~signal_stop();
  signal_stop(const signal_stop&) = delete;
  signal_stop& operator=(const signal_stop&) = delete;
};

/// Reads lines, in memory that does not grow with what is read. Skips the byte order mark in front of the first one.
class line_reader {
public:
  struct line {
    std::string_view text; ///< without newline; until the next one is read
    std::uint64_t number; ///< 1 for the first
    bool too_long = false; ///< then the text is only its beginning
    bool ended = true; ///< by a newline, and not by the end of the input
  };

  /// `name` is what messages call the input.
  line_reader(int from, std::string name, const stop_source& stop, std::size_t most_bytes = most_line_bytes);

  /// The next line; none at the end and once it is stopped. Throws `failure` (`read_failed`).
  [[nodiscard]] std::optional<line> next();

  /// What messages call the input.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  /// Bytes of the lines so far.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  static constexpr std::size_t most_line_bytes = std::size_t{64} << 20;

private:
  [[nodiscard]] bool fill();
  [[nodiscard]] std::string_view without_mark(std::string_view line) const;

  int from_;
  std::string name_;
  const stop_source& stop_;
  std::size_t most_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0; ///< of what was not given out yet
  std::size_t end_ = 0; ///< of what was read
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
};

/// Whoever read what a program writes has gone, which is no error to tell of.
class output_closed {};

/// Writes all of it. Throws `output_closed`, or `failure` (`insertion_failed`) that says what `name` is and why.
void write_all(int to, std::string_view text, const std::string& name);

/// Whether nobody can ever read what is written there; of -1, which is no descriptor, that is not known.
[[nodiscard]] bool reader_is_gone(int to) noexcept;

/// A stream to a file descriptor, written in pieces of some size and when it is flushed. What cannot be written
/// throws as `write_all` does. What is not flushed at the end is lost.
class descriptor_stream : private std::streambuf, public std::ostream {
public:
  /// `name` is what messages call it.
  descriptor_stream(int to, std::string name);

private:
  using std::streambuf::int_type;
  using std::streambuf::traits_type;
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize count) override;
  int sync() override;

  int to_;
  std::string name_;
  std::string buffer_;
};

} // namespace tools
