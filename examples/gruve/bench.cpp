// gruve bench [TASK…]: how fast the kernels are, and how near to what the processor can do.
#include "bench.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "gruve/core/error.hpp"

namespace gruve::bench {

/// What the machine allows.
void bench_limits(const BenchArguments& options) {
  const std::string threads = " threads=" + std::to_string(options.threads);
  for (const MultiplyAdds& kind : multiply_add_kinds())
    print(options, kind.name, "registers" + threads, "GFLOP/s", peak(kind, options.threads, options.repeats),
          0);
  const auto read = [&](const std::string& name, std::size_t bytes) {
    print(options, "read", name + ", " + std::to_string(bytes >> 10) + " KiB a thread" + threads, "GB/s",
          read_bandwidth(bytes, options.threads, options.repeats), 0);
  };
  for (int level = 1; level <= 3; ++level) {
    const std::size_t size = cache_size(level);
    const std::size_t below = level > 1 ? cache_size(level - 1) : 0;
    if (size > 0) read("L" + std::to_string(level), level < 3 ? size * 3 / 4 : std::min(4 * below, size / 2));
  }
  read("memory", std::size_t{256} << 20);
}

namespace {

struct Task {
  const char* name;
  void (*run)(const BenchArguments&);
};
constexpr Task kTasks[] = {
    {"limits", bench_limits},   {"train", bench_train}, {"step", bench_step},
    {"cell", bench_cell},       {"batch", bench_batch}, {"forward", bench_forward},
    {"silence", bench_silence}, {"midi", bench_midi},   {"activations", bench_activations}};

void bench(const BenchArguments& options) {
  if (!options.isa.empty() && !kernels::force(options.isa))
    throw Error("this processor has no kernels named " + options.isa);
  for (const Task& task : kTasks) {
    const bool named =
        std::find(options.tasks.begin(), options.tasks.end(), task.name) != options.tasks.end();
    // Without names everything is measured for which there is something to measure.
    const bool possible =
        (task.run != bench_midi || !options.midi.empty()) && (task.run != bench_cell || has_cell(options));
    if (named || (options.tasks.empty() && possible)) task.run(options);
  }
}

}  // namespace
}  // namespace gruve::bench

void add_bench(CLI::App& app) {
  using namespace gruve::bench;
  const auto options = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand("bench", "Measure the kernels against the machine's limits");
  std::vector<std::string> names;
  for (const Task& task : kTasks) names.emplace_back(task.name);
  command->add_option("TASK", options->tasks, "What to measure; without it everything")
      ->check(CLI::IsMember(names));
  const auto size = [&](const char* name, int& value, const char* help, int largest = 1 << 16) {
    return command->add_option(name, value, help)->check(CLI::Range(1, largest))->capture_default_str();
  };
  size("--hidden", options->model.hidden_size, "Hidden size of each GRU layer");
  size("--layers", options->model.num_layers, "GRU layers", 64);
  size("--embedding", options->model.embedding_size, "Embedding size");
  size("--batch", options->batch_size, "Sequences side by side in train and batch");
  size("--unroll", options->unroll, "Timesteps")->default_str("128 in train, 1000 in forward");
  size("--threads", options->threads, "Threads", 1024);
  size("--repeats", options->repeats, "Measurements, of which the median is shown", 1000);
  command->add_option("--seconds", options->seconds, "Of each measurement; a fifth of it but in train")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--midi", options->midi, "A folder of MIDI files, for midi");
  command->add_option("--isa", options->isa,
                      "Kernels by name: reference, baseline, avx2, avx512; for fewer bits also avx512_bf16, "
                      "avx512_vnni, amx");
  add_precision(*command, options->precision, "Weights of the kernels", {"fp32", "bf16", "int8"});
  command->add_flag("--json", options->json, "Print a JSON object a line");
  command->callback([options] { bench(*options); });
}
