#include "manual.hpp"
#include <skald/store/result.hpp>

#include <cctype>
#include <string_view>

namespace tools {

namespace {

/// Text of a manual page: what `man` takes for its own is written so that it does not.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string joined(const std::vector<std::string>& names, std::string_view between) {
  std::string all;
  for (const auto& name : names) (all += all.empty() ? "" : between) += name;
  return all;
}

void add_options(std::string& page, const std::vector<option_help>& options) {
  for (const auto& o : options) {
    page += ".TP\n\\fB" + roff(joined(o.names, ", ")) + "\\fR";
    if (!o.value.empty()) page += " \\fI" + roff(o.value) + "\\fR";
    page += '\n' + roff(o.text) + '\n';
  }
}

std::string words_of(const std::vector<option_help>& options) {
  std::vector<std::string> words;
  for (const auto& o : options) words.insert(words.end(), o.names.begin(), o.names.end());
  return joined(words, " ");
}

std::string bash_script(const program_help& program) {
  const auto function = '_' + program.name;
  std::string names;
  std::string cases;
  for (const auto& c : program.commands) {
    names += c.name + ' ';
    cases += "      " + c.name + ") words='" + words_of(c.options) + "' ;;\n";
  }
  return function +
         "() {\n"
         "  local words=\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    words='" +
         names + words_of(program.self.options) +
         "'\n"
         "  else\n"
         "    case ${COMP_WORDS[1]} in\n" +
         cases +
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "}\n"
         "complete -o default -F " +
         function + ' ' + program.name + '\n';
}

/// For single quotes, in which `quote` stands for one, and the characters of `special` are told to be themselves.
std::string escaped(std::string_view text, std::string_view quote, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += quote;
      continue;
    }
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string for_zsh(std::string_view text) { return escaped(text, "'\\''", ":[]\\"); }
std::string for_fish(std::string_view text) { return escaped(text, "\\'", "\\"); }

std::string zsh_options(const std::vector<option_help>& options) {
  std::string script{"_arguments"};
  for (const auto& o : options)
    for (const auto& name : o.names) {
      script += " \\\n        '*" + name + '[' + for_zsh(o.text) + ']';
      if (!o.value.empty()) script += ':' + o.value + ":_files";
      script += '\'';
    }
  return script + " \\\n        '*: :_files'\n"; // what is no option
}

std::string zsh_script(const program_help& program) {
  const auto function = '_' + program.name;
  std::string names;
  std::string cases;
  for (const auto& c : program.commands) {
    names += "      '" + c.name + ':' + for_zsh(c.text) + "'\n";
    cases += "    " + c.name + ")\n      " + zsh_options(c.options) + "      ;;\n";
  }
  return "#compdef " + program.name + '\n' + function +
         "() {\n"
         "  if (( CURRENT == 2 )); then\n"
         "    local -a commands=(\n" +
         names +
         "    )\n"
         "    _describe command commands\n"
         "    return\n"
         "  fi\n"
         "  local command=$words[2]\n"
         "  shift words\n"
         "  (( CURRENT-- ))\n"
         "  case $command in\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [ \"$funcstack[1]\" = " +
         function + " ]; then " + function + " \"$@\"; else compdef " + function + ' ' + program.name + "; fi\n";
}

void add_fish_options(std::string& script, const std::string& front, const std::vector<option_help>& options) {
  for (const auto& o : options) {
    script += front;
    for (const auto& name : o.names) {
      script += name.starts_with("--") ? " -l " : " -s ";
      script += name.substr(name.find_first_not_of('-'));
    }
    if (!o.value.empty()) script += " -r";
    script += " -d '";
    script += for_fish(o.text) + "'\n";
  }
}

std::string fish_script(const program_help& program) {
  const auto front = "complete -c " + program.name + " -n ";
  std::string script;
  for (const auto& c : program.commands) {
    script += front + "__fish_use_subcommand -f -a " + c.name + " -d '" + for_fish(c.text) + "'\n";
    add_fish_options(script, front + "'__fish_seen_subcommand_from " + c.name + '\'', c.options);
  }
  add_fish_options(script, front + "__fish_use_subcommand", program.self.options);
  return script;
}

} // namespace

std::string man_page(const program_help& program) {
  std::string title;
  for (const char c : program.name) title += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  auto page = ".TH " + title + " 1 \"\" \"" + program.name + ' ' + program.version + "\"\n.SH NAME\n" + program.name +
              " \\- " + roff(program.self.text) + "\n.SH SYNOPSIS\n.B " + program.name +
              "\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.SH OPTIONS\n";
  add_options(page, program.self.options);
  page += ".SH COMMANDS\n";
  for (const auto& c : program.commands) {
    page += ".SS " + program.name + ' ' + c.name;
    for (const auto& a : c.arguments) page += ' ' + roff(joined(a.names, " "));
    page += '\n' + roff(c.text) + '\n';
    add_options(page, c.arguments);
    add_options(page, c.options);
  }
  return page + ".SH NOTES\n" + roff(program.footer) + '\n';
}

std::string completion_script(const program_help& program, const std::string& shell) {
  if (shell == "bash") return bash_script(program);
  if (shell == "zsh") return zsh_script(program);
  if (shell == "fish") return fish_script(program);
  throw skald::failure{skald::errc::invalid_argument,
                       "there is no completion for the shell '" + shell + "': there is for bash, zsh and fish"};
}

} // namespace tools
