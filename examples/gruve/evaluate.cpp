// gruve evaluate --model M [PATH…] [--split test]: how well a model predicts songs that it was not trained
// on.
#include <cstdio>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/kernels/dispatch.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/evaluate.hpp"
#include "sources.hpp"

namespace {

struct EvaluateArguments {
  std::string model;
  std::vector<std::string> paths;
  std::string split = "test";
  int threads = 0;
  gruve::kernels::Precision precision = gruve::kernels::Precision::fp32;
  bool json = false;
};

void evaluate(const EvaluateArguments& options) {
  const gruve::TrainedModel model = gruve::load(options.model);
  gruve::BuildOptions build{.threads = options.threads};
  if (const auto* timesteps = std::get_if<gruve::TimestepEncoder>(&model.encoder)) {
    build.timestep = timesteps->options();
  } else if (const auto* events = std::get_if<gruve::EventEncoder>(&model.encoder)) {
    build.encoder = gruve::EncoderKind::event;
    build.event = events->options();
  } else {
    build.encoder = gruve::EncoderKind::text;
  }
  const gruve::Corpus corpus = open_corpus(options.paths, build, options.json);
  if (corpus.encoder() != model.encoder)
    throw gruve::Error(corpus.file(), "made of " + describe(corpus.encoder()) + ", but the model speaks " +
                                          describe(model.encoder));
  gruve::ThreadPool threads(options.threads);
  const gruve::Split split = *gruve::split_from_name(options.split);
  const gruve::ChunkLoss loss =
      gruve::evaluate(model.network, corpus, split, threads, gruve::kernels::active(options.precision));
  const double nats = loss.mean();
  const double accuracy = static_cast<double>(loss.correct) / static_cast<double>(loss.tokens);
  if (options.json) {
    const nlohmann::ordered_json json = {
        {"split", options.split}, {"songs", corpus.songs(split).size()},        {"tokens", loss.tokens},
        {"nats_per_token", nats}, {"bits_per_token", nats / std::numbers::ln2}, {"accuracy", accuracy}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("%s split: %zu songs, %zu tokens\n%.4f nats per token, %.4f bits, accuracy %.2f %%\n",
                options.split.c_str(), corpus.songs(split).size(), loss.tokens, nats,
                nats / std::numbers::ln2, 100 * accuracy);
  }
}

}  // namespace

void add_evaluate(CLI::App& app) {
  const auto options = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure how well a model predicts");
  command->add_option("--model", options->model, "The model file")->required();
  command->add_option("PATH", options->paths, "A corpus, files or folders; without it the built-in études");
  command->add_option("--split", options->split, "Which songs of the corpus")
      ->check(CLI::IsMember({"train", "valid", "test"}))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  add_precision(*command, options->precision, "Weights: fp32, bf16 or int8", {"fp32", "bf16", "int8"});
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback([options] { evaluate(*options); });
}
