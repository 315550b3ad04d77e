#include "gruve/midi/write_midi.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "catch.hpp"
#include "gruve/core/rng.hpp"
#include "gruve/midi/read_midi.hpp"

using namespace gruve;

namespace {

Song read_back(const Song& song) { return parse_midi(midi_bytes(song), "written.mid").song; }

// Any song that a MIDI file can hold: of two notes of one channel and pitch that overlap, the earlier ends
// first.
Song random_song(Rng& rng) {
  Song song;
  song.ticks_per_quarter = 1 + rng.below(0x7FFF);
  const auto time = [&] { return static_cast<std::int64_t>(rng.below(2u << rng.below(16))); };
  for (std::uint32_t i = rng.below(200); i > 0; --i) {
    const std::int64_t start = time();
    song.notes.push_back({.start = start,
                          .end = start + (rng.below(4) == 0 ? 0 : time()),
                          .pitch = static_cast<int>(rng.below(2) == 0 ? 60 : rng.below(128)),
                          .velocity = 1 + static_cast<int>(rng.below(127)),
                          .channel = static_cast<int>(rng.below(2) == 0 ? 0 : rng.below(16))});
  }
  sort_notes(song.notes);
  std::array<std::int64_t, 16 * 128> last_end{};
  for (Note& note : song.notes) {
    auto& earlier = last_end[static_cast<std::size_t>(note.channel * 128 + note.pitch)];
    note.end = earlier = std::max(note.end, earlier);
    song.length = std::max(song.length, note.end);
  }
  sort_notes(song.notes);
  for (std::uint32_t i = rng.below(5); i > 0; --i) song.tempos.push_back({time(), 1 + rng.below(0xFFFFFF)});
  for (std::uint32_t i = rng.below(5); i > 0; --i) {
    song.time_signatures.push_back({time(), 1 + static_cast<int>(rng.below(255)), 1 << rng.below(9)});
  }
  // One change of each channel at a tick, each of another value than the one before.
  for (int channel = 0; channel < 16; ++channel) {
    std::int64_t tick = 0;
    for (int i = 0; i < static_cast<int>(rng.below(4)); ++i) {
      tick += 1 + time();
      song.programs.push_back({tick, channel, (7 * i + channel) % 128});
      song.pedal.push_back({tick + 1, channel, i % 2 == 0});
      song.length = std::max(song.length, tick + 1);
    }
  }
  const auto by_tick = [](const auto& a, const auto& b) { return a.tick < b.tick; };
  std::stable_sort(song.programs.begin(), song.programs.end(), by_tick);
  std::stable_sort(song.pedal.begin(), song.pedal.end(), by_tick);
  std::stable_sort(song.tempos.begin(), song.tempos.end(), by_tick);
  std::stable_sort(song.time_signatures.begin(), song.time_signatures.end(), by_tick);
  song.length += 1 << 17;
  return song;
}

}  // namespace

TEST_CASE("A song is written as one track of format 0", "[midi][writer]") {
  const Song song{.ticks_per_quarter = 480,
                  .notes = {{0, 480, 60, 80, 0}, {480, 960, 60, 81, 0}, {480, 480, 62, 82, 9}},
                  .tempos = {{0, 500'000}},
                  .time_signatures = {{0, 3, 4}},
                  .length = 1440};
  const std::vector<int> expected{
      'M',  'T',  'h',  'd',  0,    0,    0,    6,
      0,    0,    0,    1,    0x01, 0xE0,            // format 0, one track, 480 ticks a quarter note
      'M',  'T',  'r',  'k',  0,    0,    0,    46,  // 46 bytes
      0,    0xFF, 0x58, 4,    3,    2,    24,   8,   // 3/4
      0,    0xFF, 0x51, 3,    0x07, 0xA1, 0x20,      // 500,000 microseconds
      0,    0x90, 60,   80,                          //
      0x83, 0x60, 0x80, 60,   64,                    // tick 480: first the end of the earlier note,
      0,    0x99, 62,   82,   0,    0x89, 62,   64,  // then the one of no length, whole,
      0,    0x90, 60,   81,                          // then the next begins
      0x83, 0x60, 0x80, 60,   64,                    // tick 960
      0x83, 0x60, 0xFF, 0x2F, 0};                    // tick 1440: end of track
  std::vector<int> written;
  for (const std::byte byte : midi_bytes(song)) written.push_back(static_cast<int>(byte));
  CHECK(written == expected);
}

TEST_CASE("A song that is written and read is the same song", "[midi][writer]") {
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    const Song song = random_song(rng);
    INFO("song " << i << ", " << song.notes.size() << " notes");
    REQUIRE(read_back(song) == song);
  }
  CHECK(read_back(Song{}) == Song{});
}

TEST_CASE("Where the later of two notes of a key ends first, their ends come back exchanged",
          "[midi][writer]") {
  const Song song{.notes = {{0, 100, 60, 1, 0}, {10, 50, 60, 2, 0}}, .length = 100};
  CHECK(read_back(song).notes == std::vector<Note>{{0, 50, 60, 1, 0}, {10, 100, 60, 2, 0}});
}

TEST_CASE("A song that ends before its last event is made as long as that", "[midi][writer]") {
  CHECK(read_back(Song{.notes = {{0, 100, 60, 1, 0}}, .length = 7}).length == 100);
  CHECK(read_back(Song{.tempos = {{30, 400'000}}, .length = 7}).length == 30);
}

TEST_CASE("What a MIDI file can't hold is refused", "[midi][writer]") {
  const auto refusal = [](const Song& song) -> std::string {
    try {
      midi_bytes(song);
    } catch (const Error& error) {
      return error.what();
    }
    return "written";
  };
  const auto of_note = [&](const Note& note) { return refusal(Song{.notes = {note}}); };
  CHECK(refusal({.ticks_per_quarter = 0}) == "ticks per quarter note is 0, a MIDI file holds 1 to 32767");
  CHECK(refusal({.ticks_per_quarter = 32768}) ==
        "ticks per quarter note is 32768, a MIDI file holds 1 to 32767");
  CHECK(of_note({.pitch = 128}) == "note's pitch is 128, a MIDI file holds 0 to 127");
  CHECK(of_note({.velocity = 0}) == "note's velocity is 0, a MIDI file holds 1 to 127");
  CHECK(of_note({.channel = 16}) == "note's channel is 16, a MIDI file holds 0 to 15");
  CHECK(of_note({.start = -1}) == "note's start is -1, a MIDI file holds 0 to 1152921504606846976");
  CHECK(of_note({.start = 5, .end = 4}) == "note's end is 4, a MIDI file holds 5 to 1152921504606846976");
  CHECK(of_note({.start = 268435456, .end = 268435456}) ==
        "gap between two events in ticks is 268435456, a MIDI file holds 0 to 268435455");
  CHECK(refusal({.tempos = {{0, 0}}}) ==
        "tempo in microseconds per quarter note is 0, a MIDI file holds 1 to 16777215");
  CHECK(refusal({.tempos = {{0, 1 << 24}}}) ==
        "tempo in microseconds per quarter note is 16777216, a MIDI file holds 1 to 16777215");
  CHECK(refusal({.time_signatures = {{0, 4, 6}}}) ==
        "time signature's denominator is 6, expected a power of two");
  CHECK(refusal({.time_signatures = {{0, 0, 4}}}) ==
        "time signature's numerator is 0, a MIDI file holds 1 to 255");
  CHECK(refusal({.length = -1}) == "song length is -1, a MIDI file holds 0 to 1152921504606846976");
}

TEST_CASE("write_midi leaves a file that read_midi reads, and no other file", "[midi][writer]") {
  const auto folder = std::filesystem::temp_directory_path() / "gruve_write_midi_test";
  std::filesystem::create_directories(folder);
  const Song song{.notes = {{0, 100, 60, 1, 0}}, .length = 200};
  write_midi(song, folder / "piece.mid");
  CHECK(read_midi(folder / "piece.mid").song == song);
  CHECK(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()) ==
        1);
  std::filesystem::remove_all(folder);
}
