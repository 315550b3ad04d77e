// gruve inspect FILE… [--json] [--svg PICTURE]: the contents of MIDI files, and why they are accepted,
// repaired or refused.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/corpus/build_report.hpp"
#include "gruve/midi/music.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/render/piano_roll.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/read_song.hpp"
#include "gruve/tokens/screening.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "manual.hpp"
#include "sources.hpp"
#include "streams.hpp"

namespace {

using gruve::Error;
using gruve::MidiFile;
using gruve::Screening;
using Json = nlohmann::ordered_json;

// On one line. A name that is not UTF-8 is shown with replacement characters.
std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void print_unreadable_json(const std::string& file, const Error& error) {
  const Json object = {{"file", file},
                       {"readable", false},
                       {"reason", error.reason()},
                       {"byte", error.byte() ? Json(*error.byte()) : Json()},
                       {"format", nullptr},
                       {"division", nullptr},
                       {"accepted", false},
                       {"screening", gruve::rule_name(gruve::Rule::not_readable)},
                       {"repairs", Json::array()},
                       {"tempos", Json::array()},
                       {"time_signatures", Json::array()},
                       {"notes", Json::array()}};
  std::printf("%s\n", text_of(object).c_str());
}

// A further member of an object: a list whose values are printed one by one, since
// all of them in memory would take a hundred times as much as the file.
template <class Values, class Function>
void print_list(const char* name, const Values& values, const Function& json_of) {
  std::printf(",\"%s\":[", name);
  const char* comma = "";
  for (const auto& value : values) {
    const Json json = json_of(value);
    std::printf("%s%s", comma, text_of(json).c_str());
    comma = ",";
  }
  std::printf("]");
}

void print_midi_json(const std::string& file, const MidiFile& midi, const Screening& screening) {
  std::string head =
      text_of({{"file", file},
               {"readable", true},
               {"reason", nullptr},
               {"byte", nullptr},
               {"format", midi.format},
               {"division", midi.division},
               {"accepted", screening.accepted()},
               {"screening", screening.accepted() ? Json() : Json(gruve::rule_name(screening.rule))},
               {"ticks_per_quarter", midi.song.ticks_per_quarter},
               {"seconds", gruve::duration_seconds(gruve::music_of(midi.song).song)},
               {"changes", gruve::to_json(screening.changes)},
               {"num_repairs", midi.num_repairs}});
  head.pop_back();  // the closing brace
  std::printf("%s", head.c_str());
  print_list("repairs", midi.repairs, [](const gruve::Repair& repair) -> Json {
    return {{"byte", repair.byte}, {"what", repair.what}};
  });
  // The sums of seconds_at(), which would begin each of them anew.
  double microseconds = 0;
  gruve::Tempo last;
  print_list("tempos", midi.song.tempos, [&](const gruve::Tempo& tempo) -> Json {
    microseconds += static_cast<double>(tempo.tick - last.tick) *
                    static_cast<double>(last.microseconds_per_quarter);
    last = tempo;
    return {{"tick", tempo.tick},
            {"microseconds_per_quarter", tempo.microseconds_per_quarter},
            {"seconds", microseconds / 1e6 / static_cast<double>(midi.song.ticks_per_quarter)}};
  });
  print_list("time_signatures", midi.song.time_signatures, [](const gruve::TimeSignature& metre) -> Json {
    return {{"tick", metre.tick}, {"numerator", metre.numerator}, {"denominator", metre.denominator}};
  });
  print_list("notes", midi.song.notes, [](const gruve::Note& note) -> Json {
    return {{"pitch", note.pitch},
            {"start", note.start},
            {"end", note.end},
            {"velocity", note.velocity},
            {"channel", note.channel}};
  });
  std::printf("}\n");
}

// The name of a key, with C4 as middle C.
std::string key_name(int pitch) {
  constexpr const char* kNames[12] = {"C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"};
  return kNames[pitch % 12] + std::to_string(pitch / 12 - 1);
}

// ", 3 changes" if a map has more than its first entry.
std::string changes(std::size_t entries) {
  if (entries < 2) return "";
  return ", " + std::to_string(entries - 1) + (entries == 2 ? " change" : " changes");
}

void print_midi(const std::string& file, const MidiFile& midi, const Screening& screening,
                const gruve::SongOptions& options) {
  // What is said is said of the music, from the bar of its first note to the end of its last one.
  const gruve::Music music = gruve::music_of(midi.song);
  const gruve::Song& song = music.song;
  std::printf("%s\n", shown(file).c_str());
  const bool is_smpte = midi.division >= 0x8000;
  std::printf("  format          %d, %lld ticks per %s\n", midi.format,
              static_cast<long long>(song.ticks_per_quarter), is_smpte ? "second (SMPTE)" : "quarter note");
  std::printf("  length          %.1f s", gruve::duration_seconds(song));
  if (music.begin > 0) std::printf(", after %.1f s of empty bars", gruve::seconds_at(midi.song, music.begin));
  if (const double rest =
          gruve::duration_seconds(midi.song) - gruve::seconds_at(midi.song, music.begin + song.length);
      rest > 1)
    std::printf(", before %.1f s of silence", rest);
  std::printf("\n");
  if (!is_smpte)
    std::printf("  tempo           %.1f bpm%s\n", song.tempos.front().bpm(),
                changes(song.tempos.size()).c_str());
  const gruve::TimeSignature& metre = song.time_signatures.front();
  std::printf("  time signature  %d/%d%s\n", metre.numerator, metre.denominator,
              changes(song.time_signatures.size()).c_str());
  std::printf("  notes           %zu", song.notes.size());
  std::vector<int> pitches;
  for (const gruve::Note& note : song.notes)
    if (note.channel != gruve::kDrumChannel) pitches.push_back(note.pitch);
  if (!pitches.empty()) {
    const auto [lowest, highest] = std::minmax_element(pitches.begin(), pitches.end());
    std::printf(", from %s to %s", key_name(*lowest).c_str(), key_name(*highest).c_str());
  }
  if (pitches.size() < song.notes.size())
    std::printf(", %zu of them drums", song.notes.size() - pitches.size());
  std::printf("\n");
  const gruve::NoteChanges& notes = screening.changes;
  const gruve::ScreeningOptions& rules = options.screening;
  if (notes.drums > 0)
    std::printf("  drums           %llu notes, left out unless tokens have channels\n",
                static_cast<unsigned long long>(notes.drums));
  if (notes.out_of_range > 0)
    std::printf("  %-15s %llu notes outside the piano's keys\n",
                rules.drop_out_of_range ? "left out" : "moved by octaves",
                static_cast<unsigned long long>(notes.out_of_range));
  if (notes.too_short > 0)
    std::printf("  %-15s %llu notes too short for the grid\n",
                rules.drop_too_short ? "left out" : "lengthened",
                static_cast<unsigned long long>(notes.too_short));
  if (screening.accepted()) {
    std::printf(
        "  grid            onsets are %.2f timesteps off the grid on average, at %d per quarter note%s\n",
        gruve::quantisation_error(screening.song, rules.steps_per_quarter), rules.steps_per_quarter,
        gruve::is_performance(screening.song)
            ? "; they were played off the beat of the file, whose bars mean nothing"
            : "");
    std::printf("  tokens          %zu as timesteps, %zu as events\n",
                static_cast<std::size_t>(gruve::TimestepEncoder().encoded_size(screening.song)),
                gruve::EventEncoder().encode(screening.song).size());
  }
  for (const gruve::Repair& repair : midi.repairs)
    std::printf("  repaired        byte %llu: %s\n", static_cast<unsigned long long>(repair.byte),
                shown(repair.what).c_str());
  if (midi.num_repairs > midi.repairs.size())
    std::printf("  repaired        and %llu more places\n",
                static_cast<unsigned long long>(midi.num_repairs - midi.repairs.size()));
  const std::string rule(gruve::rule_name(screening.rule));
  const std::string verdict =
      screening.accepted() ? "accepted" : "refused         " + rule + ": " + screening.detail;
  std::printf("  %s\n", shown(verdict).c_str());
}

struct InspectArguments {
  std::vector<std::string> files;
  std::string svg;
  gruve::SongOptions reading;
  bool json = false;
};

void inspect(const InspectArguments& options) {
  const std::vector<std::string>& files = options.files;
  const bool json = options.json;
  if (!options.svg.empty() && files.size() > 1)
    throw Error("--svg draws one file, not " + std::to_string(files.size()));
  require_not_read({options.svg}, files);
  std::size_t num_unreadable = 0;
  std::exception_ptr last_error;
  for (const std::string& path : files) {
    const std::string file = input_name(path);
    std::optional<MidiFile> midi;
    try {
      midi = read_midi_input(path, options.reading.midi);
    } catch (const Error& error) {
      ++num_unreadable;
      last_error = std::current_exception();
      if (json) {
        print_unreadable_json(file, error);
      } else {
        const std::string place = error.byte() ? "byte " + std::to_string(*error.byte()) + ": " : "";
        std::printf("%s\n  not readable    %s%s\n", shown(file).c_str(), place.c_str(),
                    shown(error.reason()).c_str());
      }
      continue;
    }
    const Screening screening = gruve::screen(*midi, options.reading);
    if (json) {
      print_midi_json(file, *midi, screening);
    } else {
      print_midi(file, *midi, screening, options.reading);
    }
    if (!options.svg.empty())
      gruve::write_piano_roll(gruve::music_of(midi->song).song, options.svg,
                              {.title = std::filesystem::path(file).filename().string()});
  }
  if (num_unreadable == 0) return;
  if (files.size() == 1) std::rethrow_exception(last_error);
  throw Error(std::to_string(num_unreadable) + " of " + std::to_string(files.size()) +
              " files can't be read");
}

}  // namespace

void add_inspect(CLI::App& app) {
  const auto options = std::make_shared<InspectArguments>();
  CLI::App* command = app.add_subcommand(
      "inspect", "Show the contents of MIDI files, and why they are accepted, repaired or refused");
  command->add_option("FILE", options->files, "MIDI files; - for the standard input")->required();
  command->add_flag("--json", options->json, "Print one JSON object per line for each file");
  command->add_option("--svg", options->svg, "Draw the notes of one file as a piano roll");
  add_reading_options(*command, options->reading);
  group(*command, "Reading MIDI files",
        {"--keep-drums", "--drop-out-of-range", "--drop-too-short", "--max-quantisation-error", "--sustain",
         "--strict"});
  add_examples(*command, {"gruve inspect song.mid", "gruve inspect song.mid --svg song.svg"});
  command->callback([options] { inspect(*options); });
}
