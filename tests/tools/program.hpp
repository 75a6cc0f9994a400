#pragma once

#include <tests/child.hpp>
#include <tests/store/contract.hpp>
#include <tools/console.hpp>

#include <filesystem>
#include <string>
#include <vector>

/// The program `skald`, in this process and as one of its own.
namespace skald_program {

using words = std::vector<std::string>;

struct setting {
  std::string in{};
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::ostream* out = nullptr; ///< in place of a text
  int out_descriptor = -1;     ///< behind it
  bool stopped = false;        ///< as if a signal had come
  std::string store_variable{}; ///< SKALD_STORE; empty for none
};

/// Runs a command in this process.
child::ended run(const words& arguments, const setting& around = {});

/// The same, where all has to be done: what it says.
std::string said(const words& arguments, const setting& around = {});

/// A process.
child::process start(const words& arguments, child::process::output out = child::process::output::read);

/// A terminal whose window was closed: writing to it is an error.
[[nodiscard]] tools::descriptor closed_terminal();

[[nodiscard]] std::string text_of(const std::filesystem::path& file);
void write(const std::filesystem::path& file, std::string_view text);
[[nodiscard]] words lines_of(const std::string& text);

/// A store in a file, with three events in two streams.
struct small_store {
  small_store();

  skald::test::sqlite backend;
  std::string url = backend.url();
  std::vector<skald::event_id> ids;
};

} // namespace skald_program
