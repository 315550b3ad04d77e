// gruve bench midi: files read, and made into tokens, in a second.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "bench.hpp"
#include "gruve/core/error.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/tokens/timestep_encoder.hpp"

namespace gruve::bench {
namespace {

std::vector<std::filesystem::path> midi_files(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) throw Error(folder.string(), "no such folder");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".mid" || entry.path().extension() == ".midi") files.push_back(entry);
  std::sort(files.begin(), files.end());
  if (files.empty()) throw Error(folder.string(), "no .mid or .midi file in it");
  return files;
}

}  // namespace

/// A pass over all files of a folder, by one thread. The number of notes stands in the row, so that a peer
/// can be seen to have read the same.
void bench_midi(const BenchArguments& options) {
  if (options.midi.empty()) throw Error("gruve bench midi needs a folder: --midi DIR");
  const std::vector<std::filesystem::path> files = midi_files(options.midi);
  const TimestepEncoder encoder;
  std::size_t notes = 0, refused = 0;
  const auto pass = [&](bool encodes) {
    notes = refused = 0;
    for (const std::filesystem::path& file : files) {
      try {
        const Song song = read_midi(file).song;
        if (encodes) encoder.encode(song);
        notes += song.notes.size();
      } catch (const Error&) {
        ++refused;
      }
    }
  };
  for (const bool encodes : {false, true}) {
    const Series seconds = seconds_per_call(options.repeats, options.seconds / 5, [&] { pass(encodes); });
    print(options, encodes ? "midi_tokens" : "midi",
          "gruve files=" + std::to_string(files.size()) + " refused=" + std::to_string(refused) +
              " notes=" + std::to_string(notes),
          "files/s", rate(seconds, static_cast<double>(files.size())), 0);
  }
}

}  // namespace gruve::bench
