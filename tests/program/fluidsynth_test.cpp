#include "gruve/fluidsynth.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "catch.hpp"

namespace {

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Format 0, 96 ticks a quarter: middle C for two quarters (1 s).
const std::string kMidi(
    "MThd\0\0\0\6\0\0\0\1\0\x60"
    "MTrk\0\0\0\x0D"
    "\0\x90\x3C\x50"
    "\x81\x40\x80\x3C\x40"
    "\0\xFF\x2F\0",
    14 + 8 + 13);

}  // namespace

TEST_CASE("A sound font that the environment names must be a file", "[program][fluidsynth]") {
  ::setenv("GRUVE_SOUND_FONT", "/nonexistent/font.sf2", 1);
  CHECK_THROWS_WITH(
      find_sound_font(),
      "/nonexistent/font.sf2: is not a file, but the environment variable GRUVE_SOUND_FONT names it");
  const auto path = std::filesystem::temp_directory_path() / "gruve_font_test.sf2";
  std::ofstream(path) << "not a font";
  ::setenv("GRUVE_SOUND_FONT", path.c_str(), 1);
  CHECK(find_sound_font() == path);
  // fluidsynth fails for such a font: what stood at the place of the WAV file stays.
  const auto wav = std::filesystem::temp_directory_path() / "gruve_fluidsynth_kept.wav";
  std::ofstream(wav) << "before";
  CHECK_FALSE(render_with_fluidsynth("/nonexistent/piece.mid", wav, 1));
  CHECK(bytes_of(wav) == "before");
  CHECK_FALSE(std::filesystem::exists(wav.string() + ".partial"));
  ::unsetenv("GRUVE_SOUND_FONT");
  std::filesystem::remove(path);
  std::filesystem::remove(wav);
}

TEST_CASE("FluidSynth plays a MIDI file where it is installed", "[program][fluidsynth]") {
  const auto folder = std::filesystem::temp_directory_path();
  const auto midi = folder / "gruve fluidsynth test.mid";
  const auto wav = folder / "gruve fluidsynth test.wav";
  std::ofstream(midi, std::ios::binary) << kMidi;
  // A file that is shorter than the piece was cut, by a full disk say.
  CHECK_FALSE(render_with_fluidsynth(midi, wav, 1e6));
  CHECK_FALSE(std::filesystem::exists(wav));
  const bool played = render_with_fluidsynth(midi, wav, 1);
  std::filesystem::remove(midi);
  if (!played) {
    CHECK_FALSE(std::filesystem::exists(wav));
    WARN("skipped: fluidsynth or a sound font is not installed");
    return;
  }
  const std::string bytes = bytes_of(wav);
  std::filesystem::remove(wav);
  CHECK(bytes.substr(0, 4) == "RIFF");
  CHECK(bytes.size() > 44'100 * 4);  // a second at least
}
