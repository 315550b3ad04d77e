// gruve bench [TASK…]: the speed of the kernels, and what fraction of the processor's peak it is.
#include "bench.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "manual.hpp"

namespace gruve::bench {

/// The machine's limits.
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
    {"limits", bench_limits},   {"train", bench_train},      {"step", bench_step},
    {"cell", bench_cell},       {"batch", bench_batch},      {"forward", bench_forward},
    {"silence", bench_silence}, {"midi", bench_midi},        {"activations", bench_activations},
    {"sample", bench_sample},   {"features", bench_features}};

void bench(const BenchArguments& options) {
  if (!options.isa.empty() && !kernels::force(options.isa))
    throw Error("this processor has no kernels named " + options.isa);
  for (const Task& task : kTasks) {
    const bool named =
        std::find(options.tasks.begin(), options.tasks.end(), task.name) != options.tasks.end();
    // Without names every task is measured that the arguments allow.
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
  CLI::App* command =
      app.add_subcommand("bench", "Measure the speed of the kernels and the machine's limits");
  std::vector<std::string> names;
  for (const Task& task : kTasks) names.emplace_back(task.name);
  command->add_option("TASK", options->tasks, "What to measure (default: everything)")
      ->check(CLI::IsMember(names));
  const auto size = [&](const char* name, int& value, const char* help, int largest = 1 << 16) {
    return command->add_option(name, value, help)->check(CLI::Range(1, largest))->capture_default_str();
  };
  size("--vocab", options->model.vocab_size, "Tokens of the vocabulary", 65535);
  size("--hidden", options->model.hidden_size, "Hidden size of each GRU layer");
  size("--layers", options->model.num_layers, "GRU layers", 64);
  size("--embedding", options->model.embedding_size, "Embedding size");
  size("--batch", options->batch_size, "Batch size: sequences in train and batch");
  size("--unroll", options->unroll, "Timesteps of a chunk")->default_str("128 in train, 1000 in forward");
  size("--threads", options->threads, "Number of threads", 1024);
  size("--repeats", options->repeats, "Number of measurements, of which the median is shown", 1000);
  command
      ->add_option("--seconds", options->seconds,
                   "Duration of each measurement in train; a fifth of it in the other tasks")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--midi", options->midi, "Folder of MIDI files to read in the task midi");
  command->add_option(
      "--isa", options->isa,
      "Implementation of the kernels: reference, baseline, avx2, avx512; for 16 or 8 bits also "
      "avx512_bf16, avx512_vnni, amx (default: the fastest)");
  add_precision(*command, options->precision, "Precision of the weights", {"fp32", "bf16", "int8"});
  command->add_flag("--json", options->json, "Print one JSON object per line");
  add_examples(*command, {"gruve bench", "gruve bench step --hidden 512 --precision int8"});
  command->callback([options] { bench(*options); });
}
