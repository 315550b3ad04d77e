// gruve train [PATH…] --out model.safetensors: trains a model on MIDI, text, a corpus or the built-in études.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/generated_songs.hpp"
#include "gruve/piece/suggested_options.hpp"
#include "gruve/train/checkpoint_file.hpp"
#include "gruve/train/losses.hpp"
#include "gruve/train/trainer.hpp"
#include "gruve/train/training_memory.hpp"
#include "launched.hpp"
#include "manual.hpp"
#include "models.hpp"
#include "outputs.hpp"
#include "progress_bar.hpp"
#include "sources.hpp"

namespace {

struct TrainArguments {
  std::vector<std::string> paths;
  std::string out;
  std::string log;
  std::string checkpoint;
  std::vector<std::string> teachers;
  std::string init;
  double synthetic = 0;
  std::function<bool(const char*)> is_given;  // whether an option is; empty where nothing is chosen
  std::string encoding;                       // what was chosen, where it is not given
  bool overwrite = false;
  bool resume = false;
  bool reset_before = false;
  bool json = false;
  std::string optimizer = "adam";
  std::string schedule = "one-cycle";
  gruve::BuildOptions build;
  gruve::ModelConfig model;
  gruve::TrainOptions train;
};

volatile std::sig_atomic_t interrupted = 0;  // the signal that ends the training, or 0

// While it lives, the signals that end programs set `interrupted`. A hang-up that nohup ignores stays
// ignored.
class Signals {
 public:
  Signals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      before_[i] = std::signal(kSignals[i], [](int signal) { interrupted = signal; });
#if defined(SIGHUP)
      if (kSignals[i] == SIGHUP && before_[i] == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
#endif
    }
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) std::signal(kSignals[i], before_[i]);
  }

 private:
#if defined(SIGHUP)
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
#else
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGBREAK};  // Windows: also when its window is closed
#endif
  std::array<void (*)(int), kSignals.size()> before_;
};

// One line per step: step, epoch, training loss, empty, learning rate, gradient norm. One line per
// validation: step, epoch, empty, validation loss, empty, empty.
class Log {
 public:
  // Keeps the lines of an earlier run up to `step`, or all of them if its steps were of another size.
  Log(const std::string& path, std::uint64_t step, bool has_other_steps) : path_(path) {
    if (path.empty()) return;
    std::string kept = "step,epoch,train_loss,valid_loss,learning_rate,gradient_norm\n";
    std::error_code ignored;
    if (step > 0 && std::filesystem::is_regular_file(path, ignored)) {
      std::ifstream before(path);
      std::string line;
      std::getline(before, line);
      while (std::getline(before, line) &&
             (has_other_steps || std::strtoull(line.c_str(), nullptr, 10) <= step))
        kept += line + "\n";
    }
    gruve::write_file(path, kept);
    file_ = gruve::internal::open_stream(path, "ab");
    if (file_ == nullptr) throw gruve::Error(path, "cannot write");
  }
  ~Log() {
    if (file_ != nullptr) std::fclose(file_);  // each line was flushed
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void step(const gruve::StepReport& report, std::uint64_t steps_per_epoch) {
    if (file_ == nullptr) return;
    write("%llu,%.4f,%.6f,,%.4g,%.4g\n", static_cast<unsigned long long>(report.step),
          static_cast<double>(report.step) / static_cast<double>(steps_per_epoch), report.loss,
          report.learning_rate, report.gradient_norm);
  }
  void validation(const gruve::ValidationReport& report, std::uint64_t steps_per_epoch) {
    if (file_ == nullptr) return;
    write("%llu,%.4f,,%.6f,,\n", static_cast<unsigned long long>(report.step),
          static_cast<double>(report.step) / static_cast<double>(steps_per_epoch), report.loss.mean());
  }

  // False once a line could not be written. The training then stops, and its checkpoint is kept.
  bool ok() const noexcept { return reason_ == 0; }
  // Throws Error if a line could not be written.
  void require_ok() const {
    if (reason_ != 0) throw gruve::Error(path_, std::string("cannot write: ") + std::strerror(reason_));
  }

 private:
  template <class... Values>
  void write(const char* format, Values... values) {
    if (reason_ == 0 && (std::fprintf(file_, format, values...) < 0 || std::fflush(file_) != 0))
      reason_ = errno;
  }

  std::string path_;
  int reason_ = 0;  // errno of the first line that could not be written
  std::FILE* file_ = nullptr;
};

std::string losses(double train, double valid) {
  char text[80];
  if (std::isfinite(valid))
    std::snprintf(text, sizeof text, "loss %.4f, validation %.4f", train, valid);
  else
    std::snprintf(text, sizeof text, "loss %.4f", train);
  return text;
}

// Refuses to replace a model that was trained for longer than this training will take: for more updates or,
// if the time decides, more minutes.
void require_no_longer_training(const std::string& out, std::uint64_t steps, double minutes) {
  std::uint64_t before = 0;
  double minutes_before = 0;
  try {
    if (!std::filesystem::exists(out)) return;
    const nlohmann::json training = nlohmann::json::parse(gruve::load(out).training);
    const nlohmann::json& curve = training.at("curve");
    before = curve.at("step").empty() ? 0 : curve.at("step").back().get<std::uint64_t>();
    minutes_before = training.at("settings").value("minutes", 0.0);
  } catch (const std::exception&) {
    return;  // whatever it is, it is no model of a training
  }
  const std::string how = ": --overwrite allows it, --resume goes on from its checkpoint";
  const std::string is = "is a model of " + std::to_string(before) + " updates";
  const auto text = [](double number) { return nlohmann::json(number).dump(); };
  if (!(minutes > 0)) {
    if (steps < before)
      throw gruve::Error(out, is + ", this training would take " + std::to_string(steps) + how);
  } else if (before > 0 && !(minutes_before > 0)) {
    throw gruve::Error(out,
                       is + ", which this training may not reach in " + text(minutes) + " minutes" + how);
  } else if (minutes < minutes_before) {
    throw gruve::Error(out, is + " and up to " + text(minutes_before) +
                                " minutes, this training would take " + text(minutes) + how);
  }
}

// Refuses a training that the machine has no memory for. Without this the system may kill it in the middle.
void require_memory(gruve::ModelConfig config, const gruve::Corpus& corpus,
                    const gruve::TrainOptions& train) {
#if defined(_SC_PHYS_PAGES)
  config.vocab_size = corpus.vocab_size();
  const double needed = gruve::training_memory(config, train);
  const double present =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (present > 0 && needed > present)
    throw gruve::Error("a training of hidden size " + std::to_string(config.hidden_size) + ", " +
                       std::to_string(config.num_layers) + " layers, batch size " +
                       std::to_string(train.batch_size) + " and BPTT length " + std::to_string(train.unroll) +
                       " needs about " + short_number(needed) + "B of memory, the machine has " +
                       short_number(present) + "B");
#else
  static_cast<void>(config);
  static_cast<void>(corpus);
  static_cast<void>(train);
#endif
}

std::string nats_text(double nats) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", nats);
  return text;
}

// Takes what fits the corpus for what is not given on the command line. Returns what was chosen, as options.
std::string choose(TrainArguments& options, const gruve::Corpus& corpus) {
  if (options.is_given == nullptr) return {};
  const gruve::SuggestedOptions fit = gruve::suggested_options(corpus);
  std::string text;
  const auto take = [&](const char* name, auto& value, const auto& suggested) {
    if (options.is_given(name)) return;
    value = suggested;
    const nlohmann::json json = suggested;
    text += std::string(text.empty() ? "" : " ") + name + " " +
            (json.is_string() ? json.get<std::string>() : json.dump());
  };
  if (options.init.empty()) {
    take("--hidden", options.model.hidden_size, fit.model.hidden_size);
    if (!fit.model.features.description.empty())
      take("--features", options.model.features.description, fit.model.features.description);
    if (!options.is_given("--embedding")) options.model.embedding_size = options.model.hidden_size / 2;
  }
  const int shards = options.train.shards;  // which divide the batch
  take("--batch", options.train.batch_size, (fit.train.batch_size + shards - 1) / shards * shards);
  take("--dropout", options.train.dropout, fit.train.dropout);
  if (corpus.encoder().is_music())
    take("--transpose", options.train.augment.transpose, fit.train.augment.transpose);
  if (options.train.minutes > 0) {
    // The time decides.
    if (!options.is_given("--epochs")) options.train.epochs = 1'000'000;
  } else {
    take("--epochs", options.train.epochs, fit.train.epochs);
    if (!options.is_given("--epochs")) take("--patience", options.train.patience, fit.train.patience);
  }
  if (text.empty()) return {};
  return "chosen for " + std::to_string(corpus.num_songs()) + " songs: " + text;
}

// A handful of updates teaches nothing, however often the songs are read.
template <class Say>
void warn_of_few_updates(const TrainArguments& options, std::uint64_t updates, Say&& say) {
  constexpr std::uint64_t kFew = 1000;
  if (updates < kFew && !(options.train.minutes > 0))
    say("only " + std::to_string(updates) +
        " updates: a smaller --batch, more --epochs or --minutes give more, and a better model");
}

// What losses mean on this corpus: those of even guessing, and of counting.
template <class Say>
void say_yardsticks(const gruve::Corpus& corpus, Say&& say) {
  constexpr std::uint64_t kMany = 5'000'000;  // tokens that are counted in seconds
  constexpr int kHistory = 4;
  std::string text = "nats per token: " + nats_text(std::log(corpus.vocab_size())) + " by even guessing";
  if (!corpus.songs(gruve::Split::valid).empty() && corpus.num_tokens(gruve::Split::train) <= kMany) {
    double nats = 0;
    std::size_t tokens = 0;
    for (const std::vector<double>& song : gruve::ngram_nats(corpus, gruve::Split::valid, kHistory)) {
      for (const double each : song) nats += each;
      tokens += song.size();
    }
    if (tokens > 0)
      text += ", " + nats_text(nats / static_cast<double>(tokens)) + " by counting what follows " +
              std::to_string(kHistory) + " tokens (valid split)";
  }
  say(text);
  constexpr std::size_t kFew = 5;
  if (const std::size_t songs = corpus.songs(gruve::Split::valid).size(); 0 < songs && songs < kFew)
    say("the valid split, by which the best model is chosen, has only " + std::to_string(songs) +
        (songs == 1 ? " song" : " songs"));
}

void train(TrainArguments options, const Launched& launched) {
  std::vector<std::string> inputs = options.paths;
  inputs.insert(inputs.end(), options.teachers.begin(), options.teachers.end());
  inputs.push_back(options.init);
  if (options.checkpoint.empty()) options.checkpoint = options.out + ".checkpoint";
  const std::filesystem::path previous = gruve::Trainer::previous_checkpoint(options.checkpoint);
  require_not_read({previous.string()}, inputs);
  std::error_code ignored;
  if (std::filesystem::exists(std::filesystem::symlink_status(previous, ignored)) &&
      !gruve::internal::is_checkpoint(previous))
    throw gruve::Error(previous.string(), "is no checkpoint, and in the way of one (--checkpoint)");
  for (const std::string& path : {options.out, options.checkpoint})
    if (std::filesystem::is_fifo(std::filesystem::status(path, ignored)))
      throw gruve::Error(path, "is a pipe, expected a file: a training writes it more than once");
  // Of several processes one writes.
  std::optional<Outputs> outputs;
  if (launched.speaks())
    outputs.emplace(
        std::initializer_list<Output>{
            {options.out, FileKind::model}, {options.checkpoint, FileKind::model}, {options.log}},
        inputs);
  else
    options.log.clear();
  if (options.train.threads == 0) options.train.threads = launched.threads();
  options.build.threads = options.train.threads;
  options.train.optimizer.kind = *gruve::optimizer_from_name(options.optimizer);
  options.train.schedule = *gruve::schedule_from_name(options.schedule);
  if (options.reset_before) options.model.reset_gate = gruve::ResetGate::before_product;

  gruve::Corpus corpus = open_corpus(options.paths, options.build, options.json);
  const std::string chosen = choose(options, corpus);
  options.model.features = corpus.encoder().features(options.model.features.description);
  const std::vector<gruve::TrainedModel> models = load_models(options.teachers);
  if (!models.empty()) {
    require_encoder(corpus, models.front());
    if (options.is_given != nullptr && !options.is_given("--features"))
      options.model.features = models.front().network.config.features;
  }
  for (std::size_t i = 0; i < models.size(); ++i)
    if (models[i].network.config.features != options.model.features)
      throw gruve::Error(options.teachers[i],
                         "has different features than the model to be trained (--features)");
  if (options.synthetic > 0) {
    gruve::ThreadPool threads(options.train.threads);
    const std::vector<gruve::PackedModel<float>> packed = pack(models, threads);
    ProgressBar bar("generating pieces", options.json);
    corpus = gruve::with_generated_songs(corpus, packed, options.synthetic, options.train.seed, threads,
                                         [&](const gruve::Progress& progress) { bar(progress); });
    bar.finish();
  }
  std::vector<gruve::GruModel<float>> teachers;
  for (const gruve::TrainedModel& model : models) teachers.push_back(model.network);
  std::optional<gruve::TrainedModel> init;
  if (!options.init.empty()) {
    init = gruve::load(options.init);
    require_encoder(corpus, *init);
  }
  require_memory(init ? init->network.config : options.model, corpus, options.train);
  gruve::Trainer trainer =
      init ? gruve::Trainer(corpus, *init, options.train, teachers, launched.ranks())
           : gruve::Trainer(corpus, options.model, options.train, teachers, launched.ranks());
  std::vector<std::string> changes;
  if (options.resume &&
      (std::filesystem::exists(options.checkpoint, ignored) ||
       std::filesystem::exists(gruve::Trainer::previous_checkpoint(options.checkpoint), ignored)))
    changes = trainer.resume(options.checkpoint);
  else if (!options.overwrite)
    require_no_longer_training(options.out, trainer.total_steps(), options.train.minutes);

  const auto say = [&](const std::string& line) {
    if (!options.json) std::fprintf(stderr, "%s\n", shown(line).c_str());
  };
  say(std::to_string(corpus.num_tokens(gruve::Split::train)) + " tokens to train on (" +
      describe(corpus.encoder()) + "), " + std::to_string(trainer.model().num_parameters()) +
      " parameters, kernels: " + gruve::kernels::active(options.train.precision).name + " " +
      std::string(gruve::kernels::precision_name(options.train.precision)));
  if (trainer.steps_done() > 0) say("resumed after step " + std::to_string(trainer.steps_done()));
  for (const std::string& change : changes) say(change);
  if (!options.encoding.empty()) say(options.encoding);
  if (!chosen.empty()) say(chosen);
  warn_of_few_updates(options, trainer.total_steps(), say);
  if (gruve::Ranks* const ranks = launched.ranks())
    say(std::to_string(ranks->size()) + " processes share " + std::to_string(options.train.shards) +
        " shards");
  if (!options.json && launched.speaks()) say_yardsticks(corpus, say);
  const std::string measures =
      launched.speaks() ? measures_of(corpus, options.train.threads, options.json) : std::string();
  const auto save_model = [&] {
    if (!launched.speaks()) return;
    gruve::TrainedModel model = trainer.trained_model();
    model.measures = measures;
    gruve::save(model, options.out);
  };
  const bool has_other_steps = std::any_of(changes.begin(), changes.end(), [](const std::string& change) {
    return change.starts_with("batch_size ") || change.starts_with("unroll ");
  });
  Log log(options.log, trainer.steps_done(), has_other_steps);

  const Signals signals;
  ProgressBar bar("training", options.json);
  const auto tokens_per_step =
      static_cast<std::uint64_t>(options.train.batch_size) * static_cast<std::uint64_t>(options.train.unroll);
  const auto first_step = trainer.steps_done();
  double smooth = 0, valid = std::numeric_limits<double>::infinity();
  std::chrono::steady_clock::time_point last_note{};
  const gruve::StopReason reason = trainer.run(
      {.on_step =
           [&](const gruve::StepReport& report) {
             log.step(report, trainer.steps_per_epoch());
             if (report.undone) {
               bar.note("step " + std::to_string(report.step) + ": the training diverged, at a loss of " +
                        nats_text(report.loss) +
                        " nats per token; back to the last good state, with half the learning rate");
               return interrupted == 0 && log.ok();
             }
             smooth = smooth == 0 ? report.loss : 0.95 * smooth + 0.05 * report.loss;
             // With a time limit the total is an estimate from the time per step.
             std::uint64_t total = trainer.total_steps();
             if (options.train.minutes > 0) {
               const double done = trainer.seconds() / 60 / options.train.minutes;
               total =
                   std::min(total, static_cast<std::uint64_t>(static_cast<double>(report.step) / done) + 1);
             }
             bar({.done = report.step * tokens_per_step,
                  .total = total * tokens_per_step,
                  .message = losses(smooth, valid)});
             return interrupted == 0 && log.ok();
           },
       .on_validation =
           [&](const gruve::ValidationReport& report) {
             valid = report.loss.mean();
             log.validation(report, trainer.steps_per_epoch());
             const double epochs =
                 static_cast<double>(report.step) / static_cast<double>(trainer.steps_per_epoch());
             char line[120];
             std::snprintf(line, sizeof line, "after %.3g epochs, step %llu: loss %.4f, validation %.4f%s",
                           epochs, static_cast<unsigned long long>(report.step), smooth, valid,
                           report.improved ? ", the best so far" : "");
             bar.say(losses(smooth, valid));
             // Epochs of a small corpus take milliseconds.
             const auto now = std::chrono::steady_clock::now();
             if (now - last_note >= std::chrono::seconds(1)) {
               bar.note(line);
               last_note = now;
             }
             if (report.improved) save_model();
           }},
      options.checkpoint);
  bar.finish();
  log.require_ok();
  if (reason == gruve::StopReason::callback)
    throw Interrupted(interrupted, "stopped after step " + std::to_string(trainer.steps_done()) +
                                       "; the same command with --resume continues from " +
                                       options.checkpoint);
  if (reason == gruve::StopReason::diverged)
    throw Diverged("stopped: " + std::string(gruve::stop_reason_name(reason)) + "; " +
                   (std::isfinite(trainer.best_validation_loss())
                        ? options.out + " is the best model before, "
                        : std::string("no model was good enough to be written, ")) +
                   "a lower --lr with --resume goes on from the last good state");
  save_model();
  if (!corpus.songs(gruve::Split::valid).empty() && !std::isfinite(trainer.best_validation_loss()))
    say("no validation loss was below that of even guessing: what is written is the last model");

  const auto steps = trainer.steps_done() - first_step;
  if (options.json) {
    nlohmann::ordered_json summary = {{"out", options.out},
                                      {"steps", trainer.steps_done()},
                                      {"parameters", trainer.model().num_parameters()},
                                      {"stopped", gruve::stop_reason_name(reason)},
                                      {"valid_loss", trainer.best_validation_loss()},
                                      {"seconds", trainer.seconds()},
                                      {"checkpoint", options.checkpoint}};
    std::printf("%s\n", summary.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::printf("%s: %s after %llu steps", shown(options.out).c_str(),
                std::string(gruve::stop_reason_name(reason)).c_str(),
                static_cast<unsigned long long>(trainer.steps_done()));
    if (std::isfinite(trainer.best_validation_loss()))
      std::printf(", best validation loss %.4f nats per token", trainer.best_validation_loss());
    if (steps > 0) std::printf(", %.0f s", trainer.seconds());
    std::printf("\n");
  }
}

}  // namespace

void add_train(CLI::App& app) {
  const auto options = std::make_shared<TrainArguments>();
  CLI::App* command = app.add_subcommand("train", "Train a model");
  command->add_option(
      "PATH", options->paths,
      "A corpus of `gruve prepare`, or MIDI or text files and folders of them (default: the built-in "
      "études)");
  command->add_option("--out", options->out, "The model file to write (safetensors)")->required();
  add_build_options(*command, options->build);
  const auto size = [&](const char* name, int& value, const char* help, int largest = 1 << 16) {
    command->add_option(name, value, help)->check(CLI::Range(1, largest))->capture_default_str();
  };
  size("--embedding", options->model.embedding_size, "Embedding size");
  size("--hidden", options->model.hidden_size, "Hidden size of each GRU layer");
  size("--layers", options->model.num_layers, "GRU layers", 64);
  command->add_flag("--reset-before", options->reset_before,
                    "Apply the reset gate before the recurrent product (Cho et al. 2014)");
  command
      ->add_option(
          "--features", options->model.features.description,
          "Features of the model in addition to the last token: of events any of "
          "place,sounding,repeat,form,tonality,relative (default: all that there are), of timesteps any of "
          "index,held,intervals,bar=N,repeat,outer,relative, with N timesteps in a bar "
          "(default: none); \"\" for none")
      ->expected(0, 1);
  command->add_option("--init", options->init,
                      "Begin with the parameters, the sizes and the features of this model");
  size("--batch", options->train.batch_size, "Batch size");
  size("--shards", options->train.shards,
       "Parts of the batch, which the processes of mpirun share; the result depends on it, not on them");
  size("--unroll", options->train.unroll, "BPTT length: timesteps of backpropagation through time");
  size("--epochs", options->train.epochs, "Passes over the training songs", 1'000'000);
  command
      ->add_option("--minutes", options->train.minutes,
                   "End after this time in minutes, with the time before --resume; the "
                   "last validation comes in addition")
      ->check(CLI::PositiveNumber);
  command->add_option("--optimizer", options->optimizer, "Optimiser")
      ->check(CLI::IsMember({"adam", "rmsprop", "sgd"}))
      ->capture_default_str();
  command->add_option("--lr", options->train.learning_rate, "Learning rate")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--schedule", options->schedule, "How the learning rate changes")
      ->check(CLI::IsMember({"constant", "cosine", "one-cycle"}))
      ->capture_default_str();
  add_precision(*command, options->train.precision, "Precision of the products; parameters stay fp32",
                {"fp32", "bf16"});
  command->add_option("--clip", options->train.clip_norm, "Maximum gradient norm, 0 for no clipping")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--dropout", options->train.dropout, "Dropout probability of each layer's outputs")
      ->check(CLI::Range(0.0, 0.95))
      ->capture_default_str();
  command->add_flag("--variational", options->train.variational,
                    "Drop the same outputs at all timesteps of a chunk");
  const auto share = [&](const char* name, double& value, const char* help, double most = 0.95) {
    command->add_option(name, value, help)->check(CLI::Range(0.0, most))->capture_default_str();
  };
  share("--input-dropout", options->train.input_dropout,
        "Dropout probability of the first layer's input, in a model with --features");
  share("--recurrent-dropout", options->train.weights.recurrent, "Dropout probability of recurrent weights");
  share("--embedding-dropout", options->train.weights.embedding,
        "Dropout probability of the embedding's rows");
  command
      ->add_option("--average", options->train.average,
                   "Validate and save a moving average of the weights with this decay per update; 0 for none")
      ->check(CLI::Range(0.0, 0.99999))
      ->capture_default_str();
  command->add_option("--weight-decay", options->train.optimizer.weight_decay, "Decoupled weight decay")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--transpose", options->train.augment.transpose,
                   "Transpose by up to N semitones up or down")
      ->check(CLI::Range(0, 24))
      ->capture_default_str();
  share("--transpose-share", options->train.augment.share, "Probability that a sampled song is transposed",
        1);
  command
      ->add_option("--stretch", options->train.augment.stretch,
                   "Multiply all times by a factor between this one and its inverse")
      ->check(CLI::Range(1.0, 2.0))
      ->capture_default_str();
  command
      ->add_option("--vary-velocity", options->train.augment.velocity,
                   "Multiply velocities by a factor between this one and its inverse")
      ->check(CLI::Range(1.0, 4.0))
      ->capture_default_str();
  CLI::Option* teacher = command
                             ->add_option("--teacher", options->teachers,
                                          "A model whose probabilities are the soft targets; "
                                          "if repeated, the mean of the models' probabilities")
                             ->allow_extra_args(false);
  command
      ->add_option("--synthetic", options->synthetic,
                   "Add pieces generated by the teachers: N times the training tokens")
      ->check(CLI::Range(0.0, 10'000.0))
      ->needs(teacher);
  command
      ->add_option("--patience", options->train.patience,
                   "End after N consecutive epochs without a better validation loss, 0 for never")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--seed", options->train.seed, "Seed of all random numbers")->capture_default_str();
  command->add_option("--threads", options->train.threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--recipe",
                      "Options from a JSON file, as in examples/recipes; those given besides count instead");
  command->add_option("--log", options->log, "Write losses as CSV, a line a step");
  command->add_option("--checkpoint", options->checkpoint,
                      "Where the state of the training is kept (default: the model's path with .checkpoint)");
  size("--checkpoint-every", options->train.checkpoint_interval, "Steps from checkpoint to checkpoint",
       1'000'000);
  command->add_flag("--overwrite", options->overwrite,
                    "Replace a model of more updates than this training will take");
  command->add_flag("--resume", options->resume, "Go on from the checkpoint, if there is one");
  command->add_flag("--json", options->json, "Print one JSON object at the end, and nothing else");
  group(*command, "Model", {"--hidden", "--embedding", "--layers", "--reset-before", "--features", "--init"});
  group(*command, "How long", {"--epochs", "--minutes", "--patience"});
  group(*command, "Optimisation",
        {"--batch", "--shards", "--unroll", "--optimizer", "--lr", "--schedule", "--precision", "--clip",
         "--average", "--seed"});
  group(*command, "Regularisation",
        {"--dropout", "--variational", "--input-dropout", "--recurrent-dropout", "--embedding-dropout",
         "--weight-decay"});
  group(*command, "Augmentation", {"--transpose", "--transpose-share", "--stretch", "--vary-velocity"});
  group(*command, "Distillation", {"--teacher", "--synthetic"});
  group(*command, "Files",
        {"--out", "--log", "--checkpoint", "--checkpoint-every", "--overwrite", "--resume", "--recipe"});
  group(*command, "Format",
        {"--encoder", "--vocab-size", "--steps-per-quarter", "--velocities", "--tempos", "--form",
         "--channels", "--pedal", "--microtiming", "--piece"});
  group(*command, "Reading MIDI files",
        {"--keep-drums", "--drop-out-of-range", "--drop-too-short", "--max-quantisation-error", "--sustain",
         "--strict"});
  add_examples(*command, {"gruve train corpus.gruve --out model.safetensors",
                          "gruve train corpus.gruve --out model.safetensors --minutes 30",
                          "gruve train corpus.gruve --out model.safetensors --resume"});
  for (const char* const fitted :
       {"--hidden", "--embedding", "--batch", "--epochs", "--patience", "--dropout", "--transpose"})
    command->get_option(fitted)->default_str("what fits the corpus");
  command->get_option("--minutes")->default_str("");
  // A recipe says all that it wants.
  command->callback([options, command] {
    const CLI::Option& recipe = *command->get_option("--recipe");
    const std::vector<std::string>& read = also_read();
    if (recipe.count() > 0 && std::find(read.begin(), read.end(), recipe.as<std::string>()) == read.end())
      throw CLI::ValidationError("--recipe",
                                 "is for the command line, not for a configuration or a variable");
    if (recipe.count() == 0) {
      options->is_given = [command](const char* name) { return command->get_option(name)->count() > 0; };
      options->encoding = fit_encoding(*command, options->paths, options->build);
    }
    const Launched launched;
    try {
      train(*options, launched);
    } catch (const Interrupted&) {
      throw;  // as all processes do
    } catch (const Diverged&) {
      throw;
    } catch (const std::exception& error) {
      launched.abort(error.what());
      throw;
    }
  });
}
