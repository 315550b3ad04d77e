#include "gruve/render/loudness.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "catch.hpp"

namespace {

// A sine on the left, and on the right if asked.
gruve::Sound sine(double hertz, double dbfs, double seconds, int rate, bool right) {
  gruve::Sound sound{.sample_rate = rate, .left = {}, .right = {}};
  const double level = std::pow(10, dbfs / 20);
  for (std::size_t i = 0; i < static_cast<std::size_t>(seconds * rate); ++i) {
    const double at = static_cast<double>(i) / rate;
    sound.left.push_back(static_cast<float>(level * std::sin(2 * std::numbers::pi * hertz * at)));
    sound.right.push_back(right ? sound.left.back() : 0.0f);
  }
  return sound;
}

void append(gruve::Sound& sound, const gruve::Sound& more) {
  sound.left.insert(sound.left.end(), more.left.begin(), more.left.end());
  sound.right.insert(sound.right.end(), more.right.begin(), more.right.end());
}

}  // namespace

TEST_CASE("K-weighting at 48 kHz has the coefficients of BS.1770", "[render][loudness]") {
  const auto filters = gruve::internal::k_weighting(48'000);
  CHECK(filters[0].b[0] == Approx(1.53512485958697).epsilon(1e-9));
  CHECK(filters[0].b[1] == Approx(-2.69169618940638).epsilon(1e-9));
  CHECK(filters[0].b[2] == Approx(1.19839281085285).epsilon(1e-9));
  CHECK(filters[0].a[0] == Approx(-1.69065929318241).epsilon(1e-9));
  CHECK(filters[0].a[1] == Approx(0.73248077421585).epsilon(1e-9));
  CHECK(filters[1].b[1] == -2);
  CHECK(filters[1].a[0] == Approx(-1.99004745483398).epsilon(1e-9));
  CHECK(filters[1].a[1] == Approx(0.99007225036621).epsilon(1e-9));
}

TEST_CASE("Sines have the loudness that the standards name", "[render][loudness]") {
  const int rate = GENERATE(44'100, 48'000, 96'000);
  CAPTURE(rate);
  // BS.1770-4, annex 1: full scale at 997 Hz in one front channel. EBU Tech 3341, cases 1 and 2.
  CHECK(gruve::loudness(sine(997, 0, 5, rate, false)) == Approx(-3.01).margin(0.02));
  CHECK(gruve::loudness(sine(1000, -23, 20, rate, true)) == Approx(-23).margin(0.1));
  CHECK(gruve::loudness(sine(1000, -33, 20, rate, true)) == Approx(-33).margin(0.1));
  // Case 3: quiet parts are gated.
  gruve::Sound gated = sine(1000, -36, 10, rate, true);
  append(gated, sine(1000, -23, 60, rate, true));
  append(gated, sine(1000, -36, 10, rate, true));
  CHECK(gruve::loudness(gated) == Approx(-23).margin(0.1));
  CHECK(gruve::loudness(sine(1000, 0, 0.3, rate, true)) == -std::numeric_limits<double>::infinity());
  CHECK(gruve::loudness(sine(1000, -90, 2, rate, true)) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("A sound is scaled to a loudness, and not beyond its peak", "[render][loudness]") {
  gruve::Sound sound = sine(1000, -40, 5, 44'100, true);
  gruve::normalise_loudness(sound);
  CHECK(gruve::loudness(sound) == Approx(-18).margin(0.05));
  sound.left[100] = 10;  // a click keeps the whole quieter
  gruve::normalise_loudness(sound, -18, -6);
  CHECK(sound.left[100] == Approx(std::pow(10, -6.0 / 20)));
  CHECK(gruve::loudness(sound) < -30);
  gruve::Sound silence{
      .sample_rate = 44'100, .left = std::vector<float>(44'100), .right = std::vector<float>(44'100)};
  gruve::normalise_loudness(silence);
  CHECK(silence.left == std::vector<float>(44'100));
}

TEST_CASE("A song that was played softly and one in a loud room end at one loudness", "[render][loudness]") {
  gruve::Song song;
  for (std::int64_t i = 0; i < 16; ++i)
    song.notes.push_back({480 * i, 480 * i + 400, static_cast<int>(48 + 2 * i)});
  song.length = 480 * 16;
  gruve::Sound soft = gruve::synthesize(song, {.peak_dbfs = -30}),
               loud = gruve::synthesize(song, {.room = 0.9f});
  for (gruve::Sound* const sound : {&soft, &loud}) {
    gruve::normalise_loudness(*sound);
    CHECK(gruve::loudness(*sound) == Approx(-18).margin(0.1));
  }
}
