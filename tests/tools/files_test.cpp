#include <tools/files.hpp>

#include <doctest/doctest.h>
#include <tests/store/contract.hpp>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <thread>
#include <unistd.h>

using namespace tools;

namespace {

struct pipe_ends {
  pipe_ends() {
    std::array<int, 2> both{};
    REQUIRE(::pipe2(both.data(), O_CLOEXEC) == 0);
    read = descriptor{both[0]};
    write = descriptor{both[1]};
  }
  descriptor read;
  descriptor write;
};

std::vector<std::string> lines_in(std::string_view text, std::size_t most_bytes) {
  pipe_ends ends;
  std::jthread writer{[&] {
    write_all(ends.write.get(), text, "a pipe");
    ends.write = descriptor{};
  }};
  const stop_source stop;
  line_reader reader{ends.read.get(), "a pipe", stop, most_bytes};
  std::vector<std::string> lines;
  while (const auto line = reader.next())
    lines.push_back(std::to_string(line->number) + (line->too_long ? " too long" : "") +
                    (line->ended ? ": " : " of which more may come: ") + std::string{line->text});
  CHECK(reader.bytes() >= text.size());
  return lines;
}

} // namespace

TEST_CASE("lines are read whole, the last one also without its end, and those that are too long only in part") {
  using words = std::vector<std::string>;
  CHECK(lines_in("", 100) == words{});
  CHECK(lines_in("one\n\ntwo", 100) == words{"1: one", "2: ", "3 of which more may come: two"});
  CHECK(lines_in("12345\n123456\n1\n", 5) == words{"1: 12345", "2 too long: 123456", "3: 1"});
  CHECK(lines_in("1\n" + std::string(100, 'x'), 5) ==
        words{"1: 1", "2 too long of which more may come: " + std::string(64, 'x')});
  const std::string large(3 << 20, 'x'); // more than is read at once
  CHECK(lines_in(large + "\n" + large + "\nend\n", 4 << 20) == words{"1: " + large, "2: " + large, "3: end"});
  CHECK(lines_in(large + "\n" + large + "\nend\n", 1 << 20) ==
        words{"1 too long: " + large.substr(0, 64), "2 too long: " + large.substr(0, 64), "3: end"});
}

TEST_CASE("what waits for a line ends when it is stopped") {
  pipe_ends ends;
  stop_source stop;
  line_reader reader{ends.read.get(), "a pipe", stop};
  std::jthread stopper{[&] { stop.stop(SIGTERM); }};
  CHECK_FALSE(reader.next());
  CHECK(stop.status() == 128 + SIGTERM);
}

TEST_CASE("a signal stops a source, and the second one ends the process") {
  stop_source stop;
  const signal_stop signals{stop};
  REQUIRE(::raise(SIGINT) == 0);
  CHECK(stop.stopped());
  CHECK(stop.status() == 128 + SIGINT);
  struct sigaction now{};
  REQUIRE(::sigaction(SIGINT, nullptr, &now) == 0);
  CHECK((now.sa_handler == SIG_DFL));
}

TEST_CASE("what is written where nobody reads is told apart from what cannot be written") {
  std::signal(SIGPIPE, SIG_IGN);
  pipe_ends ends;
  CHECK_FALSE(reader_is_gone(ends.write.get()));
  ends.read = descriptor{};
  CHECK(reader_is_gone(ends.write.get()));
  descriptor_stream gone{ends.write.get(), "a pipe"};
  gone << "text";
  CHECK_THROWS_AS(gone.flush(), output_closed);

  const auto full = open_file("/dev/full", O_WRONLY);
  descriptor_stream out{full.get(), "'/dev/full'"};
  out << 'c' << "text";
  try {
    out.flush();
    FAIL("a full disk took it");
  } catch (const skald::failure& why) {
    CHECK(why.code() == skald::errc::insertion_failed);
    CHECK(std::string{why.what()}.find("writing '/dev/full': No space left on device") != std::string::npos);
  }
}
