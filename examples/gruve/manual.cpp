#include "manual.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <vector>

#include "gruve/core/version.hpp"
#include "help.hpp"

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option*) { return true; });
}

// "--steps-per-quarter", or nothing of an argument without a name.
std::string long_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? "" : "--" + option.get_lnames().front();
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// ---- Completion.

std::string words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* const command : commands_of(app)) words.push_back(command->get_name());
  for (const CLI::Option* const option : options_of(app))
    if (!long_name(*option).empty()) words.push_back(long_name(*option));
  return joined(words);
}

// zsh reads the same after bashcompinit.
std::string bash_completion(const CLI::App& app) {
  std::string text =
      "# gruve completion bash\n_gruve() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n    COMPREPLY=($(compgen -W \"" +
      words_of(app) +
      "\" -- \"$word\"))\n    return\n  fi\n"
      "  case \"${COMP_WORDS[1]} $before\" in\n";
  for (const CLI::App* const command : commands_of(app))
    for (const CLI::Option* const option : options_of(*command)) {
      const std::vector<std::string> choices = choices_of(*option);
      if (choices.empty() || long_name(*option).empty()) continue;
      text += "    \"" + command->get_name() + " " + long_name(*option) + "\") words=\"" + joined(choices) +
              "\" ;;\n";
    }
  text += "  esac\n  if [ -z \"$words\" ] && [[ $word == -* ]]; then\n    case ${COMP_WORDS[1]} in\n";
  for (const CLI::App* const command : commands_of(app))
    text += "      " + command->get_name() + ") words=\"" + words_of(*command) + "\" ;;\n";
  return text +
         "    esac\n  fi\n"
         "  if [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
         "  else COMPREPLY=($(compgen -f -- \"$word\")); fi\n"
         "}\ncomplete -o filenames -F _gruve gruve\n";
}

std::string fish_completion(const CLI::App& app) {
  const auto quoted = [](const std::string& text) {
    return "'" + replaced(replaced(text, "\\", "\\\\"), "'", "\\'") + "'";
  };
  std::string text = "# gruve completion fish\n";
  for (const CLI::App* const command : commands_of(app)) {
    const std::string name = command->get_name();
    text += "complete -c gruve -n __fish_use_subcommand -f -a " + name + " -d " +
            quoted(command->get_description()) + "\n";
    for (const CLI::Option* const option : options_of(*command)) {
      if (long_name(*option).empty()) continue;
      text += "complete -c gruve -n '__fish_seen_subcommand_from " + name + "' -l " +
              option->get_lnames().front() + " -d " + quoted(option->get_description());
      if (const auto choices = choices_of(*option); !choices.empty())
        text += " -x -a " + quoted(joined(choices));
      else if (!value_of(*option).empty())
        text += " -r";
      text += "\n";
    }
  }
  return text;
}

// ---- The man page. Source: man(7).

std::string roff(const std::string& text) {
  std::string safe = replaced(replaced(text, "\\", "\\e"), "-", "\\-");
  if (!safe.empty() && (safe.front() == '.' || safe.front() == '\'')) safe.insert(0, "\\&");
  return safe;
}

std::string man_option(const CLI::Option& option) {
  const std::string name = option.get_name(long_name(option).empty());
  const std::string value = long_name(option).empty() ? "" : value_of(option);
  return ".TP\n.B " + roff(name) + (value.empty() ? "" : " " + roff(value)) + "\n" +
         roff(description_of(option)) + "\n";
}

std::string man_page(const CLI::App& app) {
  std::string text = ".TH GRUVE 1 \"\" \"gruve " + std::string(gruve::kVersion) +
                     "\" \"User Commands\"\n.SH NAME\ngruve \\- " + roff(app.get_description()) +
                     "\n.SH SYNOPSIS\n.B gruve\n.I COMMAND\n[\\fIARGUMENT\\fR ...]\n.SH OPTIONS\n";
  for (const CLI::Option* const option : options_of(app)) text += man_option(*option);
  text += ".SH COMMANDS\n";
  for (const CLI::App* const command : commands_of(app)) {
    text += ".SS gruve " + roff(command->get_name()) + "\n" + roff(command->get_description()) + "\n";
    for (const CLI::Option* const option : options_of(*command))
      if (option->get_name() != "--help") text += man_option(*option);
    if (command->get_footer().empty()) continue;
    text += ".PP\n.nf\n";
    std::istringstream lines(command->get_footer());
    for (std::string line; std::getline(lines, line);) text += roff(line) + "\n";
    text += ".fi\n";
  }
  text +=
      ".SH ENVIRONMENT\n"
      "Each option that has a name can be given by a variable: GRUVE_THREADS for \\-\\-threads, GRUVE_TOP_K "
      "for "
      "\\-\\-top\\-k. The command line counts first, then the file of \\-\\-config, then the environment.\n"
      ".TP\n.B GRUVE_KERNELS\nThe instruction set: reference, baseline, avx2, avx512 and others.\n"
      ".TP\n.B GRUVE_SOUND_FONT\nThe sound font that FluidSynth plays with.\n"
      ".SH \"EXIT STATUS\"\n" +
      roff(app.get_footer()) + "\n";
  return text;
}

void visit_named(CLI::App& app, const std::function<void(CLI::Option&)>& visit) {
  for (CLI::Option* const option : app.get_options([](CLI::Option*) { return true; }))
    if (!option->get_lnames().empty()) visit(*option);
}

}  // namespace

void group(CLI::App& command, const std::string& title, std::initializer_list<const char*> options) {
  for (const char* const option : options) command.get_option(option)->group(title);
}

void add_examples(CLI::App& command, std::initializer_list<const char*> lines) {
  std::string text = lines.size() == 1 ? "Example:" : "Examples:";
  for (const char* const line : lines) text += "\n  " + std::string(line);
  command.footer(text);
}

void add_manual(CLI::App& app) {
  CLI::App* const man = app.add_subcommand("man", "Print the manual as a man page");
  man->callback([&app] { std::fputs(man_page(app).c_str(), stdout); });
  add_examples(*man, {"gruve man | man -l -"});
  const auto shell = std::make_shared<std::string>();
  CLI::App* const completion = app.add_subcommand("completion", "Print the completion of a shell");
  completion->add_option("SHELL", *shell, "The shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&app, shell] {
    if (*shell == "zsh") std::fputs("autoload -U +X bashcompinit && bashcompinit\n", stdout);
    std::fputs((*shell == "fish" ? fish_completion(app) : bash_completion(app)).c_str(), stdout);
  });
  add_examples(*completion, {"source <(gruve completion bash)"});
}

std::string variable_of(const CLI::Option& option) {
  std::string name = "GRUVE_" + option.get_lnames().front();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

void use_variables(CLI::App& app) {
  const auto set = [](CLI::Option& option) {
    const std::string& name = option.get_lnames().front();
    if (name != "help" && name != "help-all" && name != "version" && name != "recipe")
      option.envname(variable_of(option));
  };
  visit_named(app, set);
  for (CLI::App* const command : app.get_subcommands([](CLI::App*) { return true; }))
    visit_named(*command, set);
}

void hide_variables(CLI::App& app) {
  const auto clear = [](CLI::Option& option) { option.envname(""); };
  visit_named(app, clear);
  for (CLI::App* const command : app.get_subcommands([](CLI::App*) { return true; }))
    visit_named(*command, clear);
}
