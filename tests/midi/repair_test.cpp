#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/sustain.hpp"

#include "catch.hpp"
#include "error_of.hpp"
#include "midi/midi_bytes.hpp"

using namespace gruve;
using namespace gruve::tests;

namespace {

MidiFile repaired(const Bytes& file) { return parse_midi(file, "song.mid"); }
MidiFile strict(const Bytes& file) { return parse_midi(file, "song.mid", {.repair = false}); }

// The repairs, a line each: "22: what".
std::string repairs_of(const Bytes& file) {
  std::string text;
  for (const Repair& repair : repaired(file).repairs)
    text += (text.empty() ? "" : "\n") + std::to_string(repair.byte) + ": " + repair.what;
  return text;
}

std::vector<Note> repaired_notes(const Bytes& file) { return repaired(file).song.notes; }

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
      "45: 1 note is never ended, and ends with the track at tick 0, after 16 quarter notes at the latest\n"
      "57: 2 bytes after the end of the track are skipped\n"
      "59: 3 bytes after the last chunk are skipped\n"
      "10: the header promises 0 tracks, there are 3";
  CHECK(repairs_of(file) == expected);
  CHECK(strict(file).repairs == repaired(file).repairs);
}

TEST_CASE("A header is found after other bytes", "[midi][repair]") {
  const Bytes file = header(0, 1, 96) + kTrack;
  CHECK(repaired_notes(bytes({0, 1, 2}) + file) == kNote);
  CHECK(repairs_of(bytes({0, 1, 2}) + file) == "0: 3 bytes before the header are skipped");
}

TEST_CASE("A file in a container is no damage, and what else the container has is left out",
          "[midi][repair]") {
  const Bytes file = header(0, 1, 96) + kTrack;  // 33 bytes
  const Bytes name = bytes({'I', 'N', 'A', 'M', 3, 0, 0, 0, 'o', 'n', 'e', 0});
  const Bytes data = bytes({'d', 'a', 't', 'a', 33, 0, 0, 0}) + file + bytes({0});
  const auto riff = [](const Bytes& chunks) {
    return bytes({'R', 'I', 'F', 'F', static_cast<int>(chunks.size()) + 4, 0, 0, 0, 'R', 'M', 'I', 'D'}) +
           chunks;
  };
  for (const Bytes& rmi : {riff(data), riff(name + data), riff(data + name), riff(data + name + data)}) {
    CHECK(strict(rmi).song.notes == kNote);
    CHECK(repairs_of(rmi).empty());
  }
  // A length that is too large; no MIDI file in it.
  Bytes cut = riff(data);
  cut[16] = std::byte{200};
  CHECK(repaired_notes(cut) == kNote);
  CHECK_THAT(error_of([&] { repaired(riff(name)); }), ContainsSubstring("expected \"MThd\""));
  for (std::size_t size = 0; size < data.size(); ++size)
    error_of([&] { repaired(riff(Bytes(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(size)))); });

  Bytes mac(128);
  mac[1] = std::byte{3};
  mac[86] = std::byte{33};
  CHECK(strict(mac + file).song.notes == kNote);
  CHECK(repairs_of(mac + file + Bytes(95)).empty());
}

TEST_CASE("A file that is no MIDI file is named for what it is", "[midi][repair]") {
  const auto reason = [](const std::string& content) {
    Bytes file;
    for (const char c : content) file.push_back(static_cast<std::byte>(c));
    return error_of([&] { repaired(file); });
  };
  CHECK(reason("RIFF....WAVEfmt ") == "song.mid, byte 0: not a MIDI file but a WAV sound file");
  CHECK(reason("PK\3\4............") == "song.mid, byte 0: not a MIDI file but a ZIP archive");
  CHECK(reason("<!DOCTYPE html><html>") == "song.mid, byte 0: not a MIDI file but a web page");
  CHECK(reason("<?xml version=1?>") == "song.mid, byte 0: not a MIDI file but an XML file");
  CHECK(reason("something else") == "song.mid, byte 0: found \"some\", expected \"MThd\": not a MIDI file");
}

TEST_CASE("Tracks that all claim the rest of the file as events take no time of its square",
          "[midi][repair]") {
  // What follows each is events to the end of the file: 30 s, if each looked through all of it.
  const Bytes track = bytes({'M', 'T',  'r',  'k',  127, 127, 127,  127,  0,    0xFF, 0x2F,
                             0,   0x40, 0xC0, 0x40, 0,   0,   0x40, 0x90, 0x40, 0x40});
  Bytes file = header(1, 65'535, 96);
  for (int i = 0; i < 65'535; ++i) file.insert(file.end(), track.begin(), track.end());
  CHECK(repaired(file + bytes({0, 0x90})).num_repairs > 0);
}

TEST_CASE("A track that goes on behind its end-of-track event is read whole", "[midi][repair]") {
  const Bytes more = bytes({4, 0x90, 62, 5, 1, 62, 0});
  const Bytes file = header(0, 1, 96) + chunk("MTrk", kNoteEvents + kEnd + more + kEnd);
  const std::vector<Note> both = {{0, 1, 60, 5, 0}, {5, 6, 62, 5, 0}};
  CHECK(repaired_notes(file) == both);
  CHECK(strict(file).song.notes == both);
  CHECK(repairs_of(file) == "29: the track goes on after its end-of-track event");
  CHECK(repaired_notes(header(0, 1, 96) + chunk("MTrk", kNoteEvents + kEnd + more + kEnd + more)).size() == 3);
  // Bytes that are no events, or no notes, are not.
  for (const Bytes& padding :
       {bytes({0, 0, 0, 0}), more + bytes({1}), bytes({0, 0xC0, 5}), bytes({1, 60, 5})}) {
    const Bytes padded = header(0, 1, 96) + chunk("MTrk", kNoteEvents + kEnd + padding);
    CHECK(repaired_notes(padded) == kNote);
    CHECK(repairs_of(padded) ==
          "33: " + std::to_string(padding.size()) + " bytes after the end of the track are skipped");
  }
}

TEST_CASE("All notes off and all sound off end a channel's notes", "[midi][repair]") {
  for (const int controller : {120, 123, 124, 125, 126, 127}) {
    const Bytes file =
        file_of({0,  0x90, 60,         5, 0,  60,   6,  0, 64, 7,    0,  0x91, 60, 8,  //
                 50, 0xB0, controller, 0, 50, 0x91, 60, 0, 0,  0x90, 60, 0,  // the last ends nothing
                 0,  0xFF, 0x2F,       0});
    CHECK(repaired_notes(file) ==
          std::vector<Note>{{0, 50, 60, 5, 0}, {0, 50, 60, 6, 0}, {0, 100, 60, 8, 1}, {0, 50, 64, 7, 0}});
    CHECK(repairs_of(file).empty());
  }
  for (const int controller : {121, 122}) {
    const Bytes file = file_of({0, 0x90, 60, 5, 50, 0xB0, controller, 0, 50, 0x90, 60, 0, 0, 0xFF, 0x2F, 0});
    CHECK(repaired_notes(file) == std::vector<Note>{{0, 100, 60, 5, 0}});
  }
  // 120 and 121 lift the pedal; 123 does not.
  for (const int controller : {120, 121, 123}) {
    const MidiFile midi = repaired(file_of({0, 0xB0, 64, 127, 9, controller, 0, 0, 0xFF, 0x2F, 0}));
    CHECK(midi.song.pedal.size() == (controller == 123 ? 1 : 2));
  }
}

TEST_CASE("No note sounds without a bound", "[midi][repair]") {
  // A note that is never ended ends with its track, after 16 quarter notes at the latest.
  CHECK(repaired_notes(file_of({0, 0x90, 60, 5, 0x8C, 0, 0xFF, 0x2F, 0})) ==
        std::vector<Note>{{0, 1536, 60, 5, 0}});
  CHECK(repaired_notes(file_of({0, 0x90, 60, 5, 0x8C, 1, 0xFF, 0x2F, 0})) ==
        std::vector<Note>{{0, 1536, 60, 5, 0}});
  CHECK(repaired_notes(file_of({0, 0x90, 60, 5, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0x2F, 0})) ==
        std::vector<Note>{{0, 1536, 60, 5, 0}});
  // Nor one whose pedal is never lifted.
  MidiFile midi =
      repaired(file_of({0, 0xB0, 64, 127, 0, 0x90, 60, 5, 9, 60, 0, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0x2F, 0}));
  apply_sustain(midi.song);
  CHECK(midi.song.notes == std::vector<Note>{{0, 9 + 16 * 96, 60, 5, 0}});
}

TEST_CASE("The tracks of format 2 are no piece of music, but one alone is", "[midi][repair]") {
  CHECK(repaired_notes(header(2, 1, 96) + kTrack) == kNote);
  CHECK(error_of([] { repaired(header(2, 2, 96) + kTrack + kTrack); }) ==
        "song.mid, byte 8: format 2: its 2 tracks are pieces of their own; save each as a file of format 0 "
        "or 1");
}

TEST_CASE("A header with a wrong length, format or number of tracks is read", "[midi][repair]") {
  const auto with = [](int length, int format, int tracks) {
    return bytes({'M', 'T', 'h', 'd', 0, 0, 0, length, 0, format, 0, tracks, 0, 96}) + kTrack;
  };
  CHECK(repaired_notes(with(5, 0, 1)) == kNote);
  CHECK(repairs_of(with(5, 0, 1)) == "4: header length 5, expected at least 6");
  CHECK(repaired_notes(with(9, 0, 1)) == kNote);
  CHECK(repairs_of(with(9, 0, 1)) == "4: header length 9, although a track follows after 6 bytes");
  CHECK(repaired_notes(with(200, 0, 1)) == kNote);
  CHECK(repairs_of(with(200, 0, 1)) == "4: header length 200, although a track follows after 6 bytes");
  CHECK(repaired_notes(with(6, 7, 1)) == kNote);
  CHECK(repairs_of(with(6, 7, 1)) == "8: format 7, expected 0, 1 or 2");
  CHECK(repaired_notes(with(6, 0, 3)) == kNote);
  CHECK(repairs_of(with(6, 0, 3)) == "33: the file ends after 1 of the 3 tracks that its header promises");
}

TEST_CASE("A track may be longer or shorter than its length", "[midi][repair]") {
  const Bytes head = header(1, 2, 96);
  const Bytes events = kNoteEvents + kEnd;  // 11 bytes
  const std::vector<Note> both = {{0, 1, 60, 5, 0}, {0, 1, 60, 5, 0}};
  for (const int length : {0, 3, 7, 10}) {
    CHECK(repaired_notes(head + track_of_length(length, events) + kTrack) == both);
    CHECK(repairs_of(head + track_of_length(length, events) + kTrack) ==
          "18: the track continues after its length of " + std::to_string(length));
  }
  CHECK(repaired_notes(head + track_of_length(15, events) + kTrack) == both);
  CHECK(repairs_of(head + track_of_length(15, events) + kTrack) ==
        "18: the track ends before its length of 15, where another begins");
  CHECK(repaired_notes(head + track_of_length(1000, events) + kTrack) == both);
  CHECK(repairs_of(head + track_of_length(1000, events) + kTrack) ==
        "22: track length 1000 runs past the end of the file (30 bytes remain)\n"
        "18: the track ends before its length of 30, where another begins");
}

TEST_CASE("Bytes between tracks that are no chunk are skipped", "[midi][repair]") {
  const Bytes file = header(1, 2, 96) + kTrack + bytes({0, 0, 0, 0, 0, 0, 0, 0, 0}) + kTrack;
  CHECK(repaired_notes(file).size() == 2);
  CHECK(repairs_of(file) == "33: 9 bytes that are not a chunk are skipped");
}

TEST_CASE("A last track that is cut short keeps its whole events", "[midi][repair]") {
  const Bytes file = header(0, 1, 96) + track_of_length(100, kNoteEvents + bytes({3, 0x90, 62}));
  CHECK(repaired_notes(file) == kNote);
  CHECK(repairs_of(file) ==
        "22: track length 100 runs past the end of the file (10 bytes remain)\n"
        "29: event runs past the end of its track: the 3 remaining bytes of the track are skipped");
}

TEST_CASE("A note whose end is cut off ends with the last whole event", "[midi][repair]") {
  const Bytes file =
      header(0, 1, 96) + track_of_length(100, kNoteEvents + bytes({3, 0x90, 62, 5, 2, 64, 5, 9, 62}));
  CHECK(repaired_notes(file) == std::vector<Note>{{0, 1, 60, 5, 0}, {4, 6, 62, 5, 0}, {6, 102, 64, 5, 0}});
  CHECK(repaired(file).song.length == 102);
  CHECK(repairs_of(file) ==
        "22: track length 100 runs past the end of the file (16 bytes remain)\n"
        "36: event runs past the end of its track: the 2 remaining bytes of the track are skipped\n"
        "36: 2 notes are never ended, and end with the track at tick 6, after 16 quarter notes at the "
        "latest");
}

TEST_CASE("Events that the standard does not allow are read as far as they can be", "[midi][repair]") {
  const auto file = [](const Bytes& events) { return header(0, 1, 96) + chunk("MTrk", events + kEnd); };
  SECTION("a running status goes on over a meta event") {
    const Bytes events = bytes({0, 0x90, 60, 5, 0, 0xFF, 1, 0, 1, 60, 0});
    CHECK(repaired_notes(file(events)) == kNote);
    CHECK(
        repairs_of(file(events)) ==
        "31: data byte 0x3C where a status byte is needed, with no running status: the last channel event's "
        "status is used");
  }
  SECTION("a velocity above 127 is 127, a key above 127 no note") {
    const Bytes events = bytes({0, 0x90, 60, 200, 0, 0x90, 200, 60, 1, 0x80, 60, 0});
    CHECK(repaired_notes(file(events)) == std::vector<Note>{{0, 1, 60, 127, 0}});
    CHECK(repairs_of(file(events)) ==
          "25: data byte 0xC8, expected 0x00 to 0x7F\n28: data byte 0xC8, expected 0x00 to 0x7F");
  }
  SECTION("messages of a live stream are skipped with their data") {
    const Bytes events = bytes({0, 0xF8, 0, 0xF2, 1, 2, 0, 0xF3, 1, 0, 0xFE}) + kNoteEvents;
    CHECK(repaired_notes(file(events)) == kNote);
    CHECK(repaired(file(events)).num_repairs == 4);
  }
  SECTION("tempos and time signatures that are none are left out") {
    const Bytes events = bytes({0, 0xFF, 0x51, 2, 7, 7, 0,  0xFF, 0x51, 3,    0,    0, 0, 0, 0xFF, 0x58, 1, 4,
                                0, 0xFF, 0x58, 4, 0, 2, 24, 8,    0,    0xFF, 0x58, 4, 4, 9, 24,   8}) +
                         kNoteEvents;
    CHECK(repaired_notes(file(events)) == kNote);
    CHECK(repaired(file(events)).num_repairs == 5);
    CHECK(repaired(file(events)).song.tempos.empty());
    CHECK(repaired(file(events)).song.time_signatures.empty());
  }
  SECTION("where nothing can be understood the rest of the track is left out, and the next is read") {
    const Bytes broken =
        header(1, 2, 96) + chunk("MTrk", kNoteEvents + bytes({0x80, 0x80, 0x80, 0x80, 0, 1, 2})) + kTrack;
    CHECK(repaired_notes(broken).size() == 2);
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
  CHECK(reason({}) == "song.mid, byte 0: the file is empty");
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

TEST_CASE("A file that is cut anywhere keeps its whole notes", "[midi][repair]") {
  std::vector<int> events;
  for (int i = 0; i < 60; ++i)
    events.insert(events.end(), {0, 0x90, 40 + i, 64, 0, 70, 64, 24, 40 + i, 0, 0, 70, 0});
  Bytes whole;
  for (const int value : events) whole.push_back(static_cast<std::byte>(value));
  whole = header(0, 1, 96) + chunk("MTrk", whole + kEnd);
  const std::vector<Note> all = repaired_notes(whole);
  REQUIRE(all.size() == 120);
  for (std::size_t size = 22 + 12; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    // The events of a pair of notes take 13 bytes.
    const std::size_t ended = (size - 22) / 13 * 2;
    std::size_t kept = 0;
    for (const Note& note : repaired_notes(cut))
      kept += static_cast<std::size_t>(std::count(all.begin(), all.end(), note));
    CAPTURE(size, kept, ended);
    if (kept < ended) FAIL("a whole note is lost");
  }
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

TEST_CASE("Programs and pedals of all tracks are read, without what changes nothing", "[midi][repair]") {
  const Bytes file =
      header(1, 2, 96) +
      track({0, 0xC0, 5, 1, 0xC0, 5, 1, 0xC1, 7, 1, 0xB0, 64, 90, 1, 64, 80, 0, 0xFF, 0x2F, 0}) +
      track({0, 0xC0, 5, 9, 0xC0, 6, 0, 0xB0, 64, 0, 0, 0xFF, 0x2F, 0});
  const Song song = strict(file).song;
  CHECK(song.programs == std::vector<ProgramChange>{{0, 0, 5}, {2, 1, 7}, {9, 0, 6}});
  CHECK(song.pedal == std::vector<PedalMove>{{3, 0, true}, {9, 0, false}});
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
  CHECK(midi.song.pedal == std::vector<PedalMove>{{10, 0, true}, {30, 0, false}, {50, 0, true}});
  apply_sustain(midi.song);
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
      const MidiFile midi = read_midi(entry.path());
      CHECK(midi.num_repairs >= midi.repairs.size());
      ++(midi.num_repairs == 0 ? sound : repaired);
      // What strict reading accepts is read alike.
      const MidiOptions strictly = {.repair = false};
      if (error_of([&] { read_midi(entry.path(), strictly); }) == "no error")
        CHECK(read_midi(entry.path(), strictly).song == midi.song);
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
