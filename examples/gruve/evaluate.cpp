// gruve evaluate --model M… [PATH…] [--split test]: how well models predict songs that they were not trained
// on.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/dynamic_evaluation.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/losses.hpp"
#include "manual.hpp"
#include "models.hpp"
#include "sources.hpp"

namespace {

struct EvaluateArguments {
  std::vector<std::string> models;
  std::string style;
  int ngram = 0;
  std::vector<std::string> paths;
  std::string split = "test";
  int threads = 0;
  gruve::kernels::Precision precision = gruve::kernels::Precision::fp32;
  bool dynamic = false;
  gruve::DynamicOptions learning;
  gruve::SongOptions reading;
  bool has_split = false;
  bool json = false;
};

void evaluate(const EvaluateArguments& options) {
  const std::vector<gruve::TrainedModel> models = load_models(options.models, options.style);
  const gruve::AnyEncoder encoder = models.empty() ? gruve::AnyEncoder() : models.front().encoder;
  gruve::BuildOptions build = build_options_of(encoder, options.reading, options.threads);
  // All songs of files that are named for this, unless a split of them is asked for or the others are needed.
  if (!options.has_split && options.ngram == 0 && !options.dynamic)
    build.split = gruve::split_from_name(options.split);
  const gruve::Corpus corpus = open_corpus(options.paths, build, options.json);
  if (!models.empty()) require_encoder(corpus, models.front());
  gruve::ThreadPool threads(options.threads);
  const gruve::Split split = *gruve::split_from_name(options.split);
  const auto& kernels = gruve::kernels::active(options.precision);
  std::vector<gruve::TokenNats> all;
  std::uint64_t correct = 0;
  for (const gruve::TrainedModel& model : models) {
    gruve::SplitLoss loss =
        options.dynamic ? gruve::evaluate_dynamically(model.network, corpus, split, options.learning, threads)
                        : gruve::evaluate_tokens(model.network, corpus, split, threads, kernels);
    correct = loss.total.correct;
    all.push_back(std::move(loss.nats));
  }
  if (options.ngram > 0) all.push_back(gruve::ngram_nats(corpus, split, options.ngram));
  const std::vector<gruve::SongLoss> songs = gruve::song_losses(corpus, split, gruve::mean_nats(all));
  const gruve::NatsPerTimestep per_step(songs);
  double nats = 0;
  std::uint64_t tokens = 0, notes = 0;
  for (const gruve::SongLoss& song : songs) {
    nats += song.nats;
    tokens += song.tokens;
    notes += song.notes;
  }
  const double nats_per_note = nats / static_cast<double>(std::max<std::uint64_t>(notes, 1));
  nats /= static_cast<double>(std::max<std::uint64_t>(tokens, 1));
  std::optional<double> accuracy;  // of one model that stays as it is: how often the most probable token came
  if (all.size() == 1 && models.size() == 1 && !options.dynamic)
    accuracy = static_cast<double>(correct) / static_cast<double>(std::max<std::uint64_t>(tokens, 1));
  if (options.json) {
    nlohmann::ordered_json json = {{"split", options.split},
                                   {"songs", songs.size()},
                                   {"tokens", tokens},
                                   {"nats_per_token", nats},
                                   {"bits_per_token", nats / std::numbers::ln2}};
    if (accuracy) json["accuracy"] = *accuracy;
    if (notes > 0) {
      json["notes"] = notes;
      json["nats_per_note"] = nats_per_note;
    }
    if (per_step.steps > 0) {
      json["timesteps"] = per_step.steps;
      json["nats_per_timestep"] = per_step.micro;
      json["nats_per_timestep_macro"] = per_step.macro;
      json["nats_per_timestep_without_first"] = per_step.micro_without_first;
      json["nats_per_timestep_macro_without_first"] = per_step.macro_without_first;
    }
    std::printf("%s\n", json.dump().c_str());
    return;
  }
  const std::string whose = songs.size() == corpus.num_songs() ? "all" : options.split + " split:";
  std::printf("%s %zu songs, %llu tokens\n%.4f nats per token, %.4f bits", whose.c_str(), songs.size(),
              static_cast<unsigned long long>(tokens), nats, nats / std::numbers::ln2);
  if (accuracy) std::printf(", accuracy %.2f %%", 100 * *accuracy);
  std::printf("\n");
  if (notes > 0)
    std::printf("%llu notes: %.4f nats each\n", static_cast<unsigned long long>(notes), nats_per_note);
  if (per_step.steps > 0)
    std::printf(
        "%llu timesteps: %.4f nats each (mean of songs %.4f), %.4f (%.4f) without the first of each song\n",
        static_cast<unsigned long long>(per_step.steps), per_step.micro, per_step.macro,
        per_step.micro_without_first, per_step.macro_without_first);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  const auto options = std::make_shared<EvaluateArguments>();
  CLI::App* command = app.add_subcommand("evaluate", "Measure how well a model predicts");
  CLI::Option* model = add_models(*command, options->models, "The model file");
  add_style(*command, options->style);
  CLI::Option* ngram = command
                           ->add_option("--ngram", options->ngram,
                                        "Evaluate an n-gram model with histories of up to N tokens of the "
                                        "train split, alone or averaged "
                                        "with a model")
                           ->check(CLI::Range(1, 32));
  command->callback([options, model, ngram, command] {
    options->has_split = command->get_option("--split")->count() > 0;
    if (model->count() + ngram->count() == 0) throw CLI::RequiredError("--model or --ngram");
    evaluate(*options);
  });
  command->add_option(
      "PATH", options->paths,
      "A corpus, files or folders, or a polyphonic data set in JSON (default: the built-in études)");
  add_reading_options(*command, options->reading);
  command
      ->add_option("--split", options->split,
                   "The split of the corpus; of files and folders all songs are evaluated unless it is given")
      ->check(CLI::IsMember({"train", "valid", "test"}))
      ->capture_default_str();
  command->add_option("--threads", options->threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  add_precision(*command, options->precision, "Weights: fp32, bf16 or int8", {"fp32", "bf16", "int8"});
  CLI::Option* dynamic = command->add_flag("--dynamic", options->dynamic,
                                           "Dynamic evaluation (Krause et al. 2018): learn from each song "
                                           "while predicting it; fp32, needs the train "
                                           "split");
  command->add_option("--lr", options->learning.learning_rate, "Learning rate of --dynamic")
      ->check(CLI::PositiveNumber)
      ->needs(dynamic)
      ->capture_default_str();
  command
      ->add_option("--decay", options->learning.decay,
                   "Decay towards the original parameters at each update of --dynamic")
      ->check(CLI::Range(0.0, 1.0))
      ->needs(dynamic)
      ->capture_default_str();
  command->add_option("--unroll", options->learning.unroll, "Tokens from one update of --dynamic to the next")
      ->check(CLI::Range(1, 1 << 16))
      ->needs(dynamic)
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  group(*command, "Dynamic evaluation", {"--dynamic", "--lr", "--decay", "--unroll"});
  group(*command, "Reading MIDI files",
        {"--keep-drums", "--drop-out-of-range", "--drop-too-short", "--max-quantisation-error", "--sustain",
         "--strict"});
  add_examples(*command, {"gruve evaluate --model model.safetensors corpus.gruve",
                          "gruve evaluate --ngram 4 corpus.gruve"});
}
