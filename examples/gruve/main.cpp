// gruve: trains GRU models on music and generates from them. `gruve --help` lists the commands.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include "commands.hpp"
#include "config_file.hpp"
#include "gruve/core/version.hpp"
#include "gruve/kernels/choice.hpp"
#include "help.hpp"
#include "manual.hpp"
#include "recipe.hpp"
#include "sources.hpp"
#include "terminal.hpp"
#include "usage.hpp"

namespace {

// Memory that is freed after one song is needed for the next. By default glibc would return it to the system
// in between, and each new page costs as much time as about a thousand tokens.
void keep_memory() {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, 16 << 20);
#endif
}

// What was wrong, in one line on stderr.
void say(const std::string& error) {
  std::fprintf(stderr, "gruve: %s\n", gruve::internal::printable(error, 2000).c_str());
}

// The recipe or the configuration file from which the option is that a message of CLI11 is about; empty if it
// is of the command line.
//
// words  the arguments, with the recipe's options
std::string file_of(const std::vector<std::string>& arguments, const std::vector<std::string>& words,
                    const std::string& message) {
  const auto has = [](const std::vector<std::string>& list, const std::string& option) {
    return std::any_of(list.begin(), list.end(), [&](const std::string& word) {
      return word == option || word.starts_with(option + "=");
    });
  };
  const std::size_t at = std::min(message.find("--"), message.size());
  const std::size_t end = message.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", at);
  const std::string option = message.substr(at, end - at);
  if (message.ends_with("is required") || (!option.empty() && has(arguments, option))) return {};
  const auto recipe = std::find(words.begin(), words.end(), "--recipe");
  if (!option.empty() && recipe != words.end() && recipe + 1 != words.end() && has(words, option))
    return recipe[1];
  const bool is_of_file =
      !option.empty() || message.starts_with("INI") || message.ends_with("configuration file");
  return is_of_file && has(arguments, "--config") ? also_read().back() : std::string();
}

// arguments  without the name of the program
int run(const std::vector<std::string>& arguments) {
  keep_memory();
  prepare_terminal();
#if defined(SIGXFSZ)
  std::signal(SIGXFSZ, SIG_IGN);  // a file larger than the process may write: then an error of the write
#endif
  if (std::getenv("GRUVE_KERNELS") != nullptr && !gruve::kernels::use_environment()) {
    std::string names;
    for (const auto& set : gruve::kernels::internal::kNamedSets)
      if (set.runs_here()) names.append(names.empty() ? "" : ", ").append(set.name);
    say("GRUVE_KERNELS names no kernels of this processor, which has " + names);
    return 2;
  }
  CLI::App app("Trains GRU models on music and generates new pieces from them.", "gruve");
  app.require_subcommand(1);
  app.set_version_flag("--version", "gruve " + std::string(gruve::kVersion), "Print the version and exit");
  app.formatter(std::make_shared<HelpFormatter>());
  app.option_defaults()->always_capture_default();
  app.fallthrough();
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_config(
      "--config", "",
      "Options from a file: lines such as \"temperature = 0.8\", under the name of their command, such as "
      "[generate]")
      ->check([&app](const std::string& path) {
        check_config_file(app, path);
        return std::string();
      });
  app.footer(
      "Options can also be given by variables of the environment, such as GRUVE_THREADS for --threads.\n"
      "Exit codes: 0 done, 1 bad input, 2 bad usage, 3 a training that diverged, 128 + N ended by signal N: "
      "130 interrupted, 143 terminated.");
  app.set_help_all_flag("--help-all", "Print the help of all commands and exit");
  add_compose(app);
  add_inspect(app);
  add_prepare(app);
  add_train(app);
  add_tune(app);
  add_generate(app);
  add_evaluate(app);
  add_measure(app);
  add_judge(app);
  add_listen(app);
  add_convert(app);
  add_import(app);
  add_export(app);
  add_bench(app);
  add_manual(app);
  use_variables(app);
  check_numbers(app);
  std::vector<std::string> words;
  try {
    words = with_recipe(app, arguments);
    const std::string config = "--config";
    for (auto at = words.begin(); at != words.end(); ++at)
      if (at->starts_with(config + "="))
        also_read().push_back(at->substr(config.size() + 1));
      else if (*at == config && at + 1 != words.end())
        also_read().push_back(at[1]);
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // as CLI11 takes them
    // What was printed may not have arrived, for a full disk say.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw gruve::Error("cannot write to the standard output");
  } catch (const CLI::ParseError& error) {
    hide_variables(app);
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error);
      std::cout.flush();
      if (std::cout) return 0;
      say("cannot write to the standard output");
      return 1;
    }
    const std::string file = file_of(arguments, words, error.what());
    const std::string what = usage_error(app, arguments, error.what());
    say(file.empty() ? what : file + ": " + what);
    return file.empty() ? 2 : 1;
  } catch (const Interrupted& error) {
    say(error.what());
    return 128 + error.signal;
  } catch (const Usage& error) {
    say(error.what());
    return 2;
  } catch (const Diverged& error) {
    say(error.what());
    return 3;
  } catch (const std::bad_alloc&) {
    say("out of memory");
    return 1;
  } catch (const std::exception& error) {
    say(error.what());
    return 1;
  }
  return 0;
}

}  // namespace

#if defined(_WIN32)
int wmain(int argc, wchar_t** argv) {
  std::vector<std::string> arguments = utf8_arguments(argc, argv);
  arguments.erase(arguments.begin());
  return run(arguments);
}
#else
int main(int argc, char** argv) { return run({argv + 1, argv + argc}); }
#endif
