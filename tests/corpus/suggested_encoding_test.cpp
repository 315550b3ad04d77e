#include "gruve/corpus/suggested_encoding.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/midi/write_midi.hpp"

using namespace gruve;

namespace fs = std::filesystem;

namespace {

// An empty folder, removed in the end.
struct SampledFolder {
  SampledFolder() : path(fs::temp_directory_path() / "gruve_suggested_encoding_test") {
    fs::remove_all(path);
    fs::create_directory(path);
  }
  ~SampledFolder() { fs::remove_all(path); }
  SampledFolder(const SampledFolder&) = delete;
  SampledFolder& operator=(const SampledFolder&) = delete;

  SuggestedEncoding suggested() const { return suggested_encoding(std::span(&path, 1)); }

  fs::path path;
};

// A scale of 60 quarter notes, struck with `velocities` velocities in turn, at tempos that each hold for as
// long.
void write_sampled_song(const fs::path& path, int velocities, const std::vector<double>& tempos) {
  Song song{.ticks_per_quarter = 24};
  for (std::int64_t i = 0; i < 60; ++i)
    song.notes.push_back(
        {24 * i, 24 * i + 24, static_cast<int>(60 + i % 12), static_cast<int>(60 + i % velocities)});
  for (std::size_t i = 0; i < tempos.size(); ++i)
    song.tempos.push_back(
        {static_cast<std::int64_t>(i * 24 * 60 / tempos.size()), std::llround(60e6 / tempos[i])});
  song.length = 24 * 60;
  write_midi(song, path);
}

}  // namespace

TEST_CASE("Velocities and tempos are kept where half of the songs have them", "[corpus][suggested]") {
  const SampledFolder folder;
  write_sampled_song(folder.path / "a.mid", 8, {120});
  write_sampled_song(folder.path / "b.mid", 7, {120});
  CHECK(folder.suggested().encoder == EncoderKind::event);
  CHECK(folder.suggested().event.velocities);
  CHECK_FALSE(folder.suggested().event.tempos);
  CHECK(folder.suggested().event.steps_per_quarter == 24);
  write_sampled_song(folder.path / "c.mid", 1, {120, 121});  // of one level
  CHECK_FALSE(folder.suggested().event.velocities);          // one of three
  CHECK_FALSE(folder.suggested().event.tempos);
  write_sampled_song(folder.path / "d.mid", 1, {120, 90});
  write_sampled_song(folder.path / "e.mid", 1, {110, 130, 110});
  CHECK_FALSE(folder.suggested().event.tempos);  // two of five
  write_sampled_song(folder.path / "f.mid", 1, {120, 60});
  CHECK(folder.suggested().event.tempos);
  CHECK(folder.suggested().reason ==
        "events, velocities left out (1 of 6 songs vary them), tempos kept (3 of 6 songs "
        "change them, the songs' are 110 to 120 bpm)");
}

TEST_CASE("Channels and the pedal are kept where half of the songs have them", "[corpus][suggested]") {
  const SampledFolder folder;
  const auto write = [&](const char* name, const auto& change) {
    Song song{.ticks_per_quarter = 24, .length = 480};
    for (std::int64_t i = 0; i < 20; ++i) song.notes.push_back({24 * i, 24 * i + 24, 60, 80, 0});
    change(song);
    sort_notes(song.notes);
    write_midi(song, folder.path / name);
  };
  write("a.mid", [](Song&) {});
  write("b.mid", [](Song& song) { song.notes[3].channel = 4; });  // also a piano
  CHECK(folder.suggested().reason.find("channels") == std::string::npos);
  write("c.mid", [](Song& song) { song.notes[3].channel = kDrumChannel; });
  CHECK_FALSE(folder.suggested().event.channels);
  write("d.mid", [](Song& song) {
    song.notes[3].channel = 4;
    song.programs = {{0, 4, 33}};
    for (std::int64_t i = 0; i < 4; ++i) {
      song.pedal.push_back({96 * i, 0, true});
      song.pedal.push_back({96 * i + 48, 0, false});
    }
  });
  CHECK(folder.suggested().event.channels);
  CHECK_FALSE(folder.suggested().event.pedal);
  fs::remove(folder.path / "a.mid");
  fs::remove(folder.path / "b.mid");
  CHECK(folder.suggested().event.pedal);
  CHECK(
      folder.suggested().reason ==
      "events, velocities left out (0 of 2 songs vary them), tempos left out (0 of 2 songs change them, all "
      "have 120 bpm), channels kept (2 of 2 songs have drums or several instruments), pedal "
      "kept "
      "(1 of 2 songs press it)");
  CHECK_FALSE(suggested_encoding(std::span(&folder.path, 1), {.sustain = true}).event.pedal);

  // And build_corpus() keeps all of it.
  const Corpus built =
      build_corpus(folder.path, {.encoder = EncoderKind::event, .event = folder.suggested().event});
  bool has_drums = false, has_bass = false;
  for (std::size_t i = 0; i < built.num_songs(); ++i) {
    const Song song = built.encoder().decode_song(built.song(i).tokens);
    has_bass = has_bass || !song.programs.empty();
    for (const Note& note : song.notes) has_drums = has_drums || note.channel == kDrumChannel;
  }
  CHECK(has_drums);
  CHECK(has_bass);
}

TEST_CASE("Songs of different tempos have tempo tokens", "[corpus][suggested]") {
  const SampledFolder folder;
  write_sampled_song(folder.path / "a.mid", 1, {100});
  write_sampled_song(folder.path / "b.mid", 1, {119});
  CHECK_FALSE(folder.suggested().event.tempos);
  write_sampled_song(folder.path / "c.mid", 1, {121});
  CHECK(folder.suggested().event.tempos);
}

TEST_CASE("Files of one other kind have its encoder; MIDI files come first", "[corpus][suggested]") {
  const SampledFolder folder;
  CHECK(folder.suggested().encoder == EncoderKind::event);  // build_corpus() says that there is nothing
  std::ofstream(folder.path / "a.txt") << "abc";
  CHECK(folder.suggested().encoder == EncoderKind::text);
  std::ofstream(folder.path / "b.ids") << "1 2 3";
  CHECK(folder.suggested().encoder == EncoderKind::text);
  fs::remove(folder.path / "a.txt");
  CHECK(folder.suggested().encoder == EncoderKind::ids);
  const fs::path text = folder.path / "c.txt";
  std::ofstream(text) << "abc";
  CHECK(suggested_encoding(std::span(&text, 1)).encoder == EncoderKind::text);
  write_sampled_song(folder.path / "d.mid", 1, {100});
  CHECK(folder.suggested().encoder == EncoderKind::event);
  // A file that can't be read is named by build_corpus(), not here.
  std::ofstream(folder.path / "e.mid") << "MThd";
  CHECK(folder.suggested().reason.starts_with("events, velocities left out (0 of 1 songs"));
  const fs::path missing = folder.path / "missing";
  CHECK_THROWS_AS(suggested_encoding(std::span(&missing, 1)), Error);
}
