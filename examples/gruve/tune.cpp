// gruve tune --model M PATH… --out FILE: learns the state in which a model's pieces begin.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/train/initial_state.hpp"
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
  gruve::SongOptions reading;
  bool json = false;
};

void tune(const TuneArguments& options) {
  std::vector<std::string> inputs = options.paths;
  inputs.push_back(options.model);
  require_not_read({options.out}, inputs);
  const Outputs outputs({options.out});
  const gruve::TrainedModel model = gruve::load(options.model);
  const gruve::Corpus corpus = open_corpus(
      options.paths, build_options_of(model.encoder, options.reading, options.tuning.threads), options.json);
  require_encoder(corpus, model);
  ProgressBar bar("learning the initial state", options.json);
  const gruve::TrainedModel tuned = gruve::tune_initial_state(
      model, corpus, options.tuning, [&](const gruve::Progress& progress) { bar(progress); });
  bar.finish();
  gruve::save(tuned, options.out);

  // What it is worth, where a state can be heard: the loss of the beginnings of the songs that nothing was
  // learnt from, else of the others.
  const bool validates = !corpus.songs(gruve::Split::valid).empty();
  const gruve::Split split = validates ? gruve::Split::valid : gruve::Split::train;
  gruve::ThreadPool threads(options.tuning.threads);
  const auto loss = [&](const gruve::TrainedModel& of) {
    return gruve::evaluate_beginnings(of.network, corpus, split, options.tuning.unroll, threads).mean();
  };
  const double before = loss(model), after = loss(tuned);
  if (options.json) {
    const nlohmann::ordered_json summary = {{"out", options.out},
                                            {"split", gruve::split_name(split)},
                                            {"unroll", options.tuning.unroll},
                                            {"loss_before", before},
                                            {"loss", after}};
    std::printf("%s\n", summary.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s: loss over the first %d tokens of the %s split's songs %.4f nats per token, before %.4f\n",
              options.out.c_str(), options.tuning.unroll, std::string(gruve::split_name(split)).c_str(),
              after, before);
}

}  // namespace

void add_tune(CLI::App& app) {
  const auto options = std::make_shared<TuneArguments>();
  CLI::App* command =
      app.add_subcommand("tune", "Learn from a few songs the state in which a model's pieces begin");
  command->add_option("--model", options->model, "The model file")->required()->check(CLI::ExistingFile);
  command
      ->add_option("PATH", options->paths,
                   "A corpus, or files and folders of the songs, as the model was trained on")
      ->required();
  command->add_option("--out", options->out, "The model file to write, with the learnt state (safetensors)")
      ->required();
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
  add_examples(*command, {"gruve tune --model model.safetensors my-songs --out mine.safetensors"});
  command->callback([options] { tune(*options); });
}
