#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gruve/core/state_bytes.hpp"
#include "gruve/tokens/event_grammar.hpp"
#include "gruve/tokens/grid.hpp"

namespace gruve::inline v0_2 {

/// A note of a sequence, on its grid.
struct PlayedNote {
  std::uint32_t step = 0;      // of its onset, from the beginning of the sequence, modulo 2^32
  std::uint32_t duration = 0;  // timesteps
  std::int8_t key = 0;         // 0 to kNumKeys − 1
  std::int8_t velocity = -1;   // level, -1 if there is none
  std::int8_t channel = 0;     // of EventOptions::channels
};

/// The last kNotes notes of a sequence, in their order. Only the constructor and copying allocate.
class NoteHistory {
 public:
  static constexpr std::uint32_t kNotes = 1u << 14;  // 20 minutes of 13 notes a second

  /// No notes.
  NoteHistory() : notes_(kNotes) {}

  /// Forgets all notes.
  void reset() noexcept { size_ = 0; }

  /// Adds a note.
  void push(const PlayedNote& note) noexcept { notes_[size_++ % kNotes] = note; }

  /// The number of notes so far, including those that are forgotten.
  std::uint32_t size() const noexcept { return size_; }

  /// The index of the oldest note that is kept.
  std::uint32_t begin() const noexcept { return size_ > kNotes ? size_ - kNotes : 0; }

  /// A note by its index, from begin() to size() − 1.
  const PlayedNote& operator[](std::uint32_t index) const noexcept { return notes_[index % kNotes]; }

  /// The last note. Only if there is one.
  PlayedNote& back() noexcept { return notes_[(size_ - 1) % kNotes]; }

  /// Writes or reads the notes: ten bytes for each that is kept, eleven with channels.
  void transfer(StateBytes& state, bool has_channels) noexcept {
    const std::size_t bytes_of_note = has_channels ? 11 : 10;
    const std::uint32_t size = state.value(size_, [](std::uint32_t count) { return count < 1u << 31; });
    if (state.is_measuring()) return state.add(bytes_of_note * kNotes);
    for (std::uint32_t i = size > kNotes ? size - kNotes : 0; i < size && state.ok(); ++i) {
      PlayedNote note = notes_[i % kNotes];
      note.step = state.value(note.step);
      note.duration = state.value(note.duration, [](std::uint32_t steps) { return steps <= kMaxTimesteps; });
      note.key = state.value(note.key, [](std::int8_t key) { return 0 <= key && key < kNumKeys; });
      note.velocity = state.value(note.velocity, [](std::int8_t level) {
        return -1 <= level && level < EventGrammar::kNumVelocities;
      });
      if (has_channels)
        note.channel = state.value(note.channel, [](std::int8_t channel) {
          return 0 <= channel && channel < EventGrammar::kNumChannels;
        });
      if (state.is_reading()) notes_[i % kNotes] = note;
    }
  }

 private:
  std::vector<PlayedNote> notes_;  // a ring buffer
  std::uint32_t size_ = 0;
};

/// Finds the latest earlier place at which the last kOrder notes were played: the same keys and channels, at
/// the same distances in time. It knows all places in its history. Only the constructor and copying allocate.
class NoteFinder {
 public:
  static constexpr std::uint32_t kOrder = 4;     // notes that must be equal
  static constexpr std::uint32_t kLongest = 32;  // equal notes that are counted

  /// A finder for an empty history.
  NoteFinder() : links_(NoteHistory::kNotes) {}

  /// Forgets all places.
  void reset() noexcept { heads_.fill(0); }

  /// A place in the history.
  struct Match {
    std::uint32_t next = 0;    // index of the note after it
    std::uint32_t length = 0;  // number of equal notes up to there, to kLongest; 0 if there is no such place
  };

  /// Takes the last note of the history. The time is that of one comparison for each place with the same
  /// hash, usually none or one.
  Match advance(const NoteHistory& notes) noexcept {
    const std::uint32_t size = notes.size();
    if (size - notes.begin() < kOrder) return {};
    std::uint32_t& head = heads_[bucket(notes, size)];
    Match match;
    for (std::uint32_t at = head; at >= notes.begin() + kOrder && match.length < kOrder;
         at = links_[at % NoteHistory::kNotes])
      match = {at, equal_notes(notes, at, size)};
    links_[size % NoteHistory::kNotes] = head;
    head = size;
    return match.length < kOrder ? Match{} : match;
  }

  /// Forgets all places, and takes the notes of a history.
  void take(const NoteHistory& notes) noexcept {
    reset();
    for (std::uint32_t at = notes.begin() + kOrder; at <= notes.size(); ++at) {
      std::uint32_t& head = heads_[bucket(notes, at)];
      links_[at % NoteHistory::kNotes] = head;
      head = at;
    }
  }

 private:
  static constexpr int kBits = 12;

  // Key and channel.
  static std::uint64_t voice(const PlayedNote& note) noexcept {
    return std::uint64_t{static_cast<std::uint8_t>(note.key)} |
           std::uint64_t{static_cast<std::uint8_t>(note.channel)} << 8;
  }

  // Of the notes before an index.
  static std::size_t bucket(const NoteHistory& notes, std::uint32_t end) noexcept {
    auto hash = voice(notes[end - 1]);
    for (std::uint32_t i = 1; i < kOrder; ++i) {
      const PlayedNote &to = notes[end - i], &from = notes[end - i - 1];
      hash = (hash ^ voice(from) << 32 ^ (to.step - from.step)) * 0xD6E8FEB86659FD93u;
      hash ^= hash >> 29;
    }
    return hash * 0x9E3779B97F4A7C15u >> (64 - kBits);
  }

  // The number of notes before two indices that are equal, up to kLongest.
  static std::uint32_t equal_notes(const NoteHistory& notes, std::uint32_t earlier,
                                   std::uint32_t later) noexcept {
    std::uint32_t length = 0;
    while (length < kLongest && earlier - length > notes.begin()) {
      const PlayedNote &a = notes[earlier - length - 1], &b = notes[later - length - 1];
      if (a.key != b.key || a.channel != b.channel) break;
      if (length > 0 && notes[earlier - length].step - a.step != notes[later - length].step - b.step) break;
      ++length;
    }
    return length;
  }

  std::array<std::uint32_t, std::size_t{1} << kBits> heads_{};  // the end of the last place of a hash, or 0
  std::vector<std::uint32_t> links_;  // from each end to the one before of that hash
};

}  // namespace gruve::inline v0_2
