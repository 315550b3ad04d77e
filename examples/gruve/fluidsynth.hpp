// The fluidsynth program as a better instrument than the built-in one, if it and a sound font are installed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

extern char** environ;
#endif

#include "gruve/core/error.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/midi/song.hpp"
#include "gruve/midi/timeline.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/render/wav.hpp"

/// Whether a file begins as a sound font of version 2 or 3 does: fluidsynth plays another font in place of
/// one that it can't read. Source: SoundFont technical specification 2.04.
inline bool is_sound_font(const std::filesystem::path& path) {
  std::array<char, 12> head{};
  std::ifstream file(path, std::ios::binary);
  return file.read(head.data(), head.size()) && std::string_view(head.data(), 4) == "RIFF" &&
         std::string_view(head.data() + 8, 4) == "sfbk";
}

/// The sound font to use: $GRUVE_SOUND_FONT if it is set, otherwise a General MIDI font from one of the usual
/// folders, known fonts first. Throws gruve::Error if $GRUVE_SOUND_FONT does not name a sound font.
inline std::optional<std::filesystem::path> find_sound_font() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (const char* const named = std::getenv("GRUVE_SOUND_FONT"); named != nullptr && *named != '\0') {
    if (!fs::is_regular_file(named, ignored)) {
      throw gruve::Error(named, "is not a file, but the environment variable GRUVE_SOUND_FONT names it");
    }
    if (!is_sound_font(named))
      throw gruve::Error(named,
                         "is not a sound font, but the environment variable GRUVE_SOUND_FONT names it");
    return fs::path(named);
  }
  std::vector<fs::path> fonts;
  for (const char* const folder : {"/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts",
                                   "/usr/local/share/soundfonts", "/opt/homebrew/share/soundfonts"}) {
    for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
      const fs::path extension = entry->path().extension();
      if (extension == ".sf2" || extension == ".sf3") fonts.push_back(entry->path());
    }
  }
  if (fonts.empty()) return std::nullopt;
  const auto rank = [](const fs::path& font) {
    constexpr std::array<const char*, 4> kKnown{"FluidR3_GM", "default-GM", "MuseScore_General", "TimGM6mb"};
    return std::find(kKnown.begin(), kKnown.end(), font.stem().string()) - kKnown.begin();
  };
  return *std::min_element(fonts.begin(), fonts.end(), [&rank](const fs::path& a, const fs::path& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : a < b;
  });
}

/// The sound of a song as the fluidsynth program plays it (44.1 kHz, stereo, not scaled to any level).
/// Nothing if fluidsynth or a sound font is not installed, or if fluidsynth fails.
inline std::optional<gruve::Sound> play_with_fluidsynth(const gruve::Song& song,
                                                        const std::filesystem::path& font) {
#if defined(__unix__) || defined(__APPLE__)
  namespace fs = std::filesystem;
  // Absolute paths, because one that begins with a dash would be read as an option.
  std::string folder = (fs::absolute(fs::temp_directory_path()) / "gruve-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return std::nullopt;
  struct Removal {
    fs::path folder;
    ~Removal() {
      std::error_code ignored;
      fs::remove_all(folder, ignored);
    }
  } const removal{folder};
  const fs::path midi = removal.folder / "song.mid", raw = removal.folder / "song.raw";
  gruve::write_midi(song, midi);
  std::vector<std::string> words{"fluidsynth",
                                 "-n",
                                 "-i",
                                 "-q",
                                 "-g",
                                 "0.5",
                                 "-r",
                                 "44100",
                                 "-O",
                                 "float",
                                 "-E",
                                 "little",
                                 "-T",
                                 "raw",
                                 "-F",
                                 raw.string(),
                                 fs::absolute(font).string(),
                                 midi.string()};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return std::nullopt;
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, "fluidsynth", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return std::nullopt;
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  std::error_code error;
  const auto size = fs::file_size(raw, error);
  // On a full disk fluidsynth exits with 0 too, but the file is too short.
  constexpr double kFrame = 2 * sizeof(float);
  if (error || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
      static_cast<double>(size) <= gruve::duration_seconds(song) * 44'100 * kFrame)
    return std::nullopt;
  const gruve::MappedFile file(raw);
  gruve::Sound sound{.sample_rate = 44'100, .left = {}, .right = {}};
  sound.left.resize(file.bytes().size() / static_cast<std::size_t>(kFrame));
  sound.right.resize(sound.left.size());
  for (std::size_t i = 0; i < sound.left.size(); ++i) {
    std::array<float, 2> frame{};
    std::memcpy(frame.data(), file.bytes().data() + i * sizeof frame, sizeof frame);
    sound.left[i] = frame[0];
    sound.right[i] = frame[1];
  }
  return sound;
#else
  static_cast<void>(song);
  static_cast<void>(font);
  return std::nullopt;
#endif
}
