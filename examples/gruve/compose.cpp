// gruve compose OUT_DIR [--pieces N] [--seed S] [--json]: études by rule, as MIDI files.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "etudes.hpp"
#include "gruve/core/error.hpp"
#include "gruve/midi/write_midi.hpp"
#include "manual.hpp"

namespace {

using Json = nlohmann::ordered_json;

struct ComposeArguments {
  std::string folder;
  int pieces = 100;
  std::uint64_t seed = 1;
  bool json = false;
};

// "etude-0007.mid" for the seventh.
std::string file_name(int number) {
  std::string digits = std::to_string(number);
  if (digits.size() < 4) digits.insert(0, 4 - digits.size(), '0');
  return "etude-" + digits + ".mid";
}

std::string key_name(const gruve::etudes::Key& key) {
  constexpr const char* kNames[12] = {"C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"};
  return std::string(kNames[key.tonic]) + (key.minor ? " minor" : " major");
}

void print_json(const std::filesystem::path& file, const gruve::etudes::EtudePlan& plan,
                const gruve::Song& song) {
  const std::string metre =
      std::to_string(plan.metre.numerator) + "/" + std::to_string(plan.metre.denominator);
  const Json object{{"file", file.string()},
                    {"key", key_name(plan.key)},
                    {"metre", metre},
                    {"form", plan.form},
                    {"bars", plan.num_bars},
                    {"bpm", plan.bpm},
                    {"seconds", std::round(gruve::duration_seconds(song) * 100) / 100},
                    {"notes", song.notes.size()}};
  std::printf("%s\n", object.dump(-1, ' ', false, Json::error_handler_t::replace).c_str());
}

void compose(const ComposeArguments& options) {
  const std::filesystem::path folder(options.folder);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw gruve::Error(options.folder, "cannot create the folder: " + error.message());
  double seconds = 0;
  for (int number = 1; number <= options.pieces; ++number) {
    const auto index = static_cast<std::uint64_t>(number);
    const gruve::Song song = gruve::etudes::compose_etude(options.seed, index);
    const std::filesystem::path file = folder / file_name(number);
    gruve::write_midi(song, file);
    seconds += gruve::duration_seconds(song);
    if (options.json) print_json(file, gruve::etudes::plan_etude(options.seed, index), song);
  }
  if (!options.json)
    std::printf("%d études, %.1f minutes of music, in %s\n", options.pieces, seconds / 60,
                shown(options.folder).c_str());
}

}  // namespace

void add_compose(CLI::App& app) {
  const auto options = std::make_shared<ComposeArguments>();
  CLI::App* command =
      app.add_subcommand("compose", "Compose études by rule, as MIDI files to listen to or train on");
  command
      ->add_option("OUT_DIR", options->folder,
                   "Folder for etude-0001.mid and so on; created if it does not exist")
      ->required();
  command->add_option("--pieces", options->pieces, "Number of études")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command
      ->add_option("--seed", options->seed, "Seed of the random numbers; the same seed gives the same études")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object per line for each étude");
  add_examples(*command, {"gruve compose etudes --pieces 300"});
  command->callback([options] { compose(*options); });
}
