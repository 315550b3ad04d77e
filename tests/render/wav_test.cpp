#include "gruve/render/wav.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numbers>
#include <string>
#include <vector>

#include "catch.hpp"
#include "chorale.hpp"

namespace {

gruve::Song one_note(int pitch, double seconds, int velocity = 90, int channel = 0) {
  gruve::Song song;  // 960 ticks a second
  song.length = static_cast<std::int64_t>(960 * seconds);
  song.notes = {{0, song.length, pitch, velocity, channel}};
  return song;
}

double loudest_step(const std::vector<float>& samples, std::size_t from = 0) {
  float step = from == 0 ? std::abs(samples.front()) : 0.0f;
  for (std::size_t i = from + 1; i < samples.size(); ++i)
    step = std::max(step, std::abs(samples[i] - samples[i - 1]));
  return step;
}

double peak(const std::vector<float>& samples) {
  float most = 0;
  for (const float sample : samples) most = std::max(most, std::abs(sample));
  return most;
}

double rms(const std::vector<float>& samples, double from, double to, double rate = 44'100) {
  double sum = 0;
  const auto begin = static_cast<std::size_t>(from * rate);
  const auto end = static_cast<std::size_t>(to * rate);
  for (std::size_t i = begin; i < end; ++i)
    sum += static_cast<double>(samples[i]) * static_cast<double>(samples[i]);
  return std::sqrt(sum / static_cast<double>(end - begin));
}

/// Magnitude of the Fourier transform of one second under a Hann window.
double spectrum_at(const std::vector<float>& samples, double hertz, double rate = 44'100) {
  std::complex<double> sum = 0;
  const auto count = static_cast<std::size_t>(rate);
  for (std::size_t i = 0; i < count; ++i) {
    const double at = static_cast<double>(i) / rate;
    const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * at);
    sum += window * static_cast<double>(samples[i]) * std::polar(1.0, -2 * std::numbers::pi * hertz * at);
  }
  return std::abs(sum);
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("Sound lasts as long as the song and its tail, with the requested peak", "[render][wav]") {
  const gruve::Song song = chorale();  // 15 quarters at 90 bpm: 10 s
  const gruve::Sound sound = gruve::synthesize(song);
  REQUIRE(sound.left.size() == 507'150);  // 11.5 s; the tempo's 666667 µs are 5 µs more than 10 s in all
  REQUIRE(sound.right.size() == sound.left.size());
  CHECK(std::max(peak(sound.left), peak(sound.right)) == Approx(0.891251).epsilon(1e-5));  // 10^(-1 / 20)

  const gruve::Sound soft = gruve::synthesize(song, {.peak_dbfs = -20});
  CHECK(std::max(peak(soft.left), peak(soft.right)) == Approx(0.1).epsilon(1e-5));
}

TEST_CASE("Sound is full, centred, without a constant offset, and ends in silence", "[render][wav]") {
  const gruve::Sound sound = gruve::synthesize(chorale());
  for (const std::vector<float>* side : {&sound.left, &sound.right}) {
    const double level = 20 * std::log10(rms(*side, 0, 10));
    CHECK(level > -26);
    CHECK(level < -10);
    double sum = 0;
    for (const float sample : *side) sum += static_cast<double>(sample);
    CHECK(std::abs(sum / static_cast<double>(side->size())) < 1e-5);
    CHECK(rms(*side, 11.45, 11.5) < 1e-4);
  }
  CHECK(rms(sound.left, 0, 10) / rms(sound.right, 0, 10) > 0.5);
  CHECK(rms(sound.left, 0, 10) / rms(sound.right, 0, 10) < 2);
  CHECK(sound.left != sound.right);
}

TEST_CASE("A4 sounds at 440 Hz", "[render][wav]") {
  const gruve::Sound sound = gruve::synthesize(one_note(69, 2), {.room = 0});
  std::vector<float> both = sound.left;
  for (std::size_t i = 0; i < both.size(); ++i) both[i] += sound.right[i];
  double loudest = 0, found = 0;
  for (double hertz = 437; hertz <= 443; hertz += 0.02) {
    const double magnitude = spectrum_at(both, hertz);
    if (magnitude > loudest) loudest = magnitude, found = hertz;
  }
  CHECK(std::abs(1200 * std::log2(found / 440)) <
        0.6);  // cents; the two strings are 0.4 cents off to either side
  // It's a tone, not a sine and not noise: an octave above there is a partial, between them there's nothing.
  CHECK(spectrum_at(both, 880.2) > 0.05 * loudest);
  CHECK(spectrum_at(both, 660) < 0.003 * loudest);
}

TEST_CASE("Harder blows are brighter", "[render][wav]") {
  const auto share_of_fourth = [](int velocity) {
    const gruve::Sound sound = gruve::synthesize(one_note(60, 1, velocity), {.room = 0});
    return spectrum_at(sound.left, 4 * 261.63) / spectrum_at(sound.left, 261.63);
  };
  CHECK(share_of_fourth(120) > 1.5 * share_of_fourth(40));
}

TEST_CASE("No note clicks when it begins, ends or is cut off by the end", "[render][wav]") {
  // A sine of peak 0.9 at f Hz steps by 2π f 0.9 / 44100 at most; a click would step by a good part of the
  // peak. The partials of a middle C of medium force reach some 3 kHz with little left above: well below 0.3
  // a sample.
  for (const int pitch : {36, 60, 72}) {
    const gruve::Sound sound = gruve::synthesize(one_note(pitch, 0.7, 80));
    CHECK(loudest_step(sound.left) < 0.3);
    CHECK(loudest_step(sound.right) < 0.3);
    // From the release on there is no new onset: steps stay small against what sounded.
    CHECK(loudest_step(sound.left, 30'000) < 0.05);
    CHECK(std::abs(sound.left.back()) < 1e-6);
  }
}

TEST_CASE("A note is damped when it ends", "[render][wav]") {
  const gruve::Song brief = one_note(60, 0.5);
  gruve::Song rests = brief;
  rests.length = 3 * 960;
  const gruve::Sound sound = gruve::synthesize(rests, {.room = 0});
  CHECK(rms(sound.left, 0.2, 0.45) > 0.03);
  CHECK(rms(sound.left, 1.5, 2.5) < 1e-4);
}

TEST_CASE("A song without notes is silent", "[render][wav]") {
  gruve::Song song;
  song.length = 960;
  const gruve::Sound sound = gruve::synthesize(song, {.sample_rate = 8000, .tail_seconds = 0});
  CHECK(sound.left == std::vector<float>(8000, 0.0f));
  CHECK(sound.right == sound.left);
}

TEST_CASE("Every key, velocity and drum sounds and stays in range", "[render][wav]") {
  for (int pitch = 0; pitch < 128; pitch += 3) {
    for (const int channel : {0, gruve::kDrumChannel}) {
      const gruve::Sound sound = gruve::synthesize(one_note(pitch, 0.1, 1 + pitch % 127, channel),
                                                   {.sample_rate = 16'000, .tail_seconds = 0.2f});
      INFO("pitch " << pitch << ", channel " << channel);
      CHECK(std::max(peak(sound.left), peak(sound.right)) == Approx(0.891251).epsilon(1e-4));
    }
  }
}

TEST_CASE("The same song gives the same samples, and a note outside the song does no harm", "[render][wav]") {
  gruve::Song song = chorale();
  song.notes.push_back({-50, 10, 60, 80, 0});
  song.notes.push_back({song.length - 10, song.length * 50, 60, 80, 0});
  song.notes.push_back({song.length * 9, song.length * 10, 60, 80, 0});
  gruve::sort_notes(song.notes);
  const gruve::WavOptions options{.sample_rate = 11'025};
  CHECK(gruve::synthesize(song, options).left == gruve::synthesize(song, options).left);
}

TEST_CASE("A WAV file is a RIFF header and 16-bit stereo frames", "[render][wav]") {
  const auto path = std::filesystem::temp_directory_path() / "gruve_wav_test.wav";
  gruve::Song song = one_note(69, 0.25);
  gruve::write_wav(song, path, {.sample_rate = 8000, .tail_seconds = 0.25f});
  const std::string bytes = bytes_of(path);
  std::filesystem::remove(path);
  REQUIRE(bytes.size() == 44 + 4 * 4000);  // 0.5 s at 8000 frames a second, 4 bytes each
  const std::string header(
      "RIFF"
      "\xA4\x3E\x00\x00"  // 16036 = 36 + 16000
      "WAVE"
      "fmt "
      "\x10\x00\x00\x00"  // 16 bytes of format
      "\x01\x00"          // PCM
      "\x02\x00"          // 2 channels
      "\x40\x1F\x00\x00"  // 8000 frames a second
      "\x00\x7D\x00\x00"  // 32000 bytes a second
      "\x04\x00"          // 4 bytes a frame
      "\x10\x00"          // 16 bits a sample
      "data"
      "\x80\x3E\x00\x00",  // 16000 bytes
      44);
  CHECK(bytes.substr(0, 44) == header);
  int loudest = 0;
  for (std::size_t i = 44; i < bytes.size(); i += 2) {
    const int low = static_cast<unsigned char>(bytes[i]);
    const int high = static_cast<signed char>(bytes[i + 1]);
    loudest = std::max(loudest, std::abs(256 * high + low));
  }
  CHECK(loudest == 29'204);  // 10^(-1 / 20) * 32767 = 29203.6
}

TEST_CASE("Songs too long for a WAV file and options out of range are refused before any work",
          "[render][wav]") {
  const auto message = [](const gruve::Song& song, const gruve::WavOptions& options) -> std::string {
    try {
      gruve::synthesize(song, options);
    } catch (const gruve::Error& error) {
      return error.what();
    }
    return "";
  };
  gruve::Song song;
  song.length = std::int64_t{960} * 4 * 3600;
  CHECK(message(song, {}) ==
        "the song lasts 14401 s with its tail, more than the 14400 s that a WAV file may have here");
  song.length = INT64_MAX;
  CHECK(
      message(song, {}) ==
      "the song lasts 9607679205057060 s with its tail, more than the 14400 s that a WAV file may have here");
  song.length = std::int64_t{960} * 6000;
  CHECK(message(song, {.sample_rate = 192'000}) ==
        "the song lasts 6001 s with its tail, more than the 5592 s that a WAV file may have here");
  song.length = 960;
  CHECK(message(song, {.sample_rate = 100}) == "sample rate 100 is outside 8000 to 192000");
  CHECK(message(song, {.peak_dbfs = 3}) == "peak level 3.000000 dBFS is outside -60 to 0");
  CHECK(message(song, {.tail_seconds = -1}) == "tail of -1.000000 s is outside 0 to 60");
  CHECK(message(song, {.room = 2}) == "room level 2.000000 is outside 0 to 1");
}

TEST_CASE("An unwritable place is one clear sentence", "[render][wav]") {
  CHECK_THROWS_WITH(gruve::write_wav(chorale(), "/nonexistent/piece.wav"),
                    "/nonexistent/piece.wav: cannot write: No such file or directory");
}
