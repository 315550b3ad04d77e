// What the page calls in WebAssembly: the C interface as it is, and beside it a style learnt from MIDI files
// and notes out of MIDI files and into them. One unit with the C library, so that gruve_error() has the text
// of every failure.
#include <emscripten.h>

#include "../../src/c_library.cpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/piece/form.hpp"
#include "gruve/tokens/read_song.hpp"
#include "gruve/train/style.hpp"

// worker.js writes the options at these offsets.
static_assert(sizeof(gruve_sampling) == 20);
static_assert(offsetof(gruve_limits, max_held) == 24 && offsetof(gruve_limits, max_repeats) == 40);
static_assert(offsetof(gruve_piece_options, limits) == 24 && offsetof(gruve_piece_options, seed) == 72);
static_assert(offsetof(gruve_piece_options, bars) == 80 && offsetof(gruve_piece_options, bpm) == 104);
static_assert(offsetof(gruve_piece_options, louder) == 112 && offsetof(gruve_piece_options, primer) == 116);
static_assert(offsetof(gruve_piece_options, form) == 124 && sizeof(gruve_piece_options) == 136);
static_assert(sizeof(gruve_note) == 8 && offsetof(gruve_note, pitch) == 4);
static_assert(sizeof(gruve_model_info) == 48 && offsetof(gruve_model_info, bpm) == 32);

// clang-format off
EM_JS(void, show_learning, (int update, int updates, double loss), { onLearning(update, updates, loss); })
// clang-format on

namespace {

std::vector<Song> songs;  // that a style is to be learnt from

// The bytes of a model file, to be freed.
unsigned char* file_of(const TrainedModel& model, size_t* size) {
  const std::filesystem::path path = "/model.safetensors";  // in memory
  save(model, path);
  const MappedFile file(path);
  unsigned char* const bytes = allocated(file.bytes(), size);
  std::filesystem::remove(path);
  return bytes;
}

}  // namespace

extern "C" {

// Adds a MIDI file to the songs of web_learn_style(). Returns the number of its notes, or −1.
int web_add_song(const gruve_model* model, const void* bytes, size_t size, const char* name) {
  return guarded(-1, [&] {
    const AnyEncoder& encoder = model->shared->model.encoder;
    if (!encoder.is_music()) throw Error("a model of type \"" + model->shared->type + "\" learns no music");
    const Screening read = screen(parse_midi(bytes_of(bytes, size), name),
                                  SongOptions{.screening = screening_for(AnyMusicEncoder(encoder), {})});
    if (!read.accepted()) throw Error(name, read.detail);
    songs.push_back(read.song);
    return static_cast<int>(read.song.notes.size());
  });
}

// Learns a style from the songs that were added, and forgets them. Returns a model file, to be freed, or
// NULL.
unsigned char* web_learn_style(const gruve_model* model, int updates, size_t* size) {
  return guarded<unsigned char*>(nullptr, [&] {
    const TrainedModel& plain = model->shared->model;
    std::vector<std::vector<Token>> tokens;
    for (const Song& song : std::exchange(songs, {})) tokens.push_back(plain.encoder.encode_song(song));
    const Corpus corpus = Corpus::from_songs({.encoder = plain.encoder}, tokens,
                                             std::vector(tokens.size(), Split::train), "the dropped files");
    const auto show = [](const Progress& progress) {
      show_learning(static_cast<int>(progress.done), static_cast<int>(progress.total),
                    std::strtod(std::string(progress.message).c_str() + sizeof "loss", nullptr));
    };
    return file_of(with_style(plain, learn_style(plain, corpus, {.updates = updates, .threads = 1}, show)),
                   size);
  });
}

// The bars of a form such as AABA, to be freed: see form_bars(). Returns NULL on failure.
int* web_form(const char* letters, int section, int bars, size_t* count) {
  return guarded<int*>(nullptr, [&] {
    const std::vector<int> lags = form_bars(letters, section, bars);
    return allocated(std::span<const int>(lags), count);
  });
}

// The notes of a MIDI file in rows of six numbers, to be freed: beginning and end in seconds, both in quarter
// notes, pitch, velocity. A row of pitch −1 begins a bar. Returns NULL on failure.
double* web_notes(const void* bytes, size_t size, const char* name, size_t* count) {
  return guarded<double*>(nullptr, [&] {
    const Song song = parse_midi(bytes_of(bytes, size), name).song;
    const Timeline timeline(song);
    std::vector<double> rows;
    const auto add = [&](std::int64_t start, std::int64_t end, int pitch, int velocity) {
      const auto quarters = static_cast<double>(song.ticks_per_quarter);
      rows.insert(rows.end(), {timeline.seconds(start), timeline.seconds(end),
                               static_cast<double>(start) / quarters, static_cast<double>(end) / quarters,
                               static_cast<double>(pitch), static_cast<double>(velocity)});
    };
    for (const BarLine& bar : bar_lines(song)) add(bar.tick, bar.tick, -1, 0);
    for (const Note& note : song.notes)
      if (note.channel != kDrumChannel) add(note.start, note.end, note.pitch, note.velocity);
    if (song.notes.empty()) throw Error(name, "the song holds no notes");
    return allocated(std::span<const double>(rows), count);
  });
}

// A MIDI file, to be freed, of rows of four numbers: beginning and end in quarter notes, pitch, velocity.
// Returns NULL on failure.
unsigned char* web_midi(const double* rows, size_t num_notes, double bpm, int numerator, int denominator,
                        size_t* size) {
  return guarded<unsigned char*>(nullptr, [&] {
    Song song;
    song.tempos = {{0, std::llround(60e6 / bpm)}};
    song.time_signatures = {{0, numerator, denominator}};
    const auto tick = [&](double quarters) {
      return std::llround(quarters * static_cast<double>(song.ticks_per_quarter));
    };
    for (const double* row = rows; row != rows + 4 * num_notes; row += 4) {
      song.notes.push_back({tick(row[0]), tick(row[1]), static_cast<int>(row[2]), static_cast<int>(row[3])});
      song.length = std::max(song.length, song.notes.back().end);
    }
    sort_notes(song.notes);
    return allocated(midi_bytes(song), size);
  });
}

}  // extern "C"
