#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "gruve/midi/read_midi.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "midi/midi_bytes.hpp"

using namespace gruve;
using namespace gruve::tests;

namespace {

MidiFile repaired(const Bytes& file) { return parse_midi(file, "song.mid", {.repair = true}); }

// The repairs, a line each: "22: what".
std::string repairs_of(const Bytes& file) {
  std::string text;
  for (const Repair& repair : repaired(file).repairs)
    text += (text.empty() ? "" : "\n") + std::to_string(repair.byte) + ": " + repair.what;
  return text;
}

std::vector<Note> notes_of(const Bytes& file) { return repaired(file).song.notes; }

const Bytes kEnd = bytes({0, 0xFF, 0x2F, 0});
const Bytes kNoteEvents = bytes({0, 0x90, 60, 5, 1, 60, 0});
const Bytes kTrack = chunk("MTrk", kNoteEvents + kEnd);  // 19 bytes
const std::vector<Note> kNote = {{0, 1, 60, 5, 0}};

// A chunk whose length is not that of its content.
Bytes track_of_length(int length, const Bytes& content) {
  return bytes({'M', 'T', 'r', 'k', length >> 24, length >> 16 & 255, length >> 8 & 255, length & 255}) +
         content;
}

}  // namespace

TEST_CASE("A sound file needs no repair", "[midi][repair]") {
  const MidiFile midi = repaired(header(0, 1, 96) + kTrack);
  CHECK(midi.repairs.empty());
  CHECK(midi.num_repairs == 0);
  CHECK(midi.song.notes == kNote);
}

TEST_CASE("What is accepted though not in the standard is listed, repair or not", "[midi][repair]") {
  const Bytes file = header(0, 0, 96) + chunk("MTrk", kNoteEvents) +
                     chunk("MTrk", bytes({0, 0x90, 60, 5}) + kEnd) + chunk("MTrk", kEnd + bytes({1, 2})) +
                     bytes({1, 2, 3});
  const std::string expected =
      "29: the track has no end-of-track event\n"
      "45: 1 note is never ended, and ends with the track at tick 0\n"
      "57: 2 bytes after the end of the track are skipped\n"
      "59: 3 bytes after the last chunk are skipped\n"
      "10: the header promises 0 tracks, there are 3";
  CHECK(repairs_of(file) == expected);
  CHECK(parse_midi(file, "song.mid").repairs == repaired(file).repairs);
}

TEST_CASE("A header is found after other bytes", "[midi][repair]") {
  const Bytes file = header(0, 1, 96) + kTrack;
  const Bytes riff =
      bytes({'R', 'I', 'F', 'F', 41, 0, 0, 0, 'R', 'M', 'I', 'D', 'd', 'a', 't', 'a', 33, 0, 0, 0});
  CHECK(notes_of(riff + file) == kNote);
  CHECK(repairs_of(riff + file) == "0: 20 bytes of RIFF wrapping are skipped");
  CHECK(notes_of(bytes({0, 1, 2}) + file) == kNote);
  CHECK(repairs_of(bytes({0, 1, 2}) + file) == "0: 3 bytes before the header are skipped");
}

TEST_CASE("A header with a wrong length, format or number of tracks is read", "[midi][repair]") {
  const auto with = [](int length, int format, int tracks) {
    return bytes({'M', 'T', 'h', 'd', 0, 0, 0, length, 0, format, 0, tracks, 0, 96}) + kTrack;
  };
  CHECK(notes_of(with(5, 0, 1)) == kNote);
  CHECK(repairs_of(with(5, 0, 1)) == "4: header length 5, expected at least 6");
  CHECK(notes_of(with(9, 0, 1)) == kNote);
  CHECK(repairs_of(with(9, 0, 1)) == "4: header length 9, although a track follows after 6 bytes");
  CHECK(notes_of(with(200, 0, 1)) == kNote);
  CHECK(repairs_of(with(200, 0, 1)) == "4: header length 200, although a track follows after 6 bytes");
  CHECK(notes_of(with(6, 7, 1)) == kNote);
  CHECK(repairs_of(with(6, 7, 1)) == "8: format 7, expected 0, 1 or 2");
  CHECK(notes_of(with(6, 0, 3)) == kNote);
  CHECK(repairs_of(with(6, 0, 3)) == "33: the file ends after 1 of the 3 tracks that its header promises");
}

TEST_CASE("A track may be longer or shorter than its length", "[midi][repair]") {
  const Bytes head = header(1, 2, 96);
  const Bytes events = kNoteEvents + kEnd;  // 11 bytes
  const std::vector<Note> both = {{0, 1, 60, 5, 0}, {0, 1, 60, 5, 0}};
  for (const int length : {0, 3, 7, 10}) {
    CHECK(notes_of(head + track_of_length(length, events) + kTrack) == both);
    CHECK(repairs_of(head + track_of_length(length, events) + kTrack) ==
          "18: the track continues after its length of " + std::to_string(length));
  }
  CHECK(notes_of(head + track_of_length(15, events) + kTrack) == both);
  CHECK(repairs_of(head + track_of_length(15, events) + kTrack) ==
        "18: the track ends before its length of 15, where another begins");
  CHECK(notes_of(head + track_of_length(1000, events) + kTrack) == both);
  CHECK(repairs_of(head + track_of_length(1000, events) + kTrack) ==
        "22: track length 1000 runs past the end of the file (30 bytes remain)\n"
        "18: the track ends before its length of 30, where another begins");
}

TEST_CASE("Bytes between tracks that are no chunk are skipped", "[midi][repair]") {
  const Bytes file = header(1, 2, 96) + kTrack + bytes({0, 0, 0, 0, 0, 0, 0, 0, 0}) + kTrack;
  CHECK(notes_of(file).size() == 2);
  CHECK(repairs_of(file) == "33: 9 bytes that are not a chunk are skipped");
}

TEST_CASE("A last track that is cut short keeps its whole events", "[midi][repair]") {
  const Bytes file = header(0, 1, 96) + track_of_length(100, kNoteEvents + bytes({3, 0x90, 62}));
  CHECK(notes_of(file) == kNote);
  CHECK(repairs_of(file) ==
        "22: track length 100 runs past the end of the file (10 bytes remain)\n"
        "29: event runs past the end of its track: the 3 remaining bytes of the track are skipped");
}

TEST_CASE("A note whose end is cut off ends with the last whole event", "[midi][repair]") {
  const Bytes file =
      header(0, 1, 96) + track_of_length(100, kNoteEvents + bytes({3, 0x90, 62, 5, 2, 64, 5, 9, 62}));
  CHECK(notes_of(file) == std::vector<Note>{{0, 1, 60, 5, 0}, {4, 6, 62, 5, 0}, {6, 6, 64, 5, 0}});
  CHECK(repaired(file).song.length == 6);
  CHECK(repairs_of(file) ==
        "22: track length 100 runs past the end of the file (16 bytes remain)\n"
        "36: event runs past the end of its track: the 2 remaining bytes of the track are skipped\n"
        "36: 2 notes are never ended, and end with the track at tick 6");
}

TEST_CASE("Events that the standard does not allow are read as far as they can be", "[midi][repair]") {
  const auto file = [](const Bytes& events) { return header(0, 1, 96) + chunk("MTrk", events + kEnd); };
  SECTION("a running status goes on over a meta event") {
    const Bytes events = bytes({0, 0x90, 60, 5, 0, 0xFF, 1, 0, 1, 60, 0});
    CHECK(notes_of(file(events)) == kNote);
    CHECK(
        repairs_of(file(events)) ==
        "31: data byte 0x3C where a status byte is needed, with no running status: the last channel event's "
        "status is used");
  }
  SECTION("a velocity above 127 is 127, a key above 127 no note") {
    const Bytes events = bytes({0, 0x90, 60, 200, 0, 0x90, 200, 60, 1, 0x80, 60, 0});
    CHECK(notes_of(file(events)) == std::vector<Note>{{0, 1, 60, 127, 0}});
    CHECK(repairs_of(file(events)) ==
          "25: data byte 0xC8, expected 0x00 to 0x7F\n28: data byte 0xC8, expected 0x00 to 0x7F");
  }
  SECTION("messages of a live stream are skipped with their data") {
    const Bytes events = bytes({0, 0xF8, 0, 0xF2, 1, 2, 0, 0xF3, 1, 0, 0xFE}) + kNoteEvents;
    CHECK(notes_of(file(events)) == kNote);
    CHECK(repaired(file(events)).num_repairs == 4);
  }
  SECTION("tempos and time signatures that are none are left out") {
    const Bytes events = bytes({0, 0xFF, 0x51, 2, 7, 7, 0,  0xFF, 0x51, 3,    0,    0, 0, 0, 0xFF, 0x58, 1, 4,
                                0, 0xFF, 0x58, 4, 0, 2, 24, 8,    0,    0xFF, 0x58, 4, 4, 9, 24,   8}) +
                         kNoteEvents;
    CHECK(notes_of(file(events)) == kNote);
    CHECK(repaired(file(events)).num_repairs == 5);
    CHECK(repaired(file(events)).song.tempos.empty());
    CHECK(repaired(file(events)).song.time_signatures.empty());
  }
  SECTION("where nothing can be understood the rest of the track is left out, and the next is read") {
    const Bytes broken =
        header(1, 2, 96) + chunk("MTrk", kNoteEvents + bytes({0x80, 0x80, 0x80, 0x80, 0, 1, 2})) + kTrack;
    CHECK(notes_of(broken).size() == 2);
    CHECK(repairs_of(broken) ==
          "29: variable-length quantity is longer than 4 bytes: the 7 remaining bytes of the track are "
          "skipped");
    CHECK(
        repairs_of(file(bytes({0, 60, 5}))) ==
        "23: data byte 0x3C where a status byte is needed, with no running status: the 7 remaining bytes of "
        "the track are skipped");
  }
}

TEST_CASE("What is no MIDI file is refused in repair, too", "[midi][repair]") {
  const auto reason = [](const Bytes& file) { return error_of([&] { repaired(file); }); };
  CHECK(reason({}) == "song.mid, byte 0: the file has 0 bytes, a MIDI header takes 14");
  CHECK(reason(bytes({'M', 'T', 'r', 'k', 0, 0, 0, 4, 0, 0xFF, 0x2F, 0, 0, 0})) ==
        "song.mid, byte 0: found \"MTrk\", expected \"MThd\": not a MIDI file");
  CHECK(reason(header(1, 1, 0) + kTrack) ==
        "song.mid, byte 12: division of 0 ticks per quarter note, expected 1 to 32767");
}

TEST_CASE("Limits are enforced, in repair too, and named", "[midi][repair]") {
  const Bytes file = header(0, 1, 96) + kTrack;
  for (const bool repair : {false, true}) {
    const auto reason = [&](MidiOptions options) {
      options.repair = repair;
      return error_of([&] { parse_midi(file, "song.mid", options); });
    };
    CHECK(reason({.max_events = 3}) == "no error");
    CHECK(reason({.max_events = 2}) == "song.mid, byte 29: more than 2 events");
    CHECK(reason({.max_ticks = 1}) == "no error");
    CHECK(reason({.max_ticks = 0}) == "song.mid, byte 26: an event at tick 1, expected at most 0");
  }
}

TEST_CASE("A file full of faults lists the first and counts all", "[midi][repair]") {
  Bytes events;
  for (int i = 0; i < 1000; ++i) events = std::move(events) + bytes({0, 0xF8});
  const MidiFile midi = repaired(header(0, 1, 96) + chunk("MTrk", events + kNoteEvents + kEnd));
  CHECK(midi.num_repairs == 1000);
  CHECK(midi.repairs.size() == kMaxListedRepairs);
  CHECK(midi.song.notes == kNote);
}

TEST_CASE("In repair every truncation and every changed byte behind the header gives a song",
          "[midi][repair]") {
  const Bytes whole = header(1, 2, 480) + chunk("XFIH", bytes({1, 2})) +
                      track({0, 0xFF, 0x58, 4, 6,    3, 24, 8,    0, 0xFF, 0x51, 3,
                             7, 0xA1, 0x20, 0, 0xF0, 2, 1,  0xF7, 0, 0xFF, 0x2F, 0}) +
                      track({0,    0xC2, 5,  0x81, 0x10, 0x92, 60, 100,  0,  60, 90, 1,    64,   100, 0x20,
                             0x82, 60,   64, 1,    60,   0,    0,  0x92, 64, 0,  0,  0xFF, 0x2F, 0});
  const auto check = [](const Bytes& file) {
    const MidiFile midi = repaired(file);
    for (const Note& note : midi.song.notes)
      if (note.start < 0 || note.end < note.start || note.end > midi.song.length || note.pitch > 127 ||
          note.velocity > 127)
        FAIL("a note outside the song");
    for (const Repair& repair : midi.repairs)
      if (repair.byte > file.size()) FAIL("a repair outside the file");
    return midi.num_repairs;
  };
  for (std::size_t size = 14; size < 32; ++size)  // no track yet
    CHECK_THAT(
        error_of([&] { repaired(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))); }),
        ContainsSubstring("the file ends after 0 of the 2 tracks"));
  for (std::size_t size = 32; size < whole.size(); ++size)
    CHECK(check(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))) > 0);
  for (std::size_t at = 14; at < whole.size(); ++at)
    for (int value = 0; value < 256; ++value) {
      Bytes changed = whole;
      changed[at] = static_cast<std::byte>(value);
      if (14 <= at && at < 22) continue;  // of the unknown chunk, which may then hold all tracks
      check(changed);
    }
}

TEST_CASE("The pedal lengthens the notes that are let go over it", "[midi][sustain]") {
  // Pressed at 10, lifted at 30, pressed at 50 and never lifted; another channel has none.
  const Bytes file =
      header(0, 1, 96) +
      track({0,  0x90, 60, 9,  5,    60,   0,          // 0 to 5: before the pedal
             0,  64,   9,  5,  0xB0, 64,   127,        // 64 from 5, pedal down at 10
             1,  0x91, 40, 9,  1,    0x90, 64,   0,    // 64 let go at 12, 40 of another channel from 11
             3,  0x91, 40, 0,  0,    0x90, 67,   9,    // 40 let go at 15, 67 from 15
             1,  67,   0,  2,  67,   9,                // let go at 16, struck again at 18
             12, 0xB0, 64, 63, 10,   0x90, 67,   0,    // pedal up at 30, 67 let go at 40
             0,  62,   9,  10, 0xB0, 64,   64,         // 62 from 40, pedal down at 50
             0,  0x90, 62, 0,  9,    0xFF, 0x2F, 0});  // 62 let go at 50; the end at 59
  MidiFile midi = parse_midi(file, "song.mid");
  CHECK(midi.pedal == std::vector<PedalMove>{{10, 0, true}, {30, 0, false}, {50, 0, true}});
  apply_sustain(midi.song, midi.pedal);
  CHECK(midi.song.notes == std::vector<Note>{{0, 5, 60, 9, 0},
                                             {5, 30, 64, 9, 0},
                                             {11, 15, 40, 9, 1},
                                             {15, 18, 67, 9, 0},
                                             {18, 40, 67, 9, 0},
                                             {40, 59, 62, 9, 0}});
}

TEST_CASE("Odd files from the internet are repaired, or refused for what they are", "[midi][repair]") {
  const std::filesystem::path folder = std::filesystem::path(GRUVE_SHARED_DATA) / "midi-odd";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: there is no " << folder);
    return;
  }
  int sound = 0, repaired = 0, refused = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".tsv") continue;
    INFO(entry.path());
    try {
      const MidiFile midi = read_midi(entry.path(), {.repair = true});
      CHECK(midi.num_repairs >= midi.repairs.size());
      ++(midi.num_repairs == 0 ? sound : repaired);
      // What strict reading accepts is read alike.
      if (error_of([&] { read_midi(entry.path()); }) == "no error")
        CHECK(read_midi(entry.path()).song == midi.song);
    } catch (const Error& error) {
      INFO(error.what());
      REQUIRE(error.byte());
      CHECK(*error.byte() <= entry.file_size());
      ++refused;
    }
  }
  CHECK(sound + repaired + refused == 558);
  WARN(sound << " sound, " << repaired << " repaired, " << refused << " refused");
}
