#include "sampling.hpp"

#include "gruve/generate/scale.hpp"

void add_sampling(CLI::App& command, SamplingArguments& options) {
  gruve::SamplerOptions& sampler = options.sampler;
  command
      .add_option("--argmax", sampler.argmax,
                  "Argmax mixing: the probability that a token is the most probable one instead of a draw")
      ->capture_default_str();
  command.add_option("--temperature", sampler.temperature)->capture_default_str();
  command.add_option("--top-k", sampler.top_k, "Draw among the k most probable, 0 for all")
      ->capture_default_str();
  command.add_option("--top-p", sampler.top_p, "Draw among the fewest that have this probability together")
      ->capture_default_str();
  command
      .add_option("--min-p", sampler.min_p,
                  "Draw among those with at least this share of the highest probability")
      ->capture_default_str();
  gruve::EntropyOptions& entropy = options.sampler.entropy;
  gruve::LimitOptions& limits = options.controls.limits;
  command.add_option("--min-entropy", entropy.min_entropy,
                     "Warmer where the draws' mean entropy in nats would fall below this");
  command.add_option("--max-entropy", entropy.max_entropy, "Cooler where it would rise above this");
  command.add_option("--entropy-window", entropy.window, "Tokens that it is the mean of")
      ->capture_default_str();
  command.add_option("--max-repeats", options.controls.max_repeats,
                     "How often the same one to eight bars may sound in a row, 0 for ever");
  command.add_option("--max-silence", limits.max_silence, "The longest silence in quarter notes, 0 for any");
  command.add_option("--max-held", limits.max_held, "The longest note in quarter notes, 0 for any");
  command.add_option("--max-keys", limits.max_keys, "The most keys at once, 0 for any number");
  command.add_option("--max-notes", limits.max_notes_per_quarter,
                     "The most notes that begin within a quarter note, 0 for any number");
  command.add_option("--key", options.scale, "The scale that notes are of, as \"C major\" or \"F# dorian\"");
  command.add_option("--within", options.within,
                     "Draw each minute again, 64 times at most, until its entropies, density, polyphony and "
                     "key clarity are like those of a corpus file's or a folder's songs");
  command.add_option("--lowest", limits.lowest, "The lowest key, as its MIDI number")->capture_default_str();
  command.add_option("--highest", limits.highest, "The highest key")->capture_default_str();
}

gruve::ControlOptions controls_of(const SamplingArguments& options) {
  gruve::ControlOptions controls = options.controls;
  if (!options.scale.empty()) controls.limits.scale = gruve::scale_from_name(options.scale);
  return controls;
}
