// gruve tune --model M PATH… --out FILE: learns from a few songs the state in which a model's pieces begin,
// or a style.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/evaluate.hpp"
#include "gruve/train/initial_state.hpp"
#include "gruve/train/style.hpp"
#include "manual.hpp"
#include "models.hpp"
#include "outputs.hpp"
#include "progress_bar.hpp"
#include "sources.hpp"

namespace {

struct TuneArguments {
  std::string model;
  std::vector<std::string> paths;
  std::string out;
  gruve::InitialStateOptions tuning;
  bool style = false;
  gruve::StyleOptions styling;
  gruve::SongOptions reading;
  bool json = false;
};

// What it is worth: the loss of the songs that nothing was learnt from, if there are any, else of the others.
void say(const TuneArguments& options, gruve::Split split, const std::string& over, double before,
         double after) {
  if (options.json) {
    nlohmann::ordered_json summary = {{"out", options.out}, {"split", gruve::split_name(split)}};
    if (!options.style) summary["unroll"] = options.tuning.unroll;
    summary["loss_before"] = before;
    summary["loss"] = after;
    std::printf("%s\n", summary.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s: loss over %s of the %s split's songs %.4f nats per token, before %.4f\n",
              shown(options.out).c_str(), over.c_str(), std::string(gruve::split_name(split)).c_str(), after,
              before);
}

void tune(const TuneArguments& options) {
  std::vector<std::string> inputs = options.paths;
  inputs.push_back(options.model);
  const Outputs outputs({{options.out, FileKind::model}}, inputs);
  const gruve::TrainedModel model = gruve::load(options.model);
  gruve::BuildOptions build = build_options_of(model.encoder, options.reading, options.tuning.threads);
  if (options.style) build.split = gruve::Split::train;  // nothing is chosen by a valid split
  const gruve::Corpus corpus = open_corpus(options.paths, build, options.json);
  require_encoder(corpus, model);
  const bool validates = !corpus.songs(gruve::Split::valid).empty();
  const gruve::Split split = validates ? gruve::Split::valid : gruve::Split::train;
  gruve::ThreadPool threads(options.tuning.threads);
  ProgressBar bar(options.style ? "learning the style" : "learning the initial state", options.json);
  const auto progress = [&](const gruve::Progress& done) { bar(done); };
  if (options.style) {
    const gruve::Style style = gruve::learn_style(model, corpus, options.styling, progress);
    bar.finish();
    gruve::save_style(style, options.out);
    const auto loss = [&](const gruve::TrainedModel& of) {
      return gruve::evaluate(of.network, corpus, split, threads).mean();
    };
    say(options, split, "all tokens", loss(model), loss(gruve::with_style(model, style)));
    return;
  }
  const gruve::TrainedModel tuned = gruve::tune_initial_state(model, corpus, options.tuning, progress);
  bar.finish();
  gruve::save(tuned, options.out);
  const auto loss = [&](const gruve::TrainedModel& of) {
    return gruve::evaluate_beginnings(of.network, corpus, split, options.tuning.unroll, threads).mean();
  };
  say(options, split, "the first " + std::to_string(options.tuning.unroll) + " tokens", loss(model),
      loss(tuned));
}

}  // namespace

void add_tune(CLI::App& app) {
  const auto options = std::make_shared<TuneArguments>();
  CLI::App* command =
      app.add_subcommand("tune", "Learn from a few songs how a model's pieces begin, or a style");
  command->add_option("--model", options->model, "The model file")->required()->check(CLI::ExistingFile);
  command
      ->add_option("PATH", options->paths,
                   "A corpus, or files and folders of the songs, as the model was trained on")
      ->required();
  command
      ->add_option("--out", options->out,
                   "The file to write (safetensors): the model with the learnt state, or the style")
      ->required();
  CLI::Option* style = command->add_flag(
      "--style", options->style,
      "Learn the biases too, from whole songs, and write them and the state, a few kilobytes, for gruve "
      "generate --style; unless given, --unroll is 128, --batch 8, --lr 0.01");
  command->add_option("--updates", options->styling.updates, "Updates of a style")
      ->check(CLI::Range(1, 1'000'000))
      ->needs(style)
      ->capture_default_str();
  const auto size = [&](const char* name, int& value, const char* help, int least = 1) {
    command->add_option(name, value, help)->check(CLI::Range(least, 1'000'000))->capture_default_str();
  };
  size("--unroll", options->tuning.unroll, "Tokens of each song's beginning to learn from");
  size("--batch", options->tuning.batch_size, "Songs in an update");
  size("--epochs", options->tuning.epochs, "Passes over the songs");
  size("--patience", options->tuning.patience,
       "End after N consecutive epochs without a better validation loss, 0 for never", 0);
  command->add_option("--lr", options->tuning.learning_rate, "Learning rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seed", options->tuning.seed, "Seed of the order of songs")->capture_default_str();
  command->add_option("--threads", options->tuning.threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  add_reading_options(*command, options->reading);
  command->add_flag("--json", options->json, "Print one JSON object at the end, and nothing else");
  group(*command, "Reading MIDI files",
        {"--keep-drums", "--drop-out-of-range", "--drop-too-short", "--max-quantisation-error", "--sustain",
         "--strict"});
  add_examples(*command,
               {"gruve tune --model model.safetensors my-songs --out mine.safetensors",
                "gruve tune --model model.safetensors five-songs --style --out style.safetensors",
                "gruve generate --model model.safetensors --style style.safetensors --out piece.mid"});
  for (const char* name : {"--epochs", "--patience", "--seed"}) style->excludes(command->get_option(name));
  command->callback([options, command] {
    const auto is_given = [&](const char* name) { return command->get_option(name)->count() > 0; };
    if (is_given("--unroll")) options->styling.unroll = options->tuning.unroll;
    if (is_given("--batch")) options->styling.batch_size = options->tuning.batch_size;
    if (is_given("--lr")) options->styling.learning_rate = options->tuning.learning_rate;
    options->styling.threads = options->tuning.threads;
    tune(*options);
  });
}
