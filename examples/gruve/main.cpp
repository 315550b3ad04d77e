// gruve: trains GRU models on music and generates from them. `gruve --help` lists the commands.
#include <algorithm>
#include <csignal>
#include <cstdio>
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

// arguments  without the name of the program
int run(const std::vector<std::string>& arguments) {
  keep_memory();
  prepare_terminal();
#if defined(SIGXFSZ)
  std::signal(SIGXFSZ, SIG_IGN);  // a file larger than the process may write: then an error of the write
#endif
  gruve::kernels::use_environment();  // GRUVE_KERNELS
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
  try {
    std::vector<std::string> words = with_recipe(app, arguments);
    const std::string config = "--config";
    for (auto at = words.begin(); at != words.end(); ++at)
      if (at->starts_with(config + "="))
        also_read().push_back(at->substr(config.size() + 1));
      else if (*at == config && at + 1 != words.end())
        also_read().push_back(at[1]);
    std::reverse(words.begin(), words.end());  // as CLI11 takes them
    app.parse(std::move(words));
    // What was printed may not have arrived, for a full disk say.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw gruve::Error("cannot write to the standard output");
  } catch (const CLI::ParseError& error) {
    hide_variables(app);
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error);
      std::cout.flush();
      return std::cout ? 0 : 1;
    }
    say(usage_error(app, arguments, error.what()));
    return 2;
  } catch (const Interrupted& error) {
    say(error.what());
    return 128 + error.signal;
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
