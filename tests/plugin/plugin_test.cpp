// The plug-in of examples/plugin/ in small hosts, as LV2 and as CLAP where it is built.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "gruve/generate/scale.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/tokens/event_encoder.hpp"
#include "gruve/tokens/timestep_encoder.hpp"
#include "host.hpp"
#include "plugin/parameters.hpp"

using namespace gruve;
using namespace gruve::tests;
using companion::kBars, companion::kDensity, companion::kFollow, companion::kKey, companion::kSeed,
    companion::kTemperature;

namespace {

constexpr std::int64_t kRate = static_cast<std::int64_t>(Host::kSampleRate);

// A file of an untrained model; it goes at the end.
class ModelFile {
 public:
  ModelFile(const char* name, const AnyEncoder& encoder, std::uint64_t seed)
      : path_((std::filesystem::temp_directory_path() / name).string()) {
    TrainedModel model{.network = GruModel<float>(
                           {.vocab_size = encoder.vocab_size(), .embedding_size = 8, .hidden_size = 24}),
                       .encoder = encoder,
                       .music = MusicInfo{.tempo_bpm = 90}};
    initialize(model.network, seed);
    save(model, path_);
  }
  ~ModelFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const std::string& event_model() {
  static const ModelFile file("gruve_plugin_events.safetensors",
                              EventEncoder({.steps_per_quarter = 4, .velocities = true}), 1);
  return file.path();
}
const std::string& timestep_model() {
  static const ModelFile file("gruve_plugin_timesteps.safetensors", TimestepEncoder({.steps_per_quarter = 4}),
                              2);
  return file.path();
}

using Open = std::function<std::unique_ptr<Host>()>;

// The formats that are built.
std::vector<std::pair<std::string, Open>> formats() {
  setenv("GRUVE_MODEL", event_model().c_str(), 1);
  std::vector<std::pair<std::string, Open>> formats;
#if defined(GRUVE_LV2_FILE)
  formats.emplace_back("LV2", [] { return open_lv2(GRUVE_LV2_FILE); });
#endif
#if defined(GRUVE_CLAP_FILE)
  formats.emplace_back("CLAP", [] { return open_clap(GRUVE_CLAP_FILE); });
#endif
  return formats;
}

bool begins(const Message& message) { return (message.bytes[0] & 0xF0) == 0x90 && message.bytes[2] > 0; }

// Plays from a place on, in blocks of a size, and then stops. `at` has what is done before the block that
// begins at a sample.
std::vector<Message> play(Host& host, std::int64_t samples, std::int64_t block_size, Place place,
                          const std::vector<Message>& played = {},
                          const std::map<std::int64_t, std::function<void()>>& at = {}) {
  std::vector<Message> all, heard;
  const double beat = place.beat;
  std::size_t next = 0;
  for (std::int64_t sample = 0; sample <= samples;) {
    if (const auto found = at.find(sample); found != at.end()) found->second();
    std::int64_t end = std::min(samples, sample + block_size);
    if (const auto later = at.upper_bound(sample); later != at.end()) end = std::min(end, later->first);
    place.beat = beat + static_cast<double>(sample) * place.bpm / (60 * Host::kSampleRate);
    place.is_playing = sample < samples;
    heard.clear();
    for (; next < played.size() && played[next].sample < end; ++next)
      heard.push_back({played[next].sample - sample, played[next].bytes});
    const int size = place.is_playing ? static_cast<int>(end - sample) : 1;
    for (const Message& message : host.run(size, place, heard))
      all.push_back({sample + message.sample, message.bytes});
    sample = place.is_playing ? end : samples + 1;
  }
  return all;
}

// Whether messages are in order, each note that begins ends, and no note ends that has not begun.
bool are_paired(const std::vector<Message>& messages) {
  std::map<int, int> sounding;
  bool holds = std::is_sorted(messages.begin(), messages.end(),
                              [](const Message& a, const Message& b) { return a.sample < b.sample; });
  for (const Message& message : messages) {
    const int kind = message.bytes[0] & 0xF0, key = (message.bytes[0] & 15) << 7 | message.bytes[1];
    if (begins(message))
      ++sounding[key];
    else if (kind == 0x80 || kind == 0x90)
      holds = --sounding[key] >= 0 && holds;
  }
  for (const auto& [key, count] : sounding) holds = holds && count == 0;
  return holds;
}

std::vector<Message> notes_from(const std::vector<Message>& messages, std::int64_t begin, std::int64_t end) {
  std::vector<Message> found;
  for (const Message& message : messages)
    if (begins(message) && message.sample >= begin && message.sample < end) found.push_back(message);
  return found;
}

// A phrase of four quarter notes at 240 bpm: a quarter note has a quarter of a second.
constexpr std::int64_t kQuarter = kRate / 4;
constexpr double kBpm = 240;
std::vector<Message> phrase(std::int64_t begin) {
  std::vector<Message> messages;
  for (const std::uint8_t pitch : std::array<std::uint8_t, 4>{60, 64, 67, 72}) {
    messages.push_back({begin, {0x90, pitch, 90}});
    messages.push_back({begin + kQuarter / 2, {0x80, pitch, 0}});
    begin += kQuarter;
  }
  messages.pop_back();
  messages.push_back({begin - kQuarter * 3 / 4, {0x80, 72, 0}});
  return messages;
}

}  // namespace

TEST_CASE("The same notes at the same samples in blocks of 1 to 1,000 samples", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    // Alone in one format and answering in the other, and both ways round for a few sizes.
    for (const bool follow : {false, true}) {
      CAPTURE(follow);
      const std::int64_t samples = kRate * 3;
      const auto music = [&](std::int64_t size) {
        const auto host = open();
        host->set(kFollow, follow ? 1 : 0);
        host->set(kDensity, 5);
        host->set(kBars, 1);
        const auto messages = play(*host, samples, size, {.beat = 2.3, .bpm = kBpm},
                                   phrase(kQuarter * 17 / 10), {{kRate * 2 + 3, [&] {
                                                                   host->set(kKey, 1);
                                                                   host->set(kTemperature, 1.3f);
                                                                 }}});
        CHECK(host->counts() == RealtimeCounts{});
        return messages;
      };
      const auto wanted = music(512);
      CHECK(are_paired(wanted));
      REQUIRE(notes_from(wanted, 0, samples).size() > 8);
      int different = 0;
      const bool all = follow == (name == "CLAP");
      for (std::int64_t size = 1; size <= 1000; size += all ? 1 : 111) different += music(size) != wanted;
      CHECK(different == 0);
    }
  }
}

TEST_CASE("Alone, the same place of the song has the same music, and seeds have others", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto host = open();
    const auto first = play(*host, kRate * 2, 256, {.beat = 8, .bpm = kBpm});
    CHECK(notes_from(first, 0, kRate * 2).size() > 5);
    const auto other_bar = play(*host, kRate * 2, 256, {.beat = 16, .bpm = kBpm});
    CHECK((first != other_bar));
    CHECK((first == play(*host, kRate * 2, 256, {.beat = 8, .bpm = kBpm})));
    host->set(kSeed, 2);
    CHECK((first != play(*host, kRate * 2, 256, {.beat = 8, .bpm = kBpm})));
  }
}

TEST_CASE("A session has the same music after it is loaded", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto host = open();
    CHECK(host->load_model(timestep_model()));
    host->set(kTemperature, 1.1234567f);
    host->set(kKey, 3);
    host->set(kSeed, 7);
    const auto wanted = play(*host, kRate * 2, 256, {.bpm = kBpm});
    REQUIRE(notes_from(wanted, 0, kRate * 2).size() > 5);
    const std::string state = host->save();
    CHECK(state.find(timestep_model()) != std::string::npos);
    const auto other = open();
    CHECK((wanted != play(*other, kRate * 2, 256, {.bpm = kBpm})));
    CHECK(other->restore(state));
    CHECK(other->save() == state);
    CHECK((wanted == play(*other, kRate * 2, 256, {.bpm = kBpm})));
    // A file that is gone is an error, and the model that is there goes on.
    std::string damaged = state;
    damaged.replace(damaged.find("timesteps.safetensors"), 9, "somewhere");
    CHECK_FALSE(other->restore(damaged));
    CHECK((wanted == play(*other, kRate * 2, 256, {.bpm = kBpm})));
  }
}

TEST_CASE("Another model takes over while it plays, and no note is left sounding", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto host = open();
    const auto alone = play(*host, kRate * 2, 200, {.bpm = kBpm});
    const auto both = play(*host, kRate * 2, 200, {.bpm = kBpm}, {},
                           {{kRate, [&] { CHECK(host->load_model(timestep_model())); }}});
    CHECK(are_paired(both));
    CHECK((notes_from(both, 0, kRate) == notes_from(alone, 0, kRate)));
    CHECK((notes_from(both, kRate, kRate * 2) != notes_from(alone, kRate, kRate * 2)));
    CHECK_FALSE(host->load_model(event_model() + ".missing"));
    CHECK_FALSE(host->load_model(GRUVE_TEST_DATA "/plugin/host.hpp"));
    CHECK(are_paired(play(*host, kRate, 200, {.bpm = kBpm})));
    CHECK(host->counts() == RealtimeCounts{});
  }
}

TEST_CASE("Parameters change while it plays", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto host = open();
    const auto messages =
        play(*host, kRate * 6, 256, {.bpm = kBpm}, {},
             {{kRate * 2, [&] { host->set(kKey, 1); }}, {kRate * 4, [&] { host->set(kDensity, 1); }}});
    CHECK(are_paired(messages));
    // What is drawn ahead, half a quarter note and a timestep, stays as it was.
    const std::int64_t ahead = kQuarter * 3 / 4 + 256;
    const auto outside = [](const std::vector<Message>& notes) {
      return std::count_if(notes.begin(), notes.end(), [](const Message& note) {
        return !has_pitch(scale_from_name("C major"), note.bytes[1]);
      });
    };
    CHECK(outside(notes_from(messages, 0, kRate * 2)) > 0);
    CHECK(outside(notes_from(messages, kRate * 2 + ahead, kRate * 6)) == 0);
    const auto dense = notes_from(messages, kRate * 2, kRate * 4);
    const auto sparse = notes_from(messages, kRate * 4 + ahead, kRate * 6);
    CHECK(dense.size() > sparse.size());
    CHECK(!sparse.empty());
    for (std::size_t i = 1; i < sparse.size(); ++i)
      CHECK(sparse[i].sample - sparse[i - 1].sample >= kQuarter - 1);
    // Values out of range are taken as the nearest in it.
    for (const float value : {-1e9f, 1e9f, std::numeric_limits<float>::quiet_NaN()}) {
      for (std::size_t i = 0; i < companion::kNumParameters; ++i) host->set(i, value);
      CHECK(are_paired(play(*host, kRate, 256, {.bpm = kBpm})));
    }
    CHECK(host->counts() == RealtimeCounts{});
  }
}

TEST_CASE("When the transport stops or jumps, notes end at that sample", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto host = open();
    std::map<int, int> sounding;
    const auto run = [&](int samples, const Place& place) {
      std::int64_t last_end = 0;
      for (const Message& message : host->run(samples, place, {})) {
        sounding[message.bytes[1]] += begins(message) ? 1 : -1;
        if (!begins(message)) last_end = message.sample;
      }
      std::erase_if(sounding, [](const auto& key) { return key.second == 0; });
      return last_end;
    };
    int jumps = 0;
    for (int i = 0; i < 400; ++i) {
      run(97, {.beat = i * 97 * kBpm / (60 * Host::kSampleRate), .bpm = kBpm});
      if (sounding.empty() || i % 10 != 9) continue;
      const int still = static_cast<int>(sounding.size());
      if (i % 20 == 9) {
        CHECK(run(97, {.beat = 40, .bpm = kBpm, .is_playing = false}) == 0);
        CHECK(sounding.empty());
      } else {
        // At another place the old notes end first.
        int ended = 0;
        bool first = true;
        for (const Message& message : host->run(97, {.beat = 100.5, .bpm = kBpm}, {})) {
          first = first && !begins(message) && message.sample == 0;
          ended += first;
          sounding[message.bytes[1]] += begins(message) ? 1 : -1;
        }
        CHECK(ended == still);
        std::erase_if(sounding, [](const auto& key) { return key.second == 0; });
      }
      ++jumps;
    }
    CHECK(jumps > 10);
    run(97, {.beat = 0, .bpm = kBpm, .is_playing = false});
    CHECK(sounding.empty());
    CHECK(host->counts() == RealtimeCounts{});
  }
}

TEST_CASE("It answers at the bar line after a phrase, for the bars that are set, and listens again",
          "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const std::int64_t bar = 4 * kQuarter;
    // The phrase is in the second bar; two bars answer it; a note in the fifth bar and one in the answer to
    // it.
    auto played = phrase(bar);
    for (const std::int64_t begin : {4 * bar + kQuarter, 5 * bar + kQuarter * 5 / 2}) {
      played.push_back({begin, {0x90, 50, 80}});
      played.push_back({begin + kQuarter / 2, {0x80, 50, 0}});
    }
    const auto music = [&](bool with_notes, int channel) {
      auto notes = played;
      for (Message& note : notes) note.bytes[0] = static_cast<std::uint8_t>(note.bytes[0] | channel);
      if (!with_notes) notes.clear();
      const auto host = open();
      host->set(kFollow, 1);
      return play(*host, 7 * bar, 300, {.bpm = kBpm}, notes);
    };
    CHECK(music(false, 0).empty());
    // On another channel what was played is easily distinguished from the answer.
    const auto all = music(true, 5);
    CHECK(are_paired(all));
    std::vector<Message> passed, answer;
    for (const Message& message : all) ((message.bytes[0] & 15) == 5 ? passed : answer).push_back(message);
    for (Message& message : played) message.bytes[0] |= 5;
    CHECK((passed == played));
    CHECK(notes_from(answer, 0, 2 * bar).empty());
    CHECK(!notes_from(answer, 2 * bar, 3 * bar).empty());
    CHECK(!notes_from(answer, 3 * bar, 4 * bar).empty());
    CHECK(notes_from(answer, 4 * bar, 5 * bar).empty());
    // The second answer ends where it is played into.
    const std::int64_t end = 5 * bar + kQuarter * 5 / 2;
    CHECK(!notes_from(answer, 5 * bar, end).empty());
    CHECK(notes_from(answer, end, 6 * bar).empty());
    CHECK(!notes_from(answer, 6 * bar, 7 * bar).empty());
    for (const Message& message : answer) {
      CHECK_FALSE((message.sample > 4 * bar && message.sample < 5 * bar));
      CHECK_FALSE((message.sample > end && message.sample < 6 * bar));
    }
  }
}

TEST_CASE("It keeps up with a tempo that changes in each block", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto host = open();
    host->set(kFollow, 1);
    host->set(kBars, 1);
    // A bar and a half, then a phrase; the tempo rises and falls.
    double beat = 0;
    std::vector<double> answer;  // beats at which its notes begin
    bool played = false;
    for (int i = 0; beat < 64; ++i) {
      const double bpm = 150 + 60 * std::sin(i * 0.003), later = 150 + 60 * std::sin((i + 1) * 0.003);
      const double quarters = 300 * (bpm + later) / 2 / (60 * Host::kSampleRate);
      std::vector<Message> notes;
      const double in_pair = std::fmod(beat, 8);
      if (in_pair < 1 && !played) notes.push_back({0, {0x91, 60, 90}});
      if (in_pair >= 1 && played) notes.push_back({0, {0x81, 60, 0}});
      if (!notes.empty()) played = notes[0].bytes[0] == 0x91;
      for (const Message& message : host->run(300, {.beat = beat, .bpm = bpm}, notes))
        if (message.bytes[0] == 0x90)
          answer.push_back(beat + static_cast<double>(message.sample) * bpm / (60 * Host::kSampleRate));
      beat += quarters;
    }
    CHECK(answer.size() > 20);
    double worst = 0;
    for (const double at : answer) {
      CHECK(std::fmod(at + 0.02, 8) >= 4);
      worst = std::max(worst, std::abs(at * 4 - std::round(at * 4)) / 4);
    }
    CHECK(worst < 0.01);  // quarter notes: 4 ms at 150 bpm
  }
}

TEST_CASE("A tempo or a place that can't be is played at another, and ends", "[plugin]") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto host = open();
    std::vector<Message> all;
    for (const double bpm : {0.0, -5.0, kInfinity, std::numeric_limits<double>::quiet_NaN(), 1e30, 1e-30})
      for (const double beat : {0.0, -7.5, 1e9, -1e9}) {
        const auto messages = host->run(1000, {.beat = beat, .bpm = bpm}, {});
        all.insert(all.end(), messages.begin(), messages.end());
      }
    const auto last = host->run(1, {.is_playing = false}, {});
    all.insert(all.end(), last.begin(), last.end());
    for (Message& message : all) message.sample = 0;
    CHECK(are_paired(all));
    CHECK(host->counts() == RealtimeCounts{});
  }
}

TEST_CASE("Instances in threads play what each of them plays alone", "[plugin]") {
  for (const auto& [name, open] : formats()) {
    CAPTURE(name);
    const auto music = [&](int seed) {
      const auto host = open();
      host->set(kSeed, static_cast<float>(seed));
      host->set(kFollow, static_cast<float>(seed % 2));
      auto messages = play(*host, kRate * 4, 64, {.bpm = kBpm}, phrase(0));
      if (!(host->counts() == RealtimeCounts{})) messages.clear();
      return messages;
    };
    std::array<std::vector<Message>, 4> together;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < together.size(); ++i)
      threads.emplace_back([&, i] { together[i] = music(static_cast<int>(i)); });
    for (std::thread& thread : threads) thread.join();
    for (std::size_t i = 0; i < together.size(); ++i) {
      CHECK(together[i].size() > 8);
      CHECK((together[i] == music(static_cast<int>(i))));
    }
  }
}

#if defined(GRUVE_LV2_FILE)
TEST_CASE("In a host with room for a few events in a block no note is lost", "[plugin]") {
  const auto formats_set = formats();  // sets the model
  const auto host = open_lv2(GRUVE_LV2_FILE, 2);
  CHECK(are_paired(play(*host, kRate * 2, 64, {.bpm = kBpm})));
}
#endif

// With a model of one's own: GRUVE_TEST_MODEL=model.safetensors test_plugin "[.deadline]"
TEST_CASE("How long a block of 64 samples takes", "[.deadline]") {
  for (const auto& [name, open] : formats()) {
    if (const char* model = std::getenv("GRUVE_TEST_MODEL"); model != nullptr)
      setenv("GRUVE_MODEL", model, 1);
    for (const int follow : {0, 1}) {
      const auto host = open();
      host->set(kFollow, static_cast<float>(follow));
      std::vector<double> micros;
      const auto played = phrase(0);
      for (std::int64_t block = 0, next = 0; block < 100'000; ++block) {
        const std::int64_t sample = block * 64;
        const double beat = static_cast<double>(sample) * 120 / (60 * Host::kSampleRate);
        std::vector<Message> notes;
        const std::int64_t lap = 12 * kQuarter;  // one of three bars is played
        if (sample % lap < 64) next = 0;
        for (; next < static_cast<std::int64_t>(played.size()) &&
               played[static_cast<std::size_t>(next)].sample < sample % lap + 64;
             ++next)
          notes.push_back({0, played[static_cast<std::size_t>(next)].bytes});
        const auto begin = std::chrono::steady_clock::now();
        host->run(64, {.beat = beat}, notes);
        micros.push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
      }
      std::sort(micros.begin(), micros.end());
      const auto at = [&](double part) { return micros[static_cast<std::size_t>(part * 99'999)]; };
      std::printf(
          "%s, %s: 100,000 blocks of 64 samples (1333 us at 48 kHz): median %.0f us, 99th percentile %.0f, "
          "99.9th %.0f, 99.99th %.0f, most %.0f\n",
          name.c_str(), companion::kFollows[follow], at(0.5), at(0.99), at(0.999), at(0.9999), at(1));
    }
  }
}
