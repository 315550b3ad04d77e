#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gruve/core/error.hpp"
#include "gruve/midi/channel_controls.hpp"
#include "gruve/midi/containers.hpp"
#include "gruve/midi/event_bytes.hpp"
#include "gruve/midi/midi_file.hpp"
#include "gruve/midi/note_order.hpp"
#include "gruve/midi/song.hpp"

namespace gruve::inline v0_2::internal {

/// One pass over the bytes of a Standard MIDI File. parse_midi documents what it accepts.
class MidiParser {
 public:
  MidiParser(std::span<const std::byte> bytes, const std::string& file, const MidiOptions& options)
      : bytes_(reinterpret_cast<const std::uint8_t*>(bytes.data())),
        size_(bytes.size()),
        file_(file),
        options_(options),
        max_ticks_((std::min)(options.max_ticks, kMaxTicks)) {
    first_sounding_.fill(kNone);
  }

  MidiParser(const MidiParser&) = delete;
  MidiParser& operator=(const MidiParser&) = delete;

  MidiFile parse() {
    begin_ = find_header();
    std::size_t at = read_header(begin_);
    result_.song.notes.reserve(size_ / 6);  // most notes take 6 to 8 bytes
    while (size_ - at >= 8) {
      const bool is_track = has_name(at, "MTrk");
      const std::size_t length = big_endian(at + 4, 4);
      const std::size_t content = at + 8;
      if (!is_track && options_.repair && !is_chunk(at)) {
        const std::size_t next = found_tracks_ < promised_tracks_ ? find_track(at + 1) : size_;
        if (next == size_) break;
        repaired(at, [&] { return std::to_string(next - at) + " bytes that are not a chunk are skipped"; });
        at = next;
        continue;
      }
      if (length > size_ - content) {
        if (!is_track && found_tracks_ >= promised_tracks_) break;  // not a chunk: bytes after the last one
        deviates(content, [&] {
          return (is_track ? "track length " : "chunk length ") + std::to_string(length) +
                 " runs past the end of the file (" + std::to_string(size_ - content) + " bytes remain)";
        });
      }
      const std::size_t end = content + (std::min)(length, size_ - content);
      at = is_track ? read_track(content, end) : end;
    }
    if (at < size_)
      repaired(at, [&] { return std::to_string(size_ - at) + " bytes after the last chunk are skipped"; });
    if (found_tracks_ < promised_tracks_) {
      const auto reason = [&] {
        return "the file ends after " + std::to_string(found_tracks_) + " of the " +
               std::to_string(promised_tracks_) + " tracks that its header promises";
      };
      if (found_tracks_ == 0) fail(at, reason());  // it has no music
      deviates(at, reason);
    } else if (found_tracks_ > promised_tracks_) {
      repaired(begin_ + 10, [&] {
        return "the header promises " + std::to_string(promised_tracks_) + " tracks, there are " +
               std::to_string(found_tracks_);
      });
    }
    if (result_.format == 2 && found_tracks_ > 1)
      fail(begin_ + 8, "format 2: its " + std::to_string(found_tracks_) +
                           " tracks are pieces of their own; save each as a file of format 0 or 1");
    Song& song = result_.song;
    const auto by_tick = [](const auto& a, const auto& b) { return a.tick < b.tick; };
    std::stable_sort(song.tempos.begin(), song.tempos.end(), by_tick);
    std::stable_sort(song.time_signatures.begin(), song.time_signatures.end(), by_tick);
    controls_.finish(song);
    merge_runs(song.notes, std::move(first_notes_));
    return std::move(result_);
  }

 private:
  // The reader's position in a track. Local to read_track, so that it is in registers.
  struct Track {
    std::size_t at;
    std::size_t end;
    std::size_t event;  // at which the current event begins, its delta time included
    std::int64_t tick = 0;
    std::int64_t event_tick = 0;  // before the current event
    int running_status = 0;       // 0 where there is none
    int last_status = 0;          // the last channel status; 0 where there was none
    bool ended = false;           // by its end-of-track event
    bool is_searched = false;     // for events behind an end-of-track event
  };

  static constexpr std::int64_t kNone = (std::numeric_limits<std::int64_t>::max)();
  static constexpr std::int64_t kLongestUnended =
      16;  // quarter notes that a note without an end lasts at most
  static constexpr std::size_t kNumPlaces = std::size_t{16} * 128;  // channels and keys: see place()

  /// The offset of "MThd"; leaves a container, whose end becomes that of the file.
  std::size_t find_header() {
    const ByteRange midi = midi_in_container({bytes_, size_});
    size_ = midi.end;
    if (midi.begin > 0 || !options_.repair) return midi.begin;
    constexpr const char* kName = "MThd";
    const std::uint8_t* found = std::search(bytes_, bytes_ + size_, kName, kName + 4);
    const auto at = static_cast<std::size_t>(found - bytes_);
    if (at == 0 || at == size_) return 0;
    repaired(0, [&] { return std::to_string(at) + " bytes before the header are skipped"; });
    return at;
  }

  /// Returns where the first chunk after the header begins.
  std::size_t read_header(std::size_t begin) {
    const std::size_t size = size_ - begin;
    if (size == 0) fail(begin, "the file is empty");
    if (size >= 4 && !has_name(begin, "MThd")) {
      const std::string_view other = other_format({bytes_, size_});
      fail(begin, other.empty() ? "found " + quoted(begin) + ", expected \"MThd\": not a MIDI file"
                                : "not a MIDI file but " + std::string(other));
    }
    if (size < 14) fail(begin, "the file has " + std::to_string(size) + " bytes, a MIDI header takes 14");
    std::size_t length = big_endian(begin + 4, 4);
    const bool is_wrong = options_.repair && length != 6 && has_name_at(begin + 14, "MTrk") &&
                          (length > size - 8 || !is_chunk(begin + 8 + length));
    if (length < 6) {
      deviates(begin + 4,
               [&] { return "header length " + std::to_string(length) + ", expected at least 6"; });
      length = 6;
    } else if (is_wrong) {
      repaired(begin + 4, [&] {
        return "header length " + std::to_string(length) + ", although a track follows after 6 bytes";
      });
      length = 6;
    } else if (length > size - 8) {
      deviates(begin + 8, [&] {
        return "header length " + std::to_string(length) + " runs past the end of the file (" +
               std::to_string(size - 8) + " bytes remain)";
      });
      length = 6;
    }
    result_.format = static_cast<int>(big_endian(begin + 8, 2));
    if (result_.format > 2) {
      deviates(begin + 8,
               [&] { return "format " + std::to_string(result_.format) + ", expected 0, 1 or 2"; });
    }
    promised_tracks_ = big_endian(begin + 10, 2);
    result_.division = static_cast<int>(big_endian(begin + 12, 2));
    read_division(begin + 12);
    return begin + 8 + length;
  }

  void read_division(std::size_t at) {
    Song& song = result_.song;
    if (result_.division == 0) fail(at, "division of 0 ticks per quarter note, expected 1 to 32767");
    if (result_.division < 0x8000) {
      song.ticks_per_quarter = result_.division;
      return;
    }
    const int frames_per_second = 256 - (result_.division >> 8);  // the upper byte is negative
    const int ticks_per_frame = result_.division & 0xFF;
    const bool drops_frames = frames_per_second == 29;  // 30000 / 1001 = 29.97 frames a second
    if (frames_per_second != 24 && frames_per_second != 25 && frames_per_second != 30 && !drops_frames) {
      fail(at, "SMPTE division of " + std::to_string(frames_per_second) +
                   " frames per second, expected 24, 25, 29 or 30");
    }
    if (ticks_per_frame == 0) fail(at + 1, "SMPTE division of 0 ticks per frame, expected 1 to 255");
    is_smpte_ = true;
    song.ticks_per_quarter = std::int64_t{drops_frames ? 30 : frames_per_second} * ticks_per_frame;
    song.tempos.push_back({.tick = 0, .microseconds_per_quarter = drops_frames ? 1'001'000 : 1'000'000});
  }

  /// Returns the offset at which to look for the next chunk.
  std::size_t read_track(std::size_t begin, std::size_t end) {
    ++found_tracks_;
    const std::size_t first_note = result_.song.notes.size();
    first_notes_.push_back(first_note);
    controls_.begin_track();
    Track track{.at = begin, .end = end, .event = begin};
    std::size_t next = 0;
    while (next == 0) next = options_.repair ? read_repairing(track, begin) : read_events(track);
    if (track.ended && next != track.at) {
      repaired(track.at, [&] {
        return std::to_string(next - track.at) + " bytes after the end of the track are skipped";
      });
    }
    if (const std::size_t hanging = finish_notes(first_note, track.tick); hanging > 0) {
      repaired(track.at, [&] {
        return std::to_string(hanging) +
               (hanging == 1 ? " note is never ended, and ends" : " notes are never ended, and end") +
               " with the track at tick " + std::to_string(track.tick) + ", after " +
               std::to_string(kLongestUnended) + " quarter notes at the latest";
      });
    }
    result_.song.length = (std::max)(result_.song.length, track.tick);
    return next;
  }

  /// Reads events to the end of the track. Returns its end.
  std::size_t read_events(Track& track) {
    read_all(track);
    if (!track.ended) repaired(track.at, [] { return std::string("the track has no end-of-track event"); });
    return track.end;
  }

  /// As read_events, for a track whose length and contents may both be wrong. Returns the track's end, or 0
  /// if it continues after its length, in which case track.end has moved and the caller reads on.
  std::size_t read_repairing(Track& track, std::size_t begin) {
    const auto is_end = [&](std::size_t at) {
      return at == size_ || has_name_at(at, "MTrk") || is_chunk(at);
    };
    const auto goes_on = [&] {
      if (is_end(track.end)) return false;
      repaired(begin - 4, [&] {
        return "the track continues after its length of " + std::to_string(track.end - begin);
      });
      track.end = find_track(track.end);
      return true;
    };
    if (const std::optional<Error> error = error_of([&] { read_all(track); })) {
      if (is_beyond_limit_) raise(*error);
      track.at = track.event;
      track.tick = track.event_tick;
      if (goes_on()) return 0;
      repaired(error->byte().value_or(track.at), [&] {
        return std::string(error->reason()) + ": the " + std::to_string(track.end - track.at) +
               " remaining bytes of the track are skipped";
      });
      return track.end;
    }
    if (track.ended) {
      const bool is_length_right =
          track.at == track.end || (is_end(track.end) && track.end - begin == big_endian(begin - 4, 4));
      const std::size_t next = is_length_right ? size_ : find_track(track.at);
      if (next == track.at && next < size_) {
        repaired(begin - 4, [&] {
          return "the track ends before its length of " + std::to_string(track.end - begin) +
                 ", where another begins";
        });
      }
      return next == size_ ? track.end : track.at;
    }
    if (goes_on()) return 0;
    repaired(track.at, [] { return std::string("the track has no end-of-track event"); });
    return track.end;
  }

  void read_all(Track& track) {
    while (!track.ended && track.at < track.end) {
      read_channel_events(track);
      track.event = track.at;
      track.event_tick = track.tick;
      read_event(track);
      if (!track.ended || track.at == track.end || !holds_events_behind_end(track)) continue;
      repaired(track.event, [] { return std::string("the track goes on after its end-of-track event"); });
      track.ended = false;
    }
  }

  /// Whether a track that was ended goes on to the end of its chunk, as after a program that joined tracks.
  /// Looks at most once per track: what follows another end-of-track event was found to be events then.
  /// Tracks that all claim the rest of the file are not looked through for ever.
  bool holds_events_behind_end(Track& track) {
    constexpr std::size_t kMostTimes = 64;
    if (track.is_searched) return true;
    track.is_searched = true;
    if (searched_ / kMostTimes >= size_) return false;
    searched_ += track.end - track.at;
    return are_events({bytes_ + track.at, track.end - track.at});
  }

  /// The fast path: successive valid channel events with a short delta time, as most are, read with few
  /// branches. Leaves at least the last event to read_event().
  void read_channel_events(Track& track) {
    constexpr std::ptrdiff_t kLongest = 6;  // bytes of an event, and the first of the next
    const std::uint8_t* at = bytes_ + track.at;
    const std::uint8_t* const end = bytes_ + track.end;
    std::int64_t tick = track.tick;
    int status = track.running_status;
    std::uint64_t events = num_events_;
    for (; end - at > kLongest && events < options_.max_events; ++events) {
      const std::uint8_t* next = at;
      std::int64_t delta = *next++;
      if (delta >= 0x80) {
        if (*next >= 0x80) break;
        delta = (delta & 0x7F) << 7 | *next++;
      }
      if (delta > max_ticks_ - tick) break;
      const int first = *next;
      if (first >= 0xF0 || (first < 0x80 && status == 0)) break;
      if (first >= 0x80) ++next;
      const int now = first >= 0x80 ? first : status;
      const int kind = now & 0xF0;
      const int data = *next++;
      const int second = kind == 0xC0 || kind == 0xD0 ? 0 : *next++;
      if ((data | second) >= 0x80) break;
      at = next;
      tick += delta;
      status = now;
      handle(tick, now, data, second);
    }
    num_events_ = events;
    track.at = static_cast<std::size_t>(at - bytes_);
    track.tick = tick;
    track.running_status = status;
    if (status != 0) track.last_status = status;
  }

  /// Applies a channel event.
  void handle(std::int64_t tick, int status, int data, int second) {
    const int kind = status & 0xF0, channel = status & 0x0F;
    if (kind == 0x90 && second > 0) {
      note_on({.start = tick, .pitch = data, .velocity = (std::min)(second, 127), .channel = channel});
    } else if (kind == 0x80 || kind == 0x90) {
      note_off(tick, channel, data);
    } else if (kind == 0xC0) {
      controls_.change_program(result_.song, {tick, channel, data});
    } else if (kind == 0xB0 && data == 64) {
      controls_.move_pedal(result_.song, {tick, channel, second >= 64});
    } else if (kind == 0xB0 && data >= 120) {
      change_mode(tick, channel, data);
    }
  }

  /// One event with its delta time.
  void read_event(Track& track) {
    if (num_events_++ == options_.max_events) {
      is_beyond_limit_ = true;
      fail(track.event, "more than " + std::to_string(options_.max_events) + " events");
    }
    track.tick += variable_length(track);
    if (track.tick > max_ticks_) {
      is_beyond_limit_ = true;
      fail(track.event, "an event at tick " + std::to_string(track.tick) + ", expected at most " +
                            std::to_string(max_ticks_));
    }
    int status = next(track);
    if (status >= 0xF0) {
      track.running_status = 0;
      read_system_event(track, status);
      return;
    }
    if (status < 0x80) {
      if (track.running_status == 0) {
        const auto reason = [&] {
          return "data byte " + hex(status) + " where a status byte is needed, with no running status";
        };
        if (track.last_status == 0) fail(track.at - 1, reason());
        deviates(track.at - 1, [&] {
          return reason() + (options_.repair ? ": the last channel event's status is used" : "");
        });
      }
      status = track.last_status;
      --track.at;
    }
    track.running_status = track.last_status = status;
    const int kind = status & 0xF0;
    const int data = data_byte(track);
    if (kind == 0xC0 || kind == 0xD0) {  // program change, channel pressure: the only ones with one data byte
      if (data <= 127) handle(track.tick, status, data, 0);
      return;
    }
    const int second = data_byte(track);
    if (data <= 127) handle(track.tick, status, data, second);  // otherwise the repair is to drop it
  }

  /// Meta and system exclusive events.
  void read_system_event(Track& track, int status) {
    if (status != 0xFF && status != 0xF0 && status != 0xF7) {
      deviates(track.at - 1, [&] { return "status byte " + hex(status) + " has no meaning in a MIDI file"; });
      // As in a live stream: song position has two data bytes, quarter frame and song select have one.
      const int count = status == 0xF2 ? 2 : status == 0xF1 || status == 0xF3 ? 1 : 0;
      for (int i = 0; i < count; ++i) data_byte(track);
      return;
    }
    const int type = status == 0xFF ? next(track) : -1;
    const std::size_t length = variable_length(track);
    if (length > track.end - track.at) {
      fail(track.event, (status == 0xFF ? "meta event " + hex(type) : "system exclusive event") +
                            " of length " + std::to_string(length) + " runs past the end of its track (" +
                            std::to_string(track.end - track.at) + " bytes remain)");
    }
    if (type == 0x51) read_tempo(track, length);
    if (type == 0x58) read_time_signature(track, length);
    track.at += length;
    track.ended = type == 0x2F;
  }

  void read_tempo(const Track& track, std::size_t length) {
    if (length != 3)
      return deviates(track.event,
                      [&] { return "tempo of length " + std::to_string(length) + ", expected 3"; });
    const auto microseconds = static_cast<std::int64_t>(big_endian(track.at, 3));
    if (microseconds == 0)
      return deviates(track.at, [] {
        return std::string("tempo of 0 microseconds per quarter note, expected at least 1");
      });
    if (!is_smpte_) result_.song.tempos.push_back({track.tick, microseconds});
  }

  void read_time_signature(const Track& track, std::size_t length) {
    if (length != 4)
      return deviates(track.event,
                      [&] { return "time signature of length " + std::to_string(length) + ", expected 4"; });
    const int numerator = bytes_[track.at];
    const int power = bytes_[track.at + 1];
    if (numerator == 0)
      return deviates(track.at,
                      [] { return std::string("time signature with numerator 0, expected 1 to 255"); });
    if (power > 8)
      return deviates(track.at + 1, [&] {
        return "time signature with denominator 2^" + std::to_string(power) + ", expected 2^0 to 2^8";
      });
    result_.song.time_signatures.push_back({track.tick, numerator, 1 << power});
  }

  // While a note sounds, its end holds the bitwise complement of the index of the next sounding note of its
  // key, a negative number. So each note-on and note-off takes constant time and no memory except the notes.
  void note_on(const Note& note) {
    auto& notes = result_.song.notes;
    const std::size_t at = place(note.channel, note.pitch);
    const auto index = static_cast<std::int64_t>(notes.size());
    if (first_sounding_[at] == kNone) {
      first_sounding_[at] = index;
    } else {
      notes[static_cast<std::size_t>(last_sounding_[at])].end = ~index;
    }
    last_sounding_[at] = index;
    // Field by field, in place: copying what was just written in pieces would wait for it.
    Note& added = notes.emplace_back();
    added.start = note.start;
    added.end = ~kNone;
    added.pitch = note.pitch;
    added.velocity = note.velocity;
    added.channel = note.channel;
  }

  /// Controllers 120 to 127: all of them but 121 and 122 end the channel's notes, 120 and 121 lift its pedal.
  void change_mode(std::int64_t tick, int channel, int controller) {
    if (controller == 120 || controller == 121) controls_.move_pedal(result_.song, {tick, channel, false});
    if (controller == 121 || controller == 122) return;
    for (int pitch = 0; pitch < 128; ++pitch)
      while (first_sounding_[place(channel, pitch)] != kNone) note_off(tick, channel, pitch);
  }

  void note_off(std::int64_t tick, int channel, int pitch) {
    std::int64_t& first = first_sounding_[place(channel, pitch)];
    if (first == kNone) return;
    Note& note = result_.song.notes[static_cast<std::size_t>(first)];
    first = ~note.end;
    note.end = tick;
  }

  /// Ends those of the track's notes, from index `first` on, that still sound, and sorts them: with the
  /// track, after kLongestUnended quarter notes at the latest; one that begins as the track ends lasts a
  /// quarter note. Returns how many still sounded.
  std::size_t finish_notes(std::size_t first, std::int64_t tick) {
    auto& notes = result_.song.notes;
    const std::int64_t quarter = result_.song.ticks_per_quarter;
    std::size_t count = 0;
    bool in_order = true;
    std::int64_t before = -1;
    for (std::size_t i = first; i < notes.size(); ++i) {
      if (notes[i].end < 0) {
        const std::int64_t start = notes[i].start;
        notes[i].end = start == tick ? start + quarter : tick;
        notes[i].end = (std::min)(notes[i].end, start + kLongestUnended * quarter);
        result_.song.length = (std::max)(result_.song.length, notes[i].end);
        first_sounding_[place(notes[i].channel, notes[i].pitch)] = kNone;
        ++count;
      }
      const std::int64_t now = order_key(notes[i]);
      if (now <= before && !earlier(notes[i - 1], notes[i])) in_order = false;
      before = now;
    }
    if (!in_order) sort_chords(notes, first);
    return count;
  }

  static std::size_t place(int channel, int pitch) {
    return static_cast<std::size_t>(channel) * 128 + static_cast<std::size_t>(pitch);
  }

  std::uint8_t next(Track& track) const {
    if (track.at == track.end) fail(track.event, "event runs past the end of its track");
    return bytes_[track.at++];
  }

  int data_byte(Track& track) {
    const int byte = next(track);
    if (byte > 127)
      deviates(track.at - 1, [&] { return "data byte " + hex(byte) + ", expected 0x00 to 0x7F"; });
    return byte;
  }

  std::uint32_t variable_length(Track& track) const {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const std::uint8_t byte = next(track);
      value = value << 7 | (byte & 0x7Fu);
      if (byte < 0x80) return value;
    }
    fail(track.at - 4, "variable-length quantity is longer than 4 bytes");
  }

  std::size_t big_endian(std::size_t at, std::size_t count) const {
    std::size_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | bytes_[at + i];
    return value;
  }

  bool has_name(std::size_t at, const char* name) const { return std::equal(name, name + 4, bytes_ + at); }

  bool has_name_at(std::size_t at, const char* name) const { return at + 4 <= size_ && has_name(at, name); }

  /// Whether the bytes at `at` look like a chunk: a name in letters, and a length that the file has.
  bool is_chunk(std::size_t at) const {
    if (at > size_ || size_ - at < 8) return false;
    const bool is_named =
        std::all_of(bytes_ + at, bytes_ + at + 4, [](std::uint8_t c) { return 0x20 < c && c < 0x7F; });
    return is_named && big_endian(at + 4, 4) <= size_ - at - 8;
  }

  /// The offset of the next "MTrk" from `at` on, or the file's end.
  std::size_t find_track(std::size_t at) const {
    constexpr const char* kName = "MTrk";
    return static_cast<std::size_t>(
        std::search(bytes_ + (std::min)(at, size_), bytes_ + size_, kName, kName + 4) - bytes_);
  }

  /// The four bytes at `at` as text if they are printable, otherwise as numbers.
  std::string quoted(std::size_t at) const {
    std::string text;
    std::string numbers = "bytes";
    for (std::size_t i = at; i < at + 4; ++i) {
      if (bytes_[i] >= 0x20 && bytes_[i] < 0x7F) text += static_cast<char>(bytes_[i]);
      numbers += " " + hex(bytes_[i]);
    }
    return text.size() == 4 ? "\"" + text + "\"" : numbers;
  }

  static std::string hex(int byte) {
    const char* digits = "0123456789ABCDEF";
    return {'0', 'x', digits[byte >> 4], digits[byte & 15]};
  }

  [[noreturn]] void fail(std::size_t byte, const std::string& reason) const {
    raise(Error(file_, byte, reason));
  }

  /// Records a repair. Text is a function, so that a file with many of them costs no memory.
  template <class Text>
  void repaired(std::size_t byte, Text&& text) {
    if (result_.num_repairs++ < kMaxListedRepairs) result_.repairs.push_back({byte, text()});
  }

  /// Refuses the file, or records a repair if the options ask for repairs.
  template <class Text>
  void deviates(std::size_t byte, Text&& text) {
    if (!options_.repair) fail(byte, text());
    repaired(byte, std::forward<Text>(text));
  }

  const std::uint8_t* bytes_;
  std::size_t size_;
  const std::string& file_;
  const MidiOptions options_;
  const std::int64_t max_ticks_;
  std::size_t begin_ = 0;  // of the header
  std::size_t promised_tracks_ = 0;
  std::uint64_t num_events_ = 0;
  std::size_t searched_ = 0;      // bytes in which holds_events_behind_end() looked, of all tracks
  bool is_beyond_limit_ = false;  // the Error is about a limit, not about damage that can be repaired
  std::size_t found_tracks_ = 0;
  bool is_smpte_ = false;
  std::vector<std::size_t> first_notes_ = {};  // of each track
  ChannelControls controls_ = {};
  // The sounding notes of each key, by index: a linked list from the oldest (kNone if there is none) to the
  // youngest, through their unused ends (see note_on).
  std::array<std::int64_t, kNumPlaces> first_sounding_ = {};
  std::array<std::int64_t, kNumPlaces> last_sounding_ = {};
  MidiFile result_ = {};
};

}  // namespace gruve::inline v0_2::internal
