// gruve listen --corpus CORPUS --model MODEL --out PAGE: a blind listening test of a model's pieces.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "candidates.hpp"
#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/judge/song_windows.hpp"
#include "gruve/piece/measured_corpus.hpp"
#include "gruve/render/listening_test.hpp"
#include "manual.hpp"
#include "outputs.hpp"
#include "sampling.hpp"
#include "sources.hpp"

namespace {

struct ListenArguments : SamplingArguments {
  std::string corpus;
  std::string model;
  std::string out;
  int pairs = 18;
  double seconds = 20;
  std::uint64_t seed = 1;
  int threads = 0;
  bool json = false;
};

// The clips of a kind: of each song a window, not the first one where there are several.
std::vector<gruve::ListeningClip> clips_of(const Candidate& candidate, const std::string& name,
                                           double seconds, std::uint64_t seed) {
  std::vector<gruve::ListeningClip> clips;
  for (std::size_t i = 0; i < candidate.songs.size(); ++i) {
    std::vector<gruve::Song> windows = gruve::song_windows(candidate.songs[i], {.seconds = seconds});
    if (windows.empty()) continue;
    gruve::Rng rng(seed, i);
    const auto first = std::size_t{windows.size() > 2 ? 1u : 0u};
    const auto last = std::max<std::size_t>(first + 1, windows.size() - (windows.size() > 2 ? 1 : 0));
    clips.push_back({name, std::move(windows[first + rng.below(static_cast<std::uint32_t>(last - first))])});
  }
  return clips;
}

void listen(const ListenArguments& options) {
  const Outputs outputs({{options.out}}, {options.corpus, options.model, options.within});
  const auto count = static_cast<std::size_t>(options.pairs);
  Candidates source(options.corpus, count, 1, options.seed, options.threads);
  // The model against songs, against the n-grams, and against argmax mixing.
  gruve::PieceOptions request{.sampler = options.sampler, .controls = controls_of(options)};
  gruve::PieceOptions argmax{.sampler = {.argmax = 0.6f}, .controls = request.controls};
  if (options.is_within)
    request.within =
        gruve::minute_ranges(options.within.empty() ? options.corpus : options.within, source.threads());
  const auto model =
      clips_of(source.pieces(options.model, "", request), "the model", options.seconds, options.seed);
  const std::array<std::vector<gruve::ListeningClip>, 3> others{
      clips_of(source.real(), "songs", options.seconds, options.seed),
      clips_of(source.ngrams(4), "4-grams", options.seconds, options.seed),
      clips_of(source.pieces(options.model, "", argmax), "argmax 0.6", options.seconds, options.seed)};
  gruve::ListeningTest test;
  gruve::Rng rng(options.seed);
  for (std::size_t i = 0; i < count && !model.empty(); ++i) {
    const std::vector<gruve::ListeningClip>& other = others[i % others.size()];
    if (other.empty()) continue;
    gruve::ListeningPair pair{{model[i % model.size()], other[i % other.size()]}};
    if (rng.below(2) == 1) std::swap(pair.clips[0], pair.clips[1]);
    test.pairs.push_back(std::move(pair));
  }
  for (std::size_t i = test.pairs.size(); i > 1; --i)
    std::swap(test.pairs[i - 1], test.pairs[rng.below(static_cast<std::uint32_t>(i))]);
  gruve::write_listening_test(test, options.out);
  if (options.json)
    std::printf("%s\n", nlohmann::ordered_json{{"out", options.out}, {"pairs", test.pairs.size()}}
                            .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                            .c_str());
  else
    std::printf("%s: %zu pairs of clips of about %.0f s; open it in a browser\n", shown(options.out).c_str(),
                test.pairs.size(), options.seconds);
}

}  // namespace

void add_listen(CLI::App& app) {
  const auto options = std::make_shared<ListenArguments>();
  CLI::App* command = app.add_subcommand(
      "listen", "Write a page for a blind listening test: a model's pieces, songs, n-grams, argmax mixing");
  command->add_option("--corpus", options->corpus, "The corpus file; songs are of its valid and test splits")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--model", options->model, "The model file")->required()->check(CLI::ExistingFile);
  command->add_option("--out", options->out, "The HTML page to write")->required();
  command->add_option("--pairs", options->pairs, "Number of pairs of clips")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--seconds", options->seconds, "Length of a clip, in whole bars")
      ->check(CLI::Range(2.0, 600.0))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed gives the same page")->capture_default_str();
  add_sampling(*command, *options, "the songs of --corpus");
  command->add_option("--threads", options->threads, "Threads, 0 for as many as the machine has")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  group(*command, "New pieces", {"--seed", "--within"});
  group_sampling(*command);
  add_examples(*command, {"gruve listen --corpus corpus.gruve --model model.safetensors --out listen.html"});
  command->callback([options] { listen(*options); });
}
