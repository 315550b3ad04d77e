#include "sources.hpp"

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>
#include <variant>

#include "etudes.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "progress_bar.hpp"

namespace {

// The built-in music: études by rule. Their notes stand on sixteenths, so four timesteps a quarter note hold
// all of them, and a beat is six times shorter than on the usual grid of 24.
gruve::Corpus etude_corpus(int threads) {
  constexpr std::size_t kPieces = 3000;
  const gruve::TimestepEncoder encoder({.steps_per_quarter = 4});
  std::vector<std::vector<gruve::Token>> songs(kPieces);
  gruve::ThreadPool pool(threads);
  pool.for_each(kPieces, [&](std::size_t i) {
    songs[i] = encoder.encode(gruve::etudes::compose_etude(1, static_cast<std::uint64_t>(i)));
  });
  return gruve::Corpus::from_songs({.encoder = encoder, .tempo_bpm = 100, .time_signature = {}, .report = {}},
                                   songs);
}

bool is_corpus_file(const std::filesystem::path& path) {
  char magic[8] = {};
  return std::filesystem::is_regular_file(path) &&
         std::ifstream(path, std::ios::binary).read(magic, sizeof magic) &&
         std::string_view(magic, sizeof magic) == "GRUVECRP";
}

}  // namespace

void add_build_options(CLI::App& command, gruve::BuildOptions& build) {
  command
      .add_option_function<std::string>(
          "--encoder",
          [&build](const std::string& name) {
            build.encoder = name == "text" ? gruve::EncoderKind::text : gruve::EncoderKind::timestep;
          },
          "What tokens are made of: timestep (MIDI, the default) or text")
      ->check(CLI::IsMember({"timestep", "text"}));
  command.add_option("--steps-per-quarter", build.timestep.steps_per_quarter, "Timesteps per quarter note")
      ->check(CLI::Range(1, gruve::kMaxStepsPerQuarter))
      ->capture_default_str();
  gruve::ScreeningOptions& screening = build.screening;
  command.add_flag("--drop-out-of-range", screening.drop_out_of_range,
                   "Leave out notes outside the piano's 88 keys instead of refusing their songs");
  command.add_flag("--fold-octaves", screening.fold_octaves, "Move such notes by octaves into the keys");
  command.add_flag("--drop-too-short", screening.drop_too_short,
                   "Leave out notes too short for the grid instead of refusing their songs");
  command.add_flag("--drop-drums", screening.drop_drums, "Leave out the drum channel");
}

gruve::Corpus open_corpus(const std::vector<std::string>& paths, const gruve::BuildOptions& options,
                          bool quiet) {
  if (paths.empty()) return etude_corpus(options.threads);
  if (paths.size() == 1 && is_corpus_file(paths[0])) return gruve::Corpus(std::filesystem::path(paths[0]));
  ProgressBar bar("reading", quiet);
  auto [corpus, report] =
      gruve::build_corpus_in_memory(std::vector<std::filesystem::path>(paths.begin(), paths.end()), options,
                                    [&](const gruve::Progress& progress) { bar(progress); });
  bar.finish();
  if (!quiet && !report.refused.empty())
    std::fprintf(stderr, "%zu of %llu files refused (gruve prepare says why)\n", report.refused.size(),
                 static_cast<unsigned long long>(report.num_files()));
  return std::move(corpus);
}

std::string describe(const gruve::AnyEncoder& encoder) {
  if (const auto* chars = std::get_if<gruve::CharEncoder>(&encoder))
    return "text of " + std::to_string(chars->vocab_size()) + " characters";
  const auto& options = std::get<gruve::TimestepEncoder>(encoder).options();
  return std::to_string(options.steps_per_quarter) + " timesteps per quarter note" +
         (options.repeat_held ? "" : ", onsets only");
}
