#include "manual.hpp"
#include <skald/store/result.hpp>

#include <algorithm>
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

std::vector<std::string> names_of(const std::vector<option_help>& options) {
  std::vector<std::string> names;
  for (const auto& o : options) names.insert(names.end(), o.names.begin(), o.names.end());
  return names;
}

/// How an argument stands behind its command.
std::string usage_of(const option_help& argument) {
  const auto text = argument.names[0] + (argument.repeated ? "..." : "");
  return argument.needed ? text : '[' + text + ']';
}

/// Whether files complete it.
bool takes_file(const option_help& o) { return o.value == "FILE" || o.names[0] == "LOG"; }

/// What it may be, with a space between; empty where it may be anything.
std::string choices_of(const option_help& o) {
  auto choices = o.value.find('|') == std::string::npos ? std::string{} : o.value;
  std::ranges::replace(choices, '|', ' ');
  return choices;
}

/// Behind `values` stands what only the user knows, behind `files` a file.
std::string bash_case(const command_help& c) {
  std::vector<std::string> words;
  std::vector<std::string> values;
  std::vector<std::string> files;
  for (const auto& o : c.options) {
    if (o.value.empty()) continue;
    auto& taking = takes_file(o) ? files : values;
    taking.insert(taking.end(), o.names.begin(), o.names.end());
  }
  for (const auto& a : c.arguments) {
    if (takes_file(a)) files.emplace_back("*");
    if (const auto choices = choices_of(a); !choices.empty()) words.push_back(choices);
  }
  return "      " + c.name + ") words='" + joined(words, " ") + "' options='" + joined(names_of(c.options), " ") +
         "' values=' " + joined(values, " ") + " ' files=' " + joined(files, " ") + " ' ;;\n";
}

std::string bash_script(const program_help& program) {
  const auto function = '_' + program.name;
  std::vector<std::string> names;
  std::string cases;
  for (const auto& c : program.commands) {
    names.push_back(c.name);
    cases += bash_case(c);
  }
  return function +
         "() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= options= values= files=\n"
         "  if ((COMP_CWORD == 1)); then\n"
         "    words='" +
         joined(names, " ") + "' options='" + joined(names_of(program.self.options), " ") +
         "'\n"
         "  else\n"
         "    case ${COMP_WORDS[1]} in\n" +
         cases +
         "    esac\n"
         "  fi\n"
         "  COMPREPLY=()\n"
         "  if [[ $files == *\" $before \"* || ($files == *' * '* && $values != *\" $before \"* && $word != -*) ]]; "
         "then\n"
         "    compopt -o default\n" // files, as readline finds them
         "  elif [[ $values != *\" $before \"* ]]; then\n"
         "    [[ $word != -* ]] || words=$options\n"
         "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  fi\n"
         "}\n"
         "complete -F " +
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

/// What completes a value: files, one of some words, or for what only the user knows a hint.
std::string zsh_action(const option_help& o) {
  if (takes_file(o)) return "_files";
  const auto choices = choices_of(o);
  return choices.empty() ? " " : '(' + choices + ')';
}

std::string zsh_options(const command_help& command) {
  std::string script{"_arguments"};
  for (const auto& o : command.options)
    for (const auto& name : o.names) {
      script +=
        " \\\n        '" + (o.repeated ? "*" : '(' + joined(o.names, " ") + ')') + name + '[' + for_zsh(o.text) + ']';
      if (!o.value.empty()) script += ':' + o.value + ':' + zsh_action(o);
      script += '\'';
    }
  for (const auto& a : command.arguments)
    script += " \\\n        '" + std::string{a.repeated ? "*" : "1"} + ':' + a.names[0] + ':' + zsh_action(a) + '\'';
  return script + '\n';
}

std::string zsh_script(const program_help& program) {
  const auto function = '_' + program.name;
  std::string names;
  std::string cases;
  for (const auto& c : program.commands) {
    names += "      '" + c.name + ':' + for_zsh(c.text) + "'\n";
    cases += "    " + c.name + ")\n      " + zsh_options(c) + "      ;;\n";
  }
  return "#compdef " + program.name + '\n' + function +
         "() {\n"
         "  if (( CURRENT == 2 )) && [[ $words[2] == -* ]]; then\n"
         "    " +
         zsh_options(program.self) +
         "    return\n"
         "  fi\n"
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

void add_fish_options(std::string& script, const std::string& front, const command_help& command) {
  for (const auto& o : command.options) {
    script += front;
    for (const auto& name : o.names) {
      script += name.starts_with("--") ? " -l " : " -s ";
      script += name.substr(name.find_first_not_of('-'));
    }
    if (!o.value.empty()) script += takes_file(o) ? " -r -F" : " -x";
    script += " -d '";
    script += for_fish(o.text) + "'\n";
  }
  for (const auto& a : command.arguments)
    if (const auto choices = choices_of(a); !choices.empty())
      script.append(front).append(" -a '").append(choices).append("'\n");
  if (std::ranges::none_of(command.arguments, takes_file)) script += front + " -f\n"; // no files
}

std::string fish_script(const program_help& program) {
  const auto function = "__" + program.name + "_command_is";
  const auto front = "complete -c " + program.name + " -n '" + function + ' ';
  auto script = "function " + function +
                "\n"
                "  set -l words (commandline -opc)\n"
                "  test \"$words[2]\" = \"$argv[1]\"\n"
                "end\n";
  for (const auto& c : program.commands) {
    script += front + "\"\"' -a " + c.name + " -d '" + for_fish(c.text) + "'\n";
    add_fish_options(script, front + c.name + '\'', c);
  }
  add_fish_options(script, front + "\"\"'", program.self);
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
    for (const auto& a : c.arguments) page += ' ' + roff(usage_of(a));
    page += '\n' + roff(c.text) + '\n';
    add_options(page, c.arguments);
    add_options(page, c.options);
  }
  page += ".SH EXIT STATUS\n";
  add_options(page, program.statuses);
  page += ".SH ENVIRONMENT\n";
  add_options(page, program.variables);
  return page + ".SH NOTES\n" + roff(program.notes) + '\n';
}

std::string completion_script(const program_help& program, const std::string& shell) {
  if (shell == "bash") return bash_script(program);
  if (shell == "zsh") return zsh_script(program);
  if (shell == "fish") return fish_script(program);
  throw skald::failure{skald::errc::invalid_argument,
                       "there is no completion for the shell '" + shell + "': there is for bash, zsh and fish"};
}

} // namespace tools
