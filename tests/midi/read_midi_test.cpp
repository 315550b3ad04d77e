#include "gruve/midi/read_midi.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gruve/core/rng.hpp"
#include "gruve/midi/song.hpp"

#include "catch.hpp"
#include "midi/midi_bytes.hpp"

using namespace gruve;
using namespace gruve::tests;

namespace {

// As strict as it can be.
MidiFile parse(const Bytes& file) { return parse_midi(file, "song.mid", {.repair = false}); }

std::string refusal(const Bytes& file) {
  try {
    parse(file);
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

std::vector<Note> notes_of(const Bytes& file) { return parse(file).song.notes; }

}  // namespace

TEST_CASE("A file of format 1 gives the notes, tempos and metres of all its tracks", "[midi][reader]") {
  const Bytes file = header(1, 3, 480) +
                     track({0,    0xFF, 0x58, 4,    6,    3,    24,   8,     // 6/8
                            0,    0xFF, 0x51, 3,    0x07, 0xA1, 0x20,        // 500,000 microseconds
                            0x83, 0x60, 0xFF, 0x51, 3,    0x06, 0x1A, 0x80,  // at tick 480: 400,000
                            0,    0xFF, 0x2F, 0}) +
                     track({0,    0xFF, 0x03, 2,   'R', 'H',  // a track name
                            0,    0xC2, 5,                    // program of channel 2
                            0x10, 0x92, 60,   100,            // at tick 16, channel 2
                            0x20, 0x82, 60,   64,             // at tick 48
                            0,    0xFF, 0x2F, 0}) +
                     track({0x10, 0x99, 36,   80,                 // drums, at tick 16
                            0x08, 0xFF, 0x58, 4,    3, 2, 24, 8,  // 3/4 at tick 24
                            0x08, 0x99, 36,   0,                  // velocity 0 is a note-off, at tick 32
                            0x87, 0x40, 0xFF, 0x2F, 0});          // ends at tick 32 + 960
  const MidiFile midi = parse(file);
  CHECK(midi.format == 1);
  CHECK(midi.division == 480);
  CHECK(midi.song.ticks_per_quarter == 480);
  CHECK(midi.song.tempos == std::vector<Tempo>{{0, 500'000}, {480, 400'000}});
  CHECK(midi.song.time_signatures == std::vector<TimeSignature>{{0, 6, 8}, {24, 3, 4}});
  CHECK(midi.song.notes == std::vector<Note>{{16, 32, 36, 80, 9}, {16, 48, 60, 100, 2}});
  CHECK(midi.song.length == 992);
}

TEST_CASE("A running status continues over channel events and is per channel and kind", "[midi][reader]") {
  CHECK(notes_of(file_of({0, 0x91, 60, 90, 4, 64, 91, 4, 60, 0, 4, 64, 0, 0, 0xFF, 0x2F, 0})) ==
        std::vector<Note>{{0, 8, 60, 90, 1}, {4, 12, 64, 91, 1}});
}

TEST_CASE("Delta times have one to four bytes", "[midi][reader]") {
  // The examples of the standard: 0x7F is 127, 0x81 0x00 is 128, 0xC0 0x80 0x00 is 2^20, 0xFF 0xFF 0xFF 0x7F
  // is 2^28 - 1.
  const auto notes = notes_of(file_of({0x7F, 0x90, 60,   1,    0x81, 0x00, 60, 0, 0xC0, 0x80, 0x00, 61,
                                       2,    0xFF, 0xFF, 0xFF, 0x7F, 61,   0,  0, 0xFF, 0x2F, 0}));
  CHECK(notes ==
        std::vector<Note>{{127, 255, 60, 1, 0}, {255 + 1048576, 255 + 1048576 + 268435455, 61, 2, 0}});
}

TEST_CASE("A note-off ends the note of its channel and pitch that has sounded longest", "[midi][reader]") {
  CHECK(notes_of(file_of({0, 0x90, 60,   10,  // first
                          2, 0x90, 60,   20,  // second, while the first sounds
                          2, 0x90, 60,   30,  // third
                          2, 0x80, 60,   0,   // ends the first, at 6
                          2, 0x80, 60,   0,   // ends the second, at 8
                          2, 0x90, 60,   40,  // a fourth, at 10, while the third sounds
                          2, 0x80, 60,   0,   // ends the third, at 12
                          2, 0x80, 60,   0,   // ends the fourth, at 14
                          2, 0x80, 60,   0,   // ends nothing
                          0, 0xFF, 0x2F, 0})) ==
        std::vector<Note>{{0, 6, 60, 10, 0}, {2, 8, 60, 20, 0}, {4, 12, 60, 30, 0}, {10, 14, 60, 40, 0}});
}

TEST_CASE("A note-off of another channel or another track ends nothing", "[midi][reader]") {
  const Bytes file = header(1, 2, 96) + track({0, 0x90, 60, 10, 9, 0x81, 60, 0, 9, 0xFF, 0x2F, 0}) +
                     track({5, 0x80, 60, 0, 0, 0xFF, 0x2F, 0});
  CHECK(notes_of(file) == std::vector<Note>{{0, 18, 60, 10, 0}});
}

TEST_CASE("The notes of any number of tracks are in the order of sort_notes", "[midi][reader]") {
  constexpr std::int64_t kSounds = -1;
  Rng rng(3);
  for (int round = 0; round < 300; ++round) {
    const int num_tracks = 1 + round % 9;
    Bytes file = header(1, num_tracks, 96);
    std::vector<Note> expected;
    for (int i = 0; i < num_tracks; ++i) {
      Bytes events;
      std::int64_t tick = 0;
      const std::uint32_t num_events = rng.below(4) == 0 ? 0 : rng.below(90);
      const std::uint32_t rest = rng.below(2) == 0 ? 0 : 5;  // all together, or chords of a few notes
      for (std::uint32_t n = 0; n < num_events; ++n) {
        const auto wait = static_cast<int>(rng.below(3) == 0 ? rest : 0);
        const auto pitch = static_cast<int>(rng.below(40)), channel = static_cast<int>(rng.below(2));
        const auto velocity = static_cast<int>(rng.below(4));  // 0 ends the oldest note of the key
        tick += wait;
        events = events + bytes({wait, 0x90 | channel, pitch, velocity});
        if (velocity > 0) {
          expected.push_back({tick, kSounds, pitch, velocity, channel});
        } else {
          const auto ended = std::find_if(expected.begin(), expected.end(), [&](const Note& note) {
            return note.end == kSounds && note.pitch == pitch && note.channel == channel;
          });
          if (ended != expected.end()) ended->end = tick;
        }
      }
      file = file + chunk("MTrk", events + bytes({1, 0xFF, 0x2F, 0}));
      for (Note& note : expected)
        if (note.end == kSounds) note.end = tick + 1;
    }
    sort_notes(expected);
    REQUIRE(notes_of(file) == expected);
  }
}

TEST_CASE("Notes still sounding at the end of their track end there and in no later track",
          "[midi][reader]") {
  const Bytes file = header(1, 2, 96) + track({0, 0x90, 60, 10, 0, 60, 11, 7, 0xFF, 0x2F, 0}) +
                     track({1, 0x90, 60, 12, 2, 0x80, 60, 0, 0, 0xFF, 0x2F, 0});
  CHECK(notes_of(file) == std::vector<Note>{{0, 7, 60, 10, 0}, {0, 7, 60, 11, 0}, {1, 3, 60, 12, 0}});
}

TEST_CASE("A note that begins and ends at one tick has no length", "[midi][reader]") {
  CHECK(notes_of(file_of({3, 0x90, 60, 10, 0, 0x80, 60, 0, 0, 0xFF, 0x2F, 0})) ==
        std::vector<Note>{{3, 3, 60, 10, 0}});
}

TEST_CASE("Other events are skipped by their length", "[midi][reader]") {
  const auto song =
      parse(
          file_of({0, 0xA0, 60,   1,                 // key pressure
                   0, 0xB0, 64,   127,               // controller
                   0, 0xC0, 1,                       // program
                   0, 0xD0, 1,                       // channel pressure
                   0, 0xE0, 0,    64,                // pitch bend
                   1, 0xF0, 3,    0x7E, 0x90, 0xF7,  // system exclusive
                   1, 0xF7, 2,    0x90, 60,          // escape
                   1, 0xFF, 0x7F, 0x81, 0x00,        // sequencer data, 128 bytes ...
                   1, 1,    1,    1,    1,    1,    1, 1, 1,    1,    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                   1, 1,    1,    1,    1,    1,    1, 1, 1,    1,    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                   1, 1,    1,    1,    1,    1,    1, 1, 1,    1,    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                   1, 1,    1,    1,    1,    1,    1, 1, 1,    1,    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                   1, 1,    1,    1,    1,    1,    1, 1, 1,    1,    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                   1, 1,    1,    1,    1,    1,    1, 1, 1,    1,    1, 1, 1, 1, 1, 1, 1, 1,  // ... end here
                   1, 0x90, 60,   5,    1,    60,   0, 0, 0xFF, 0x2F, 0}))
          .song;
  CHECK(song.notes == std::vector<Note>{{4, 5, 60, 5, 0}});
}

TEST_CASE("Unknown chunks and what a header has beyond six bytes are skipped", "[midi][reader]") {
  const Bytes file = chunk("MThd", bytes({0, 0, 0, 1, 0, 96, 1, 2, 3})) +
                     chunk("XFIH", bytes({1, 2, 3, 4, 5})) +
                     track({0, 0x90, 60, 5, 1, 60, 0, 0, 0xFF, 0x2F, 0});
  CHECK(notes_of(file) == std::vector<Note>{{0, 1, 60, 5, 0}});
}

TEST_CASE("What many programs write in violation of the standard is accepted", "[midi][reader]") {
  const std::vector<Note> expected{{0, 1, 60, 5, 0}};
  SECTION("no end-of-track event") { CHECK(notes_of(file_of({0, 0x90, 60, 5, 1, 60, 0})) == expected); }
  SECTION("bytes after the end-of-track event") {
    CHECK(notes_of(file_of({0, 0x90, 60, 5, 1, 60, 0, 0, 0xFF, 0x2F, 0, 0, 0x90, 61})) == expected);
  }
  SECTION("bytes after the last chunk") {
    const Bytes file = file_of({0, 0x90, 60, 5, 1, 60, 0, 0, 0xFF, 0x2F, 0});
    CHECK(notes_of(file + bytes({0})) == expected);
    CHECK(notes_of(file + bytes({0x1A, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0})) == expected);
  }
  SECTION("more tracks than the header promises, and two in format 0") {
    const Bytes file = header(0, 1, 96) + track({0, 0xFF, 0x2F, 0}) + track({0, 0x90, 60, 5, 1, 60, 0});
    CHECK(notes_of(file) == expected);
  }
  SECTION("a track of no bytes, or no track where none is promised") {
    CHECK(notes_of(header(1, 2, 96) + track({}) + track({0, 0x90, 60, 5, 1, 60, 0})) == expected);
    CHECK(parse(header(1, 0, 96)).song == Song{.ticks_per_quarter = 96});
  }
}

TEST_CASE("An SMPTE division keeps its time in seconds whatever tempo the file states", "[midi][reader]") {
  const auto events =
      track({0, 0xFF, 0x51, 3, 1, 0, 0, 100, 0x90, 60, 5, 0x87, 0x68, 60, 0, 0, 0xFF, 0x2F, 0});
  SECTION("25 frames of 40 ticks are milliseconds") {
    const MidiFile midi = parse(header(0, 1, 0xE728) + events);
    CHECK(midi.division == 0xE728);
    CHECK(midi.song.ticks_per_quarter == 1000);
    CHECK(midi.song.tempos == std::vector<Tempo>{{0, 1'000'000}});
    CHECK(duration_seconds(midi.song) == Approx(1.1));  // tick 100 + 1000
  }
  SECTION("29 means 30000 / 1001 frames a second") {
    const MidiFile midi = parse(header(0, 1, 0xE364) + events);
    CHECK(midi.song.ticks_per_quarter == 3000);
    CHECK(duration_seconds(midi.song) == Approx(1100.0 / 100 * 1001 / 30000));
  }
}

TEST_CASE("A header that is none is refused with its byte", "[midi][reader]") {
  CHECK(refusal({}) == "song.mid, byte 0: the file is empty");
  CHECK(refusal(bytes({'M', 'T', 'h', 'd', 0, 0, 0, 6, 0, 1})) ==
        "song.mid, byte 0: the file has 10 bytes, a MIDI header takes 14");
  CHECK(refusal(bytes({'R', 'I', 'F', 'F', 0, 0, 0, 0, 'R', 'M', 'I', 'D'})) ==
        "song.mid, byte 0: found \"RIFF\", expected \"MThd\": not a MIDI file");
  CHECK(refusal(bytes({0, 'T', 'h', 0xFF})) ==
        "song.mid, byte 0: found bytes 0x00 0x54 0x68 0xFF, expected \"MThd\": not a MIDI file");
  CHECK(refusal(chunk("MThd", bytes({0, 0, 0, 1, 0})) + bytes({96})) ==
        "song.mid, byte 4: header length 5, expected at least 6");
  CHECK(refusal(bytes({'M', 'T', 'h', 'd', 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1, 0, 96})) ==
        "song.mid, byte 8: header length 4294967295 runs past the end of the file (6 bytes remain)");
  CHECK(refusal(header(3, 1, 96)) == "song.mid, byte 8: format 3, expected 0, 1 or 2");
  CHECK(refusal(header(1, 1, 0)) ==
        "song.mid, byte 12: division of 0 ticks per quarter note, expected 1 to 32767");
  CHECK(refusal(header(1, 1, 0xE628)) ==
        "song.mid, byte 12: SMPTE division of 26 frames per second, expected 24, 25, 29 or 30");
  CHECK(refusal(header(1, 1, 0xE700)) ==
        "song.mid, byte 13: SMPTE division of 0 ticks per frame, expected 1 to 255");
}

TEST_CASE("Missing tracks and chunks that are cut short are refused with their byte", "[midi][reader]") {
  CHECK(refusal(header(1, 2, 96) + track({0, 0xFF, 0x2F, 0})) ==
        "song.mid, byte 26: the file ends after 1 of the 2 tracks that its header promises");
  CHECK(refusal(header(0, 1, 96) + bytes({'M', 'T', 'r', 'k', 0, 0, 16, 0, 0, 0xFF, 0x2F, 0})) ==
        "song.mid, byte 22: track length 4096 runs past the end of the file (4 bytes remain)");
  CHECK(refusal(header(0, 1, 96) + bytes({'X', 'F', 'I', 'H', 0, 0, 0, 9, 1})) ==
        "song.mid, byte 22: chunk length 9 runs past the end of the file (1 bytes remain)");
  CHECK(refusal(file_of({0, 0xFF, 0x2F, 0}) + bytes({'M', 'T', 'r', 'k', 0, 0, 0, 9, 1})) ==
        "song.mid, byte 34: track length 9 runs past the end of the file (1 bytes remain)");
}

TEST_CASE("Events that are cut short or make no sense are refused with their byte", "[midi][reader]") {
  // The first event begins at byte 22, the second, where there is one, at byte 26.
  CHECK(refusal(file_of({0, 0x90, 60, 5, 0x81})) ==
        "song.mid, byte 26: event runs past the end of its track");
  CHECK(refusal(file_of({0, 0x90, 60, 5, 1})) == "song.mid, byte 26: event runs past the end of its track");
  CHECK(refusal(file_of({0, 0x90, 60})) == "song.mid, byte 22: event runs past the end of its track");
  CHECK(refusal(file_of({0, 0xFF})) == "song.mid, byte 22: event runs past the end of its track");
  CHECK(refusal(file_of({0, 60, 5})) ==
        "song.mid, byte 23: data byte 0x3C where a status byte is needed, with no running status");
  CHECK(refusal(file_of({0, 0x90, 60, 5, 0, 0xFF, 1, 0, 0, 60, 0})) ==  // a meta event ends a running status
        "song.mid, byte 31: data byte 0x3C where a status byte is needed, with no running status");
  CHECK(refusal(file_of({0, 0x90, 0x80, 5})) == "song.mid, byte 24: data byte 0x80, expected 0x00 to 0x7F");
  CHECK(refusal(file_of({0, 0xB0, 7, 0xFF})) == "song.mid, byte 25: data byte 0xFF, expected 0x00 to 0x7F");
  for (const int status : {0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE}) {
    const std::string digit(1, "0123456789ABCDEF"[status & 15]);
    CHECK(refusal(file_of({0, status, 0, 0})) ==
          "song.mid, byte 23: status byte 0xF" + digit + " has no meaning in a MIDI file");
  }
  CHECK(refusal(file_of({0x80, 0x80, 0x80, 0x80, 0, 0x90, 60, 5})) ==
        "song.mid, byte 22: variable-length quantity is longer than 4 bytes");
  CHECK(refusal(file_of({0, 0xFF, 0x03, 5, 'a'})) ==
        "song.mid, byte 22: meta event 0x03 of length 5 runs past the end of its track (1 bytes remain)");
  CHECK(refusal(file_of({0, 0xF0, 0xFF, 0xFF, 0xFF, 0x7F, 0xF7})) ==
        "song.mid, byte 22: system exclusive event of length 268435455 runs past the end of its track "
        "(1 bytes remain)");
}

TEST_CASE("Tempos and time signatures that can't be are refused with their byte", "[midi][reader]") {
  CHECK(refusal(file_of({0, 0xFF, 0x51, 2, 7, 7})) == "song.mid, byte 22: tempo of length 2, expected 3");
  CHECK(refusal(file_of({0, 0xFF, 0x51, 3, 0, 0, 0})) ==
        "song.mid, byte 26: tempo of 0 microseconds per quarter note, expected at least 1");
  CHECK(refusal(file_of({0, 0xFF, 0x58, 2, 4, 2})) ==
        "song.mid, byte 22: time signature of length 2, expected 4");
  CHECK(refusal(file_of({0, 0xFF, 0x58, 4, 0, 2, 24, 8})) ==
        "song.mid, byte 26: time signature with numerator 0, expected 1 to 255");
  CHECK(refusal(file_of({0, 0xFF, 0x58, 4, 4, 77, 24, 8})) ==
        "song.mid, byte 27: time signature with denominator 2^77, expected 2^0 to 2^8");
}

TEST_CASE("The error of a missing file names it", "[midi][reader]") {
  CHECK_THROWS_WITH(read_midi("no/such/song.mid"),
                    "no/such/song.mid: cannot open: No such file or directory");
}

TEST_CASE("A hundred thousand notes of one key that never end are read, each of 16 quarter notes",
          "[midi][reader]") {
  Bytes events = bytes({0, 0x90, 60, 9});
  for (int i = 1; i < 100'000; ++i) events = std::move(events) + bytes({1, 60, 9});
  const Song song = parse(header(0, 1, 96) + chunk("MTrk", events)).song;
  REQUIRE(song.notes.size() == 100'000);
  CHECK(song.notes.front() == Note{0, 1'536, 60, 9, 0});
  CHECK(song.notes[70'000] == Note{70'000, 71'536, 60, 9, 0});
  CHECK(song.notes.back() == Note{99'999, 100'095, 60, 9, 0});
  CHECK(song.length == 100'095);
}

TEST_CASE("Every truncation and every changed byte of a file is read or refused", "[midi][reader]") {
  const Bytes whole = header(1, 2, 480) + chunk("XFIH", bytes({1, 2})) +
                      track({0, 0xFF, 0x58, 4, 6,    3, 24, 8,    0, 0xFF, 0x51, 3,
                             7, 0xA1, 0x20, 0, 0xF0, 2, 1,  0xF7, 0, 0xFF, 0x2F, 0}) +
                      track({0,    0xC2, 5,  0x81, 0x10, 0x92, 60, 100,  0,  60, 90, 1,    64,   100, 0x20,
                             0x82, 60,   64, 1,    60,   0,    0,  0x92, 64, 0,  0,  0xFF, 0x2F, 0});
  REQUIRE(parse(whole).song.notes.size() == 3);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // No header promises less than two tracks, so what is cut in its last track can't be read.
    const std::string reason =
        refusal(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK_THAT(reason, ContainsSubstring("song.mid, byte "));
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      Bytes changed = whole;
      changed[at] = static_cast<std::byte>(value);
      try {
        const Song song = parse(changed).song;
        for (const Note& note : song.notes) {
          if (note.start < 0 || note.end < note.start || note.end > song.length)
            FAIL("a note outside the song");
        }
      } catch (const Error& error) {
        if (!error.byte() || *error.byte() > changed.size()) FAIL(error.what());
      }
    }
  }
}

TEST_CASE("Odd files from the internet are each read or refused at a byte within them", "[midi][reader]") {
  const std::filesystem::path folder = std::filesystem::path(GRUVE_SHARED_DATA) / "midi-odd";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: there is no " << folder);
    return;
  }
  int read = 0;
  int refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".tsv") continue;
    INFO(entry.path());
    try {
      const MidiFile midi = read_midi(entry.path(), {.repair = false});
      CHECK(midi.song.ticks_per_quarter > 0);
      ++read;
    } catch (const Error& error) {
      INFO(error.what());
      REQUIRE(error.byte());
      CHECK(*error.byte() <= entry.file_size());
      ++refused;
    }
  }
  CHECK(read + refused == 558);
}
