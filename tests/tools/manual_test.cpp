#include <doctest/doctest.h>
#include <tests/tools/program.hpp>

using namespace skald_program;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// What bash would offer, with a space behind each.
std::string offered(const std::string& words, int cursor) {
  const skald::test::temporary_folder folder;
  const auto script = folder.path() / "script";
  write(script, said({"completion", "bash"}) + "COMP_WORDS=(" + words + ") COMP_CWORD=" + std::to_string(cursor) +
                  "\n_skald\necho ${COMPREPLY[*]}\n");
  const auto done = child::process{"/bin/bash", {script.string()}}.wait();
  CHECK_MESSAGE(done.err.empty(), done.err);
  return done.out;
}

} // namespace

TEST_CASE("bash completes commands, and the options of each") {
  CHECK(offered("skald ex", 1) == "export\n");
  CHECK(offered("skald s", 1) == "streams snapshots stats\n");
  CHECK(offered("skald --v", 1) == "--version\n");
  CHECK(offered("skald export --", 2) == "--help --store --json --table --output --resume\n");
  CHECK(offered("skald export --output --r", 3) == "--resume\n");
  CHECK(offered("skald export file", 2) == "\n"); // so that files are offered
  CHECK(offered("skald nothing --", 2) == "\n");
}

TEST_CASE(
  "zsh and fish get each command and option with what it is for, and other shells are told that there is nothing") {
  const auto zsh = said({"completion", "zsh"});
  CHECK(zsh.starts_with("#compdef skald\n"));
  CHECK(has(zsh, "'types:List the event types, with the number of their events'"));
  CHECK(has(zsh, "'*--output[Write to a new file, and show the progress]:FILE:_files'"));
  CHECK(has(zsh, "'*--resume[Go on with the file where an earlier export has stopped]'"));
  const auto fish = said({"completion", "fish"});
  CHECK(has(fish, "complete -c skald -n __fish_use_subcommand -f -a types -d 'List the event types, with the number of "
                  "their events'\n"));
  CHECK(has(fish,
            "complete -c skald -n '__fish_seen_subcommand_from export' -s o -l output -r -d 'Write to a new file, "
            "and show the progress'\n"));
  const auto done = run({"completion", "csh"});
  CHECK(done.status == 1);
  CHECK(has(done.err, "there is no completion for the shell 'csh': there is for bash, zsh and fish"));
}

TEST_CASE("the manual page has all that the help has") {
  const auto page = said({"man"});
  CHECK(page.starts_with(".TH SKALD 1 "));
  for (const auto* part : {".SS skald read STREAM", ".SS skald export", "\\fB\\-o, \\-\\-output\\fR \\fIFILE\\fR",
                           "\\fB\\-\\-resume\\fR\n", "SKALD_STORE"})
    CHECK_MESSAGE(has(page, part), part);
  for (const auto& line : lines_of(page)) CHECK_FALSE(line.starts_with('\''));
}
