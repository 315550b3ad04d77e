#include "sound.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#if defined(GRUVE_HAS_SNDFILE)
#include <sndfile.h>
#endif

#include "fluidsynth.hpp"
#include "gruve/core/atomic_file.hpp"
#include "gruve/core/error.hpp"
#include "gruve/render/loudness.hpp"

namespace {

std::string extension_of(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return extension;
}

#if defined(GRUVE_HAS_SNDFILE)
// A file in memory for libsndfile, so that what it encodes is written as all files are.
struct MemoryFile {
  std::vector<std::byte> bytes;
  std::size_t at = 0;

  static MemoryFile& of(void* memory) { return *static_cast<MemoryFile*>(memory); }

  static SF_VIRTUAL_IO io() {
    return {.get_filelen = [](void* memory) { return static_cast<sf_count_t>(of(memory).bytes.size()); },
            .seek =
                [](sf_count_t offset, int whence, void* memory) {
                  const sf_count_t base = whence == SEEK_SET ? 0
                                          : whence == SEEK_CUR
                                              ? static_cast<sf_count_t>(of(memory).at)
                                              : static_cast<sf_count_t>(of(memory).bytes.size());
                  of(memory).at = static_cast<std::size_t>(std::max<sf_count_t>(0, base + offset));
                  return static_cast<sf_count_t>(of(memory).at);
                },
            .read =
                [](void* data, sf_count_t count, void* memory) {
                  MemoryFile& from = of(memory);
                  const std::size_t left = from.bytes.size() - std::min(from.bytes.size(), from.at);
                  const std::size_t size = std::min(left, static_cast<std::size_t>(count));
                  std::memcpy(data, from.bytes.data() + from.at, size);
                  from.at += size;
                  return static_cast<sf_count_t>(size);
                },
            .write =
                [](const void* data, sf_count_t count, void* memory) {
                  MemoryFile& to = of(memory);
                  const auto size = static_cast<std::size_t>(count);
                  to.bytes.resize(std::max(to.bytes.size(), to.at + size));
                  std::memcpy(to.bytes.data() + to.at, data, size);
                  to.at += size;
                  return count;
                },
            .tell = [](void* memory) { return static_cast<sf_count_t>(of(memory).at); }};
  }
};

void write_with_sndfile(const gruve::Sound& sound, const std::string& path, int format) {
  SF_INFO info{};
  info.samplerate = sound.sample_rate;
  info.channels = 2;
  info.format = format;
  MemoryFile memory;
  SF_VIRTUAL_IO io = MemoryFile::io();
  SNDFILE* const file = sf_open_virtual(&io, SFM_WRITE, &info, &memory);
  if (file == nullptr) throw gruve::Error(path, std::string("cannot write: ") + sf_strerror(nullptr));
  sf_command(file, SFC_SET_CLIPPING, nullptr, SF_TRUE);
  // In pieces: libvorbis keeps what it is given at once on the stack.
  constexpr std::size_t kPiece = 4096;
  std::vector<float> frames;
  bool written = true;
  for (std::size_t begin = 0; begin < sound.left.size() && written; begin += kPiece) {
    frames.clear();
    for (std::size_t i = begin; i < std::min(begin + kPiece, sound.left.size()); ++i)
      frames.insert(frames.end(), {sound.left[i], sound.right[i]});
    const auto count = static_cast<sf_count_t>(frames.size() / 2);
    written = sf_writef_float(file, frames.data(), count) == count;
  }
  written = sf_close(file) == 0 && written;
  if (!written) throw gruve::Error(path, "libsndfile cannot encode the sound");
  gruve::write_file(path, memory.bytes);
}
#endif

}  // namespace

PlayedSong play(const gruve::Song& song, bool builtin_tone) {
  PlayedSong played;
  const std::optional<std::filesystem::path> font = builtin_tone ? std::nullopt : find_sound_font();
  std::optional<gruve::Sound> sound = font ? play_with_fluidsynth(song, *font) : std::nullopt;
  if (sound) {
    played = {std::move(*sound), "FluidSynth with " + font->filename().string()};
  } else {
    played = {gruve::synthesize(song), "the built-in piano"};
  }
  gruve::normalise_loudness(played.sound);
  return played;
}

void require_sound_format(const std::string& path) {
  const std::string extension = extension_of(path);
  if (extension == ".wav") return;
  if (extension != ".flac" && extension != ".ogg")
    throw gruve::Error(path, "is no name of a sound file: .wav, .flac or .ogg");
#if !defined(GRUVE_HAS_SNDFILE)
  throw gruve::Error(path,
                     "this program was built without libsndfile, which writes " + extension +
                         " files (apt-get install libsndfile1-dev, and build again); .wav needs nothing");
#endif
}

void write_sound(const gruve::Sound& sound, const std::string& path) {
  require_sound_format(path);
#if defined(GRUVE_HAS_SNDFILE)
  const std::string extension = extension_of(path);
  if (extension == ".flac") return write_with_sndfile(sound, path, SF_FORMAT_FLAC | SF_FORMAT_PCM_16);
  if (extension == ".ogg") return write_with_sndfile(sound, path, SF_FORMAT_OGG | SF_FORMAT_VORBIS);
#endif
  gruve::write_wav(sound, path);
}
