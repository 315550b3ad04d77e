// gruve bench midi: files read per second, and files read, screened and encoded per second in both formats.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench.hpp"
#include "gruve/core/error.hpp"
#include "gruve/core/thread_pool.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/screening.hpp"
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

/// A pass over all files of a folder, one after another on each thread. The row has the number of notes, so
/// that a peer's can be compared with it.
void bench_midi(const BenchArguments& options) {
  if (options.midi.empty()) throw Error("gruve bench midi needs a folder: --midi DIR");
  const std::vector<std::filesystem::path> files = midi_files(options.midi);
  ThreadPool pool(options.threads);
  // encode(song) returns the number of tokens, or is null if files are only read.
  const auto measure = [&](const char* name, const auto& encode) {
    std::atomic<std::size_t> notes = 0, refused = 0, tokens = 0;
    constexpr bool kEncodes = !std::is_null_pointer_v<std::decay_t<decltype(encode)>>;
    const auto pass = [&] {
      notes = refused = tokens = 0;
      pool.for_each(files.size(), [&](std::size_t i) {
        try {
          Song song = read_midi(files[i]).song;
          notes += song.notes.size();
          if constexpr (kEncodes) {
            const Screening screening = screen(std::move(song));
            if (screening.accepted()) tokens += encode(screening.song);
          }
        } catch (const Error&) {
          ++refused;
        }
      });
    };
    const Series seconds = seconds_per_call(options.repeats, options.seconds / 5, pass);
    print(options, name,
          "gruve files=" + std::to_string(files.size()) + " threads=" + std::to_string(options.threads) +
              " refused=" + std::to_string(refused) + (kEncodes ? " tokens=" + std::to_string(tokens) : "") +
              " notes=" + std::to_string(notes),
          "files/s", rate(seconds, static_cast<double>(files.size())), 0);
  };
  measure("midi", nullptr);
  measure("midi_tokens",
          [encoder = TimestepEncoder()](const Song& song) { return encoder.encode(song).size(); });
  measure("midi_events",
          [encoder = EventEncoder()](const Song& song) { return encoder.encode(song).size(); });
}

}  // namespace gruve::bench
