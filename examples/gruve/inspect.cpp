// gruve inspect FILE… [--json]: what is in MIDI files, and why they are accepted or refused.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "gruve/core/error.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/tokens/screening.hpp"

namespace {

using gruve::Error;
using gruve::MidiFile;
using gruve::Screening;
using Json = nlohmann::ordered_json;

// One line. A name that is not UTF-8 is shown with replacement characters.
void print_json(const Json& object) {
  std::printf("%s\n", object.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_unreadable_json(const std::string& file, const Error& error) {
  print_json({{"file", file},
              {"readable", false},
              {"reason", error.reason()},
              {"byte", error.byte() ? Json(*error.byte()) : Json()},
              {"format", nullptr},
              {"division", nullptr},
              {"accepted", false},
              {"screening", gruve::rule_name(gruve::Rule::not_readable)},
              {"notes", Json::array()}});
}

void print_midi_json(const std::string& file, const MidiFile& midi, const Screening& screening) {
  Json notes = Json::array();
  for (const gruve::Note& note : midi.song.notes) {
    notes.push_back({{"pitch", note.pitch},
                     {"start", note.start},
                     {"end", note.end},
                     {"velocity", note.velocity},
                     {"channel", note.channel}});
  }
  print_json({{"file", file},
              {"readable", true},
              {"reason", nullptr},
              {"byte", nullptr},
              {"format", midi.format},
              {"division", midi.division},
              {"accepted", screening.accepted()},
              {"screening", screening.accepted() ? Json() : Json(gruve::rule_name(screening.rule))},
              {"notes", std::move(notes)}});
}

// The name of a key, with C4 as middle C.
std::string key_name(int pitch) {
  constexpr const char* kNames[12] = {"C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"};
  return kNames[pitch % 12] + std::to_string(pitch / 12 - 1);
}

// ", 3 changes" where a map has more than its first entry.
std::string changes(std::size_t entries) {
  if (entries < 2) return "";
  return ", " + std::to_string(entries - 1) + (entries == 2 ? " change" : " changes");
}

void print_midi(const std::string& file, const MidiFile& midi, const Screening& screening) {
  const gruve::Song& song = midi.song;
  std::printf("%s\n", file.c_str());
  const bool is_smpte = midi.division >= 0x8000;
  std::printf("  format          %d, %lld ticks per %s\n", midi.format,
              static_cast<long long>(song.ticks_per_quarter), is_smpte ? "second (SMPTE)" : "quarter note");
  std::printf("  length          %.1f s\n", gruve::duration_seconds(song));
  const gruve::Tempo tempo = song.tempos.empty() ? gruve::Tempo{} : song.tempos.front();
  if (!is_smpte)
    std::printf("  tempo           %.1f bpm%s\n", tempo.bpm(), changes(song.tempos.size()).c_str());
  const gruve::TimeSignature metre =
      song.time_signatures.empty() ? gruve::TimeSignature{} : song.time_signatures.front();
  std::printf("  time signature  %d/%d%s\n", metre.numerator, metre.denominator,
              changes(song.time_signatures.size()).c_str());
  std::printf("  notes           %zu", song.notes.size());
  if (!song.notes.empty()) {
    const auto [lowest, highest] =
        std::minmax_element(song.notes.begin(), song.notes.end(),
                            [](const gruve::Note& a, const gruve::Note& b) { return a.pitch < b.pitch; });
    std::printf(", from %s to %s", key_name(lowest->pitch).c_str(), key_name(highest->pitch).c_str());
  }
  const std::string rule(gruve::rule_name(screening.rule));
  const std::string verdict =
      screening.accepted() ? "accepted" : "refused         " + rule + ": " + screening.detail;
  std::printf("\n  %s\n", verdict.c_str());
}

void inspect(const std::vector<std::string>& files, bool json) {
  std::size_t num_unreadable = 0;
  std::exception_ptr last_error;
  for (const std::string& file : files) {
    std::optional<MidiFile> midi;
    try {
      midi = gruve::read_midi(file);
    } catch (const Error& error) {
      ++num_unreadable;
      last_error = std::current_exception();
      if (json) {
        print_unreadable_json(file, error);
      } else {
        const std::string place = error.byte() ? "byte " + std::to_string(*error.byte()) + ": " : "";
        std::printf("%s\n  not readable    %s%s\n", file.c_str(), place.c_str(), error.reason().c_str());
      }
      continue;
    }
    const Screening screening = gruve::screen(midi->song);
    if (json) {
      print_midi_json(file, *midi, screening);
    } else {
      print_midi(file, *midi, screening);
    }
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Error("cannot write to the standard output");
  if (num_unreadable == 0) return;
  if (files.size() == 1) std::rethrow_exception(last_error);
  throw Error(std::to_string(num_unreadable) + " of " + std::to_string(files.size()) +
              " files can't be read");
}

}  // namespace

void add_inspect(CLI::App& app) {
  struct Options {
    std::vector<std::string> files;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("inspect", "Say what is in MIDI files and whether they are accepted");
  command->add_option("FILE", options->files, "MIDI files")->required();
  command->add_flag("--json", options->json, "Print one JSON object a line for each file");
  command->callback([options] { inspect(options->files, options->json); });
}
