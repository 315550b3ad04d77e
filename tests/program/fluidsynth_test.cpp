#include "gruve/fluidsynth.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "catch.hpp"

namespace {

// Middle C for a second.
gruve::Song one_second() {
  gruve::Song song;
  song.length = 960;
  song.notes = {{0, 960, 60, 80, 0}};
  return song;
}

}  // namespace

TEST_CASE("A sound font that the environment names must be a file", "[program][fluidsynth]") {
  ::setenv("GRUVE_SOUND_FONT", "/nonexistent/font.sf2", 1);
  CHECK_THROWS_WITH(
      find_sound_font(),
      "/nonexistent/font.sf2: is not a file, but the environment variable GRUVE_SOUND_FONT names it");
  const auto path = std::filesystem::temp_directory_path() / "gruve_font_test.sf2";
  std::ofstream(path) << "not a font";
  ::setenv("GRUVE_SOUND_FONT", path.c_str(), 1);
  CHECK_THROWS_WITH(find_sound_font(),
                    ContainsSubstring("is not a sound font, but the environment variable"));
  std::ofstream(path) << "RIFF....sfbk";
  CHECK(find_sound_font() == path);
  ::unsetenv("GRUVE_SOUND_FONT");
  std::filesystem::remove(path);
}

TEST_CASE("FluidSynth plays a song where it is installed", "[program][fluidsynth]") {
  const auto font = find_sound_font();
  const auto sound = font ? play_with_fluidsynth(one_second(), *font) : std::nullopt;
  if (!sound) {
    WARN("skipped: fluidsynth or a sound font is not installed");
    return;
  }
  CHECK(sound->sample_rate == 44'100);
  CHECK(sound->left.size() > 44'100);  // a second at least
  CHECK(sound->right.size() == sound->left.size());
  CHECK(*std::max_element(sound->left.begin(), sound->left.end()) > 0.01f);
}
