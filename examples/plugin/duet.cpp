// Usage: companion_duet [MODEL [BPM [alsa|jack]]] — a duet over MIDI ports of its own: you play a phrase,
// it answers at the next bar line, for two bars. Ctrl-C ends it.
#include <RtMidi.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "companion.hpp"

namespace {

constexpr int kSampleRate = 48'000;

volatile std::sig_atomic_t is_over = 0;

// Messages are sent at once: a loop takes a millisecond.
struct Out {
  RtMidiOut& port;

  std::size_t room() const noexcept { return 256; }
  void put(int, std::span<const std::uint8_t> message) noexcept {
    try {
      port.sendMessage(message.data(), message.size());
    } catch (const RtMidiError& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
  }
};

}  // namespace

int main(int argc, char** argv) try {
  const std::string api_name = argc > 3 ? argv[3] : "alsa";
  if (argc > 4 || (api_name != "alsa" && api_name != "jack"))
    throw gruve::Error("usage: companion_duet [MODEL [BPM [alsa|jack]]]");
#if defined(__linux__)
  if (api_name == "alsa" && !std::filesystem::exists("/dev/snd/seq"))
    throw gruve::Error("no ALSA sequencer: /dev/snd/seq is missing (load snd-seq, or use jack)");
  const RtMidi::Api api = api_name == "alsa" ? RtMidi::LINUX_ALSA : RtMidi::UNIX_JACK;
#else
  const RtMidi::Api api = api_name == "jack" ? RtMidi::UNIX_JACK : RtMidi::UNSPECIFIED;
#endif

  companion::Companion companion(kSampleRate);
  companion.load(argc > 1 ? argv[1] : "");
  companion.set(companion::kFollow, 1);
  companion::Transport transport{.bpm = argc > 2 ? std::atof(argv[2]) : 0};

  RtMidiIn in(api, "gruve duet in");
  RtMidiOut port(api, "gruve duet out");
  in.openVirtualPort("in");
  port.openVirtualPort("out");
  Out out{port};
  companion.transport(transport);
  companion.advance(0, 0, out);
  if (!companion.has_model()) throw gruve::Error("no model: name a model file of music");
  std::puts("Connect a keyboard to \"gruve duet in\" and a synthesizer to \"gruve duet out\", and play.");
  std::fflush(stdout);

  std::signal(SIGINT, [](int) { is_over = 1; });
  std::signal(SIGTERM, [](int) { is_over = 1; });
  std::vector<unsigned char> message;
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t sample = 0; is_over == 0;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    while (in.getMessage(&message), !message.empty()) companion.midi(0, message, out);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const auto now = static_cast<std::int64_t>(elapsed.count() * kSampleRate);
    companion.advance(0, static_cast<int>(now - sample), out);
    sample = now;
  }
  companion.stop();
  companion.advance(0, 1, out);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
