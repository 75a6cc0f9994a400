#include <doctest/doctest.h>
#include <tests/tools/program.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <sstream>

using namespace skald_program;

namespace {

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// A line up to the cursor, and what shells offer there.
const struct {
  const char* line;
  words offers;
} completions[] = {
  {"skald re", {"read", "relations"}},
  {"skald s", {"snapshots", "stats", "streams"}},
  {"skald --v", {"--version"}},
  {"skald export --", {"--help", "--json", "--output", "--resume", "--store", "--table"}},
  {"skald export --output log --r", {"--resume"}},
  {"skald export --output ", {"log-1"}}, // the file that is there
  {"skald load --ack-log ", {"log-1"}},
  {"skald import ", {"log-1"}},
  {"skald import --store memory: l", {"log-1"}},
  {"skald audit l", {"log-1"}},
  {"skald read ", {}},
  {"skald read --limit ", {}},
  {"skald import --store ", {}},
  {"skald types read --l", {}},
  {"skald pipe --", {"--help", "--store"}},
  {"skald completion ", {"bash", "fish", "zsh"}},
  {"skald completion z", {"zsh"}},
  {"skald nothing --", {}},
};

// Each answers the lines of ../lines with itself behind "== ", and then what is offered.
constexpr auto* in_bash = R"(source ../script
compopt() { COMPREPLY=($(compgen -f -- "$word")); } # what bash does behind the function
while IFS= read -r line; do
  echo "== $line"
  read -ra COMP_WORDS <<<"$line"
  [[ $line != *' ' ]] || COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _skald
  printf '%s\n' "${COMPREPLY[@]}"
done <../lines
)";

constexpr auto* in_fish = R"(source ../script
while read -l line
  echo "== $line"
  complete -C "$line" | string replace -r '\t.*' ''
end <../lines
true
)";

// Completes only on a terminal, which it has of a second one.
constexpr auto* in_zsh = R"(zmodload zsh/zpty
export ZDOTDIR=$PWD/.. TERM=dumb
zpty terminal zsh -d -i
while zpty -r terminal shown; do :; done
zpty -d terminal
cat ../answers
)";
constexpr auto* in_second_zsh = R"(autoload -Uz compinit && compinit -D -u
source ../script
compadd() {
  local -a offered
  if (( ! ${argv[(I)-[OAD]]} )); then # which would add nothing
    builtin compadd -A offered "$@"
    print -rl -- $offered >>../answers
  fi
  builtin compadd "$@"
}
zle -C offer list-choices _main_complete
zle-line-init() {
  local line
  for line in "${(f)$(<../lines)}"; do
    print -r -- "== $line" >>../answers
    BUFFER=$line CURSOR=$#line
    zle offer
  done
  exit
}
zle -N zle-line-init
)";

void check_completions(const std::string& shell, const words& options, const char* script) {
  if (std::system(("command -v " + shell + " >/dev/null").c_str()) != 0) { // NOLINT(concurrency-mt-unsafe)
    MESSAGE("SKIPPED: there is no " << shell << " here, whose completion is tried");
    return;
  }
  const skald::test::temporary_folder folder;
  const auto here = folder.path() / "here";
  std::filesystem::create_directory(here);
  write(here / "log-1", "");
  write(folder.path() / "script", said({"completion", shell}));
  write(folder.path() / "try", script);
  write(folder.path() / ".zshrc", in_second_zsh);
  std::string lines;
  for (const auto& row : completions) lines += std::string{row.line} + '\n';
  write(folder.path() / "lines", lines);

  words arguments{"-C", here.string(), "HOME=" + folder.path().string(), shell};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.emplace_back("../try");
  const auto done = child::process{"/usr/bin/env", arguments}.wait();
  CHECK(done.status == 0);
  CHECK_MESSAGE(done.err.empty(), done.err);
  std::map<std::string, words> offers;
  std::string answered;
  for (const auto& line : lines_of(done.out))
    if (line.starts_with("== "))
      offers[answered = line.substr(3)];
    else if (const auto end = line.find_last_not_of(' '); end != std::string::npos)
      offers[answered].push_back(line.substr(0, end + 1));
  for (const auto& row : completions) {
    CAPTURE(row.line);
    REQUIRE(offers.contains(row.line));
    std::ranges::sort(offers[row.line]);
    CHECK(offers[row.line] == row.offers);
  }
}

/// What stands under a title of the help: at the left, and what it says of that. CLI11 since 2.5 shouts the titles,
/// puts short and long names in columns of their own, and breaks long lines.
std::vector<std::pair<std::string, std::string>> rows_of(const std::string& help, const std::string& title) {
  constexpr std::size_t in_second_column = 20;
  auto shouted = title;
  for (auto& letter : shouted) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  std::vector<std::pair<std::string, std::string>> rows;
  bool inside = false;
  for (const auto& line : lines_of(help)) {
    const auto begin = line.find_first_not_of(' ');
    if (begin == 0 || begin == std::string::npos) inside = line == title || line == shouted;
    if (begin == 0 || begin == std::string::npos || !inside) continue;
    auto text = line.substr(begin, line.find_last_not_of(' ') + 1 - begin);
    if (begin >= in_second_column) {
      REQUIRE_MESSAGE(!rows.empty(), line);
      rows.back().second += ' ' + text;
      continue;
    }
    for (auto comma = text.find(", "); comma < in_second_column; comma = text.find(", ")) text.erase(comma + 1, 1);
    const auto end = text.find("  ");
    REQUIRE_MESSAGE(end != std::string::npos, line);
    rows.emplace_back(text.substr(0, end), text.substr(text.find_first_not_of(' ', end)));
  }
  REQUIRE_MESSAGE(!rows.empty(), title);
  return rows;
}

std::string with(std::string text, std::string_view part, std::string_view instead) {
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + instead.size()))
    text.replace(at, part.size(), instead);
  return text;
}

/// The rows as the manual page has them.
void check_rows(const std::string& section, const std::vector<std::pair<std::string, std::string>>& rows) {
  for (const auto& [left, text] : rows) {
    const auto names = with(left.substr(0, left.find(' ')), ",", ", ");
    const auto value = left.find(' ') == std::string::npos ? "" : left.substr(left.find(' ') + 1);
    auto entry = ".TP\n\\fB" + names + "\\fR";
    if (!value.empty() && value != "...") entry += " \\fI" + value + "\\fR";
    entry += '\n' + text + '\n';
    CHECK_MESSAGE(has(section, with(entry, "-", "\\-")), entry);
  }
}

/// A section of a manual page, or a part of one.
std::string section_of(const std::string& page, const std::string& title) {
  const auto begin = page.find('\n' + title);
  REQUIRE_MESSAGE(begin != std::string::npos, title);
  return page.substr(begin, page.find("\n.S", begin + 1) + 1 - begin);
}

} // namespace

TEST_CASE("bash completes commands, options, files where files are meant, and nothing where only the user knows") {
  check_completions("bash", {}, in_bash);
}

TEST_CASE("fish does so, too") { check_completions("fish", {"--no-config"}, in_fish); }

TEST_CASE("zsh does so, too") { check_completions("zsh", {"-f"}, in_zsh); }

TEST_CASE("zsh and fish get each command and option with what it is for, and other shells are told of these") {
  const auto zsh = said({"completion", "zsh"});
  CHECK(zsh.starts_with("#compdef skald\n"));
  CHECK(has(zsh, "'types:List the event types, with the number of their events'"));
  CHECK(has(zsh, "'(-o --output)--output[Write to a new file, and show the progress]:FILE:_files'"));
  CHECK(has(zsh, "'*--key[Read the streams that are kept under this relation key; may be repeated]:KEY: '"));
  const auto fish = said({"completion", "fish"});
  CHECK(has(fish, "-a types -d 'List the event types, with the number of their events'\n"));
  CHECK(has(fish, "-s o -l output -r -F -d 'Write to a new file, and show the progress'\n"));
  const auto done = run({"completion", "csh"});
  CHECK(done.status == 2);
  CHECK(has(done.err, "there is no completion for the shell 'csh': there is for bash, zsh and fish"));
}

TEST_CASE("the manual page has all that the help has") {
  const auto page = said({"man"});
  const auto help = said({"--help"});
  CHECK(page.starts_with(".TH SKALD 1 "));
  check_rows(section_of(page, ".SH OPTIONS\n"), rows_of(help, "Options:"));
  check_rows(section_of(page, ".SH EXIT STATUS\n"), rows_of(help, "Exit status:"));
  check_rows(section_of(page, ".SH ENVIRONMENT\n"), rows_of(help, "Environment:"));
  for (const auto& [command, text] : rows_of(help, "Subcommands:")) {
    CAPTURE(command);
    const auto section = section_of(page, ".SS skald " + command);
    CHECK(has(section, '\n' + with(text, "-", "\\-") + '\n'));
    const auto its_help = said({command, "--help"});
    check_rows(section, rows_of(its_help, "Options:"));
    if (has(its_help, "Positionals:")) check_rows(section, rows_of(its_help, "Positionals:"));
  }
  for (const auto* part : {"\n.SS skald read [STREAM...]\n", "\n.SS skald import LOG...\n", "\n.SS skald audit LOG\n",
                           "\n.SS skald stats\n", "postgresql://"})
    CHECK_MESSAGE(has(page, part), part);
  for (const auto& line : lines_of(page)) CHECK_FALSE(line.starts_with('\''));
}
