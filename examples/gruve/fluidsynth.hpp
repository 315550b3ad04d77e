// The fluidsynth program as a better instrument than the built-in one, if it and a sound font are installed.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
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

/// The sound font to use: $GRUVE_SOUND_FONT if it is set, otherwise a General MIDI font from one of the usual
/// folders, known fonts first. Throws gruve::Error if $GRUVE_SOUND_FONT does not name a file.
inline std::optional<std::filesystem::path> find_sound_font() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (const char* const named = std::getenv("GRUVE_SOUND_FONT"); named != nullptr && *named != '\0') {
    if (!fs::is_regular_file(named, ignored)) {
      throw gruve::Error(named, "is not a file, but the environment variable GRUVE_SOUND_FONT names it");
    }
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

/// Renders a MIDI file, which lasts `seconds`, with the fluidsynth program to a WAV file (44.1 kHz, 16 bit,
/// stereo). Returns false, and leaves wav_path as it was, if fluidsynth or a sound font is not installed or
/// fluidsynth fails.
inline bool render_with_fluidsynth(const std::filesystem::path& midi_path,
                                   const std::filesystem::path& wav_path, double seconds) {
#if defined(__unix__) || defined(__APPLE__)
  namespace fs = std::filesystem;
  const auto font = find_sound_font();
  if (!font) return false;
  fs::path partial = fs::absolute(wav_path);
  partial += ".partial";
  // Absolute paths, because one that begins with a dash would be read as an option.
  std::vector<std::string> words{"fluidsynth",
                                 "-n",
                                 "-i",
                                 "-q",
                                 "-g",
                                 "0.7",
                                 "-r",
                                 "44100",
                                 "-O",
                                 "s16",
                                 "-T",
                                 "wav",
                                 "-F",
                                 partial.string(),
                                 fs::absolute(*font).string(),
                                 fs::absolute(midi_path).string()};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  if (::posix_spawn_file_actions_init(&actions) != 0) return false;
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t process = 0;
  const int failed = ::posix_spawnp(&process, "fluidsynth", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return false;
  int status = 0;
  while (::waitpid(process, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  std::error_code error;
  // fluidsynth exits with 0 also for a MIDI file that it can't play, and on a full disk; then the WAV file is
  // too short.
  const bool played = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
                      static_cast<double>(fs::file_size(partial, error)) > 44 + seconds * 44'100 * 4 &&
                      !error;
  if (played) fs::rename(partial, wav_path, error);
  if (played && !error) return true;
  fs::remove(partial, error);
  return false;
#else
  static_cast<void>(midi_path);
  static_cast<void>(wav_path);
  static_cast<void>(seconds);
  return false;
#endif
}
