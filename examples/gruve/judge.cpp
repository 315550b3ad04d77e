// gruve judge --corpus CORPUS --model MODEL…: how well classifiers distinguish generated pieces from songs
// that the model has not seen, with the same for other songs, n-grams and altered songs beside it.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "candidates.hpp"
#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/judge/alterations.hpp"
#include "gruve/judge/mauve.hpp"
#include "gruve/judge/song_vectors.hpp"
#include "gruve/judge/two_sample.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/render/markup.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "manual.hpp"
#include "progress_bar.hpp"
#include "sampling.hpp"
#include "streams.hpp"
#include "verdict.hpp"

namespace {

using gruve::Measure;
using gruve::Song;

struct JudgeArguments : SamplingArguments {
  std::vector<std::string> files;
  std::vector<std::string> models;
  std::vector<double> temperatures;
  std::string corpus;
  std::string reader;
  bool ladder = false;
  int count = 100;
  int windows = 600;
  int folds = 5;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

constexpr std::array<gruve::WindowLength, 2> kLengths{{{.bars = 8}, {.seconds = 60}}};
constexpr std::array<const char*, 2> kLengthNames{"8 bars", "a minute"};

// The numbers of a candidate.
struct Judgement {
  std::string name;
  std::array<gruve::TwoSample, 2> tests{};  // for kLengths
  double mauve = std::numeric_limits<double>::quiet_NaN();
  double frechet = std::numeric_limits<double>::quiet_NaN();
  double nats = std::numeric_limits<double>::quiet_NaN();
  std::size_t pieces = 0;
  gruve::Measures medians{};
  double home = 0;                                              // share that ends on the tonic
  std::array<std::size_t, gruve::kJudgedForm.size()> inside{};  // pieces in the range of the corpus's songs
  std::size_t formed = 0;                                       // pieces in all of these
  std::optional<std::size_t> copies = {};                       // pieces that copy more than the songs do
};

class Judge {
 public:
  explicit Judge(const JudgeArguments& options)
      : options_(options),
        source_(options.corpus, static_cast<std::size_t>(options.count),
                static_cast<std::size_t>(options.folds), options.seed, options.threads) {
    if (!options.reader.empty()) reader_.emplace(gruve::load(options.reader));
  }

  void run() {
    std::vector<std::function<Candidate()>> candidates;
    candidates.push_back([&] { return source_.other_songs(); });
    add_models(candidates);
    // Before all that takes time, so that a bad file is named at once.
    const Candidate read = files();
    if (!read.songs.empty()) candidates.push_back([&] { return read; });
    if (options_.ladder) add_ladder(candidates);

    train_judge();
    ProgressBar bar("judging", options_.json);
    const auto total = candidates.size() + 1;
    bar({.done = 0, .total = total, .message = "measuring the songs"});
    measured_ = gruve::measure_corpus(source_.corpus(), source_.threads());
    bar({.done = 1, .total = total, .message = "measuring the songs"});
    real_windows_ = windows_of(source_.real());
    if (reader_) real_vectors_ = vectors_of(source_.real());
    judgements_.push_back(form_of(source_.real()));
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const Candidate candidate = candidates[i]();
      judgements_.push_back(judged(candidate));
      bar({.done = i + 2, .total = total, .message = candidate.name});
    }
    bar.finish();
    if (options_.json)
      print_json();
    else
      print();
  }

 private:
  void add_models(std::vector<std::function<Candidate()>>& candidates) {
    std::vector<double> temperatures = options_.temperatures;
    if (temperatures.empty()) temperatures.push_back(static_cast<double>(options_.sampler.temperature));
    for (const std::string& file : options_.models)
      for (const double temperature : temperatures) {
        gruve::SamplerOptions sampler = options_.sampler;
        sampler.temperature = static_cast<float>(temperature);
        const std::string name = name_of(file) + ", " + described(sampler);
        candidates.push_back([this, file, name, sampler] { return pieces(file, name, sampler, false); });
        if (options_.is_within)
          candidates.push_back(
              [this, file, name, sampler] { return pieces(file, name + ", within", sampler, true); });
      }
  }

  // A model file's name without folder and extension, unless another model has it too.
  std::string name_of(const std::string& file) const {
    const auto short_name = [](const std::string& path) { return std::filesystem::path(path).stem(); };
    const auto is_alike = [&](const std::string& other) { return short_name(other) == short_name(file); };
    return std::ranges::count_if(options_.models, is_alike) > 1 ? file : short_name(file).string();
  }

  Candidate pieces(const std::string& file, const std::string& name, const gruve::SamplerOptions& sampler,
                   bool within) {
    gruve::PieceOptions request{.sampler = sampler, .controls = controls_of(options_)};
    if (within)
      request.within = options_.within.empty() ? measured_.ranges.minutes
                                               : gruve::minute_ranges(options_.within, source_.threads());
    return source_.pieces(file, name, request);
  }

  Candidate files() const {
    Candidate read{.name = options_.files.size() == 1 ? input_name(options_.files.front())
                                                      : std::to_string(options_.files.size()) + " files",
                   .songs = {},
                   .groups = {}};
    for (const std::string& file : options_.files) {
      read.songs.push_back(read_midi_input(file).song);
      read.groups.push_back(source_.real().songs.size() + read.groups.size());
    }
    return read;
  }

  // What is worse than real songs for a reason that is known.
  void add_ladder(std::vector<std::function<Candidate()>>& candidates) {
    for (const double share : {0.01, 0.03, 0.1, 0.3})
      candidates.push_back([this, share] {
        return source_.altered(
            gruve::decimal(100 * share, 0) + " % of notes moved",
            [share](const Song& song, gruve::Rng& rng) { return gruve::with_moved_notes(song, share, rng); });
      });
    candidates.push_back([this] {
      return source_.altered("a tenth of the bars in other keys", [](const Song& song, gruve::Rng& rng) {
        return gruve::with_shifted_keys(song, 0.1, rng);
      });
    });
    candidates.push_back([this] { return source_.altered("bars shuffled", gruve::with_shuffled_bars); });
    candidates.push_back([this] { return source_.ngrams(4); });
    for (const std::string& file : options_.models)
      candidates.push_back([this, file] {
        const gruve::SamplerOptions sampler{.argmax = 0.6f};
        return pieces(file, name_of(file) + ", " + described(sampler), sampler, false);
      });
  }

  std::array<gruve::JudgedWindows, 2> windows_of(const Candidate& candidate) {
    std::array<gruve::JudgedWindows, 2> windows;
    for (std::size_t l = 0; l < kLengths.size(); ++l)
      windows[l] =
          gruve::sampled(gruve::judged_windows(candidate.songs, candidate.groups, kLengths[l],
                                               gruve::AnyEncoder(source_.encoder()), source_.threads()),
                         static_cast<std::size_t>(options_.windows), options_.seed);
    return windows;
  }

  // Of the windows of eight bars, at most as many as the judge takes.
  Eigen::MatrixXd vectors_of(const Candidate& candidate) {
    std::vector<Song> windows;
    for (const Song& song : candidate.songs)
      for (Song& window : gruve::song_windows(song, kLengths[0])) windows.push_back(std::move(window));
    std::vector<std::size_t> indices(windows.size());
    for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = i;
    std::vector<Song> some;
    for (const std::size_t i : drawn(indices, static_cast<std::size_t>(options_.windows), options_.seed))
      some.push_back(std::move(windows[i]));
    return gruve::song_vectors(some, *reader_, source_.threads());
  }

  Judgement form_of(const Candidate& candidate) {
    Judgement result{.name = candidate.name, .nats = candidate.nats};
    std::vector<std::optional<gruve::MeasuredSong>> songs(candidate.songs.size());
    source_.threads().for_each(songs.size(), [&](std::size_t i) {
      try {
        songs[i] = gruve::measure_song(candidate.songs[i]);
      } catch (const gruve::Error&) {
        songs[i].reset();
      }
    });
    std::erase_if(songs, [](const auto& song) { return !song; });
    result.pieces = songs.size();
    std::vector<gruve::NoteSteps> steps;
    for (const auto& song : songs) steps.push_back(song->steps);
    const std::vector<gruve::Copied> copied =
        gruve::find_copied(steps, measured_.steps, measured_.identities);
    const gruve::CorpusRanges& ranges = measured_.ranges;
    for (std::size_t i = 0; i < songs.size(); ++i) {
      gruve::set_copied(*songs[i], copied[i]);
      const gruve::Verdict verdict = gruve::judge(*songs[i], ranges);
      bool formed = true;
      for (std::size_t f = 0; f < result.inside.size(); ++f) {
        result.inside[f] += verdict.form_outside[f] ? 0 : 1;
        formed = formed && !verdict.form_outside[f];
      }
      result.formed += formed ? 1 : 0;
      if (!candidate.is_of_corpus) result.copies = result.copies.value_or(0) + (verdict.copies ? 1 : 0);
      result.home +=
          songs[i]->whole[Measure::ends_on_tonic] == 1 ? 1.0 / static_cast<double>(songs.size()) : 0;
    }
    for (std::size_t m = 0; m < gruve::kNumMeasures; ++m) {
      std::vector<double> values;
      for (const auto& song : songs) values.push_back(song->whole.values[m]);
      result.medians.values[m] = gruve::percentile(std::move(values), 0.5);
    }
    return result;
  }

  Judgement judged(const Candidate& candidate) {
    Judgement result = form_of(candidate);
    const auto windows = windows_of(candidate);
    for (std::size_t l = 0; l < kLengths.size(); ++l)
      result.tests[l] =
          gruve::two_sample_test(real_windows_[l], windows[l], *judge_,
                                 {.folds = options_.folds, .seed = options_.seed}, source_.threads());
    if (reader_) {
      const Eigen::MatrixXd vectors = vectors_of(candidate);
      const Eigen::Index n = std::min(vectors.rows(), real_vectors_.rows());
      result.mauve =
          gruve::mauve(Eigen::MatrixXd(real_vectors_.topRows(n)), Eigen::MatrixXd(vectors.topRows(n)));
      result.frechet = gruve::frechet_distance(real_vectors_, vectors);
    }
    return result;
  }

  // The judge's own language model, of the train split's songs.
  void train_judge() {
    const gruve::AnyEncoder encoder(source_.encoder());
    const std::vector<Song> songs = source_.songs_of(gruve::Split::train);
    std::vector<std::vector<gruve::Token>> tokens(2 * songs.size());
    source_.threads().for_each(songs.size(), [&](std::size_t i) {
      tokens[2 * i] = encoder.encode_song(songs[i]);
      gruve::Rng rng(options_.seed, i);
      tokens[2 * i + 1] = encoder.encode_song(gruve::augmented(songs[i], {.transpose = 5}, rng));
    });
    ProgressBar bar("training the judge", options_.json);
    judge_ = gruve::train_reader(source_.encoder().vocab_size(), tokens, {.seed = options_.seed + 77},
                                 source_.threads(), [&](const gruve::Progress& progress) { bar(progress); });
    bar.finish();
  }

  static std::string share_text(const gruve::TestAccuracy& accuracy) {
    return gruve::decimal(100 * accuracy.value, 0) + " (" + gruve::decimal(100 * accuracy.low, 0) + "-" +
           gruve::decimal(100 * accuracy.high, 0) + ")";
  }

  void print() const {
    std::size_t width = 10;
    for (const Judgement& each : judgements_) width = std::max(width, each.name.size());
    const auto column = static_cast<int>(width);
    std::printf(
        "How well a classifier distinguishes music from %zu songs that no model was trained on, in %% of "
        "windows;\n"
        "50 is chance. In brackets 95 %% intervals over songs.\n\n",
        source_.real().songs.size());
    std::printf("%-*s   %-26s %-26s", column, "", kLengthNames[0], kLengthNames[1]);
    std::printf("%s\n", reader_ ? " MAUVE  Frechet" : "");
    std::printf("%-*s   %-12s %-13s %-12s %-13s", column, "against", "GRU", "measures", "GRU", "measures");
    std::printf("%16s  nats/note\n", "");
    for (const Judgement& each : std::span(judgements_).subspan(1)) {
      std::printf("%-*s  ", column, shown(each.name).c_str());
      for (const gruve::TwoSample& test : each.tests)
        std::printf(" %-12s %-13s", share_text(test.by_tokens).c_str(), share_text(test.by_measures).c_str());
      if (reader_)
        std::printf(" %5.2f %9.2f", each.mauve, each.frechet);
      else
        std::printf("%16s", "");
      std::printf("  %s\n", std::isnan(each.nats) ? "-" : gruve::decimal(each.nats, 3).c_str());
    }
    print_form(column);
  }

  void print_form(int column) const {
    struct Column {
      const char* title;
      Measure measure;
      int judged = -1;  // index in kJudgedForm, of those that the verdict counts
    };
    constexpr std::array<Column, 9> kColumns{{{"returning", Measure::returning_bars, 0},
                                              {"phrases", Measure::returning_phrases},
                                              {"longest", Measure::longest_return},
                                              {"3-8 s", Measure::structure_short, 1},
                                              {"8-15 s", Measure::structure_middle, 2},
                                              {"15+ s", Measure::structure_long, 3},
                                              {"velocities", Measure::velocities},
                                              {"tempos", Measure::tempos},
                                              {"loudness", Measure::loudness_range}}};
    std::printf(
        "\nForm: medians of whole pieces, and in brackets how many %% of them are in the range of nine in "
        "ten\n"
        "songs of the corpus. Returning bars and phrases, the longest return in bars, structure in parts of\n"
        "three lengths, velocities, tempos, the loudness range of phrases; the pieces that end on the tonic, "
        "that\n"
        "are in all these ranges, and that copy more notes in a row than the corpus's songs.\n\n");
    std::printf("%-*s", column, "");
    for (const Column& each : kColumns) std::printf(" %11s", each.title);
    std::printf(" %9s %8s %7s\n", "on tonic", "in all", "copy");
    for (const Judgement& each : judgements_) {
      const double percent = 100 / static_cast<double>(std::max<std::size_t>(1, each.pieces));
      std::printf("%-*s", column, shown(each.name).c_str());
      for (const Column& of : kColumns) {
        std::string text = value_text(of.measure, each.medians[of.measure]);
        if (of.judged >= 0)
          text += std::string(" (") +
                  gruve::decimal(
                      percent * static_cast<double>(each.inside[static_cast<std::size_t>(of.judged)]), 0) +
                  ")";
        std::printf(" %11s", text.c_str());
      }
      std::printf(" %7.0f %% %6.0f %%", 100 * each.home, percent * static_cast<double>(each.formed));
      if (each.copies)
        std::printf(" %5.0f %%\n", percent * static_cast<double>(*each.copies));
      else
        std::printf(" %7s\n", "-");
    }
  }

  static nlohmann::ordered_json accuracy_json(const gruve::TestAccuracy& accuracy) {
    return {{"accuracy", accuracy.value}, {"low", accuracy.low}, {"high", accuracy.high}};
  }

  void print_json() const {
    nlohmann::ordered_json json = {{"songs", source_.real().songs.size()},
                                   {"rows", nlohmann::ordered_json::array()}};
    for (std::size_t i = 0; i < judgements_.size(); ++i) {
      const Judgement& each = judgements_[i];
      nlohmann::ordered_json row = {{"name", each.name}, {"pieces", each.pieces}};
      if (i > 0) {
        constexpr std::array<const char*, 2> kKeys{"bars_8", "minute"};
        for (std::size_t l = 0; l < kKeys.size(); ++l)
          row[kKeys[l]] = {{"windows", each.tests[l].windows},
                           {"gru", accuracy_json(each.tests[l].by_tokens)},
                           {"measures", accuracy_json(each.tests[l].by_measures)}};
        row["mauve"] = each.mauve;
        row["frechet"] = each.frechet;
        row["nats_per_note"] = each.nats;
      }
      for (std::size_t m = 0; m < gruve::kNumMeasures; ++m)
        row["medians"][gruve::kMeasureNames[m].name] = each.medians.values[m];
      row["on_tonic"] = each.home;
      for (std::size_t f = 0; f < each.inside.size(); ++f)
        row["inside"][gruve::kMeasureNames[static_cast<std::size_t>(gruve::kJudgedForm[f])].name] =
            each.inside[f];
      row["formed"] = each.formed;
      row["copies"] = each.copies ? nlohmann::ordered_json(*each.copies) : nlohmann::ordered_json();
      json["rows"].push_back(std::move(row));
    }
    std::printf("%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }

  const JudgeArguments& options_;
  Candidates source_;
  std::optional<gruve::GruModel<float>> judge_;  // its language model
  std::optional<gruve::TrainedModel> reader_;    // whose states are compared
  gruve::MeasuredCorpus measured_;
  std::array<gruve::JudgedWindows, 2> real_windows_;
  Eigen::MatrixXd real_vectors_;
  std::vector<Judgement> judgements_;  // the first of the real songs
};

}  // namespace

void add_judge(CLI::App& app) {
  const auto options = std::make_shared<JudgeArguments>();
  CLI::App* command = app.add_subcommand(
      "judge", "How well classifiers distinguish pieces from songs that their model has not seen");
  command->add_option("FILE", options->files, "MIDI files of pieces to be judged together");
  command
      ->add_option("--corpus", options->corpus,
                   "The corpus file; its valid and test splits are the real songs")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option(
          "--model", options->models,
          "Judge new pieces of this model, each as long as a real song; several are judged one by one")
      ->check(CLI::ExistingFile);
  command->add_option("--temperatures", options->temperatures, "Judge pieces at each of these temperatures")
      ->check(CLI::Range(0.05, 10.0));
  command->add_flag(
      "--ladder", options->ladder,
      "Also judge what is known to be worse: real songs with moved notes, keys and bars, n-grams, and "
      "argmax mixing");
  command
      ->add_option("--reader", options->reader,
                   "A model of other music: MAUVE and the Frechet distance of its states are computed")
      ->check(CLI::ExistingFile);
  command->add_option("--count", options->count, "The most real songs, and as many pieces")
      ->check(CLI::Range(5, 10'000))
      ->capture_default_str();
  command->add_option("--windows", options->windows, "The most windows of each kind that a classifier sees")
      ->check(CLI::Range(10, 1'000'000))
      ->capture_default_str();
  command->add_option("--folds", options->folds, "Folds of the cross-validation")
      ->check(CLI::Range(3, 100))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed gives the same numbers")->capture_default_str();
  add_sampling(*command, *options, "the songs of --corpus");
  command->add_option("--threads", options->threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  group(*command, "New pieces", {"--model", "--temperatures", "--seed", "--within"});
  group_sampling(*command);
  add_examples(
      *command,
      {"gruve judge --corpus corpus.gruve --model model.safetensors --ladder",
       "gruve judge --corpus corpus.gruve --model model.safetensors --temperatures 0.7 0.8 0.9 1 1.1 1.2"});
  command->callback([options] { Judge(*options).run(); });
}
