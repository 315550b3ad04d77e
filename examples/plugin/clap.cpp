// The plug-in as CLAP.
#include <clap/clap.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>

#include "companion.hpp"

namespace {

using companion::kNumParameters;
using companion::kParameters;

constexpr const char* kFeatures[] = {CLAP_PLUGIN_FEATURE_NOTE_EFFECT, nullptr};
constexpr clap_plugin_descriptor kDescriptor = {CLAP_VERSION,
                                                companion::kId,
                                                companion::kName,
                                                "gruve",
                                                "",
                                                "",
                                                "",
                                                "0.1.0",
                                                "Continues what is played, or plays alone.",
                                                kFeatures};

// The host's list, as Companion writes to it. Messages are MIDI's.
struct Out {
  const clap_output_events* events;

  std::size_t room() const noexcept { return 256; }  // the host has no limit that it tells of
  void put(int offset, std::span<const std::uint8_t> message) noexcept {
    if (message.size() > 3) return;
    clap_event_midi event = {
        {sizeof(event), static_cast<std::uint32_t>(offset), CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, 0},
        0,
        {}};
    std::copy(message.begin(), message.end(), event.data);
    events->try_push(events, &event.header);
  }
};

class Plugin {
 public:
  explicit Plugin(const clap_host* host) : host_(host) {}

  clap_plugin shown = {};

  // The model that played goes on if another can't be loaded.
  bool load(const std::string& path = "") {
    try {
      companion.load(path);
      return true;
    } catch (const std::exception& error) {
      const auto* log = static_cast<const clap_host_log*>(host_->get_extension(host_, CLAP_EXT_LOG));
      if (log != nullptr)
        log->log(host_, CLAP_LOG_ERROR, error.what());
      else
        std::fprintf(stderr, "%s: %s\n", companion::kName, error.what());
      return false;
    }
  }

  clap_process_status process(const clap_process& block) noexcept {
    Out out{block.out_events};
    if (block.transport != nullptr) take(*block.transport);
    int now = 0;
    const std::uint32_t count = block.in_events->size(block.in_events);
    for (std::uint32_t i = 0; i < count; ++i) {
      const clap_event_header& event = *block.in_events->get(block.in_events, i);
      const int offset = std::clamp(static_cast<int>(event.time), now, static_cast<int>(block.frames_count));
      companion.advance(now, offset, out);
      now = offset;
      take(offset, event, out);
    }
    companion.advance(now, static_cast<int>(block.frames_count), out);
    return CLAP_PROCESS_CONTINUE;
  }

  void take(int offset, const clap_event_header& event, Out& out) noexcept {
    if (event.space_id != CLAP_CORE_EVENT_SPACE_ID) return;
    if (event.type == CLAP_EVENT_PARAM_VALUE) {
      const auto& change = reinterpret_cast<const clap_event_param_value&>(event);
      companion.set(change.param_id, change.value);
    } else if (event.type == CLAP_EVENT_TRANSPORT) {
      take(reinterpret_cast<const clap_event_transport&>(event));
    } else if (event.type == CLAP_EVENT_MIDI) {
      companion.midi(offset, reinterpret_cast<const clap_event_midi&>(event).data, out);
    } else if (event.type == CLAP_EVENT_NOTE_ON || event.type == CLAP_EVENT_NOTE_OFF) {
      const auto& note = reinterpret_cast<const clap_event_note&>(event);
      const bool begins = event.type == CLAP_EVENT_NOTE_ON;
      // A note-on with the velocity 0 begins a note here, but ends one in MIDI.
      const double velocity = std::clamp(note.velocity * 127, begins ? 1.0 : 0.0, 127.0);
      const std::array message = {static_cast<std::uint8_t>((begins ? 0x90 : 0x80) | (note.channel & 15)),
                                  static_cast<std::uint8_t>(note.key & 127),
                                  static_cast<std::uint8_t>(std::lround(velocity))};
      if (note.key >= 0) companion.midi(offset, message, out);
    } else {
      out.events->try_push(out.events, &event);
    }
  }

  companion::Companion companion{48'000};

 private:
  void take(const clap_event_transport& transport) noexcept {
    const auto has = [&](std::uint32_t flag) { return (transport.flags & flag) != 0; };
    companion::Transport now;
    now.is_playing = has(CLAP_TRANSPORT_IS_PLAYING);
    if (has(CLAP_TRANSPORT_HAS_TEMPO)) now.bpm = transport.tempo;
    if (has(CLAP_TRANSPORT_HAS_TIME_SIGNATURE) && transport.tsig_denom > 0)
      now.bar_length = 4.0 * transport.tsig_num / transport.tsig_denom;
    if (has(CLAP_TRANSPORT_HAS_BEATS_TIMELINE)) {
      now.bar = transport.bar_number;
      now.beat = static_cast<double>(transport.song_pos_beats - transport.bar_start) / CLAP_BEATTIME_FACTOR;
    } else if (has(CLAP_TRANSPORT_HAS_SECONDS_TIMELINE)) {
      now.beat = static_cast<double>(transport.song_pos_seconds) / CLAP_SECTIME_FACTOR *
                 (now.bpm > 0 ? now.bpm : 120) / 60;
    } else {
      now.bar = companion.place().bar();
      now.beat = companion.place().beat();
    }
    companion.transport(now);
  }

  const clap_host* host_;
};

Plugin& of(const clap_plugin* plugin) { return *static_cast<Plugin*>(plugin->plugin_data); }

void copy(std::string_view text, char* out, std::size_t size) {
  const std::size_t length = std::min(text.size(), size - 1);
  std::copy_n(text.begin(), length, out);
  out[length] = '\0';
}

constexpr clap_plugin_note_ports kNotePorts = {
    [](const clap_plugin*, bool) { return std::uint32_t{1}; },
    [](const clap_plugin*, std::uint32_t index, bool is_input, clap_note_port_info* info) {
      if (index > 0) return false;
      *info = {0, CLAP_NOTE_DIALECT_MIDI, CLAP_NOTE_DIALECT_MIDI, {}};
      if (is_input) info->supported_dialects |= CLAP_NOTE_DIALECT_CLAP;
      copy(is_input ? "In" : "Out", info->name, sizeof info->name);
      return true;
    }};

constexpr clap_plugin_params kParams = {
    [](const clap_plugin*) { return std::uint32_t{kNumParameters}; },
    [](const clap_plugin*, std::uint32_t index, clap_param_info* info) {
      if (index >= kNumParameters) return false;
      const companion::Parameter& parameter = kParameters[index];
      *info = {.id = index,
               .flags = CLAP_PARAM_IS_AUTOMATABLE,
               .cookie = nullptr,
               .name = {},
               .module = {},
               .min_value = parameter.lowest,
               .max_value = parameter.highest,
               .default_value = parameter.initial};
      if (parameter.is_integer) info->flags |= CLAP_PARAM_IS_STEPPED;
      if (!parameter.choices.empty()) info->flags |= CLAP_PARAM_IS_ENUM;
      copy(parameter.name, info->name, sizeof info->name);
      return true;
    },
    [](const clap_plugin* plugin, clap_id id, double* value) {
      if (id >= kNumParameters) return false;
      *value = double{of(plugin).companion.get(id)};
      return true;
    },
    [](const clap_plugin*, clap_id id, double value, char* out, std::uint32_t size) {
      if (id >= kNumParameters || size == 0) return false;
      const auto choice = static_cast<std::size_t>(std::lround(std::max(value, 0.0)));
      if (choice < kParameters[id].choices.size())
        copy(kParameters[id].choices[choice], out, size);
      else
        std::snprintf(out, size, kParameters[id].is_integer ? "%.0f" : "%.2f", value);
      return true;
    },
    [](const clap_plugin*, clap_id id, const char* text, double* value) {
      if (id >= kNumParameters) return false;
      for (std::size_t i = 0; i < kParameters[id].choices.size(); ++i)
        if (std::strcmp(kParameters[id].choices[i], text) == 0) {
          *value = static_cast<double>(i);
          return true;
        }
      char* end = nullptr;
      *value = std::strtod(text, &end);
      return end != text;
    },
    [](const clap_plugin* plugin, const clap_input_events* in, const clap_output_events*) {
      for (std::uint32_t i = 0, count = in->size(in); i < count; ++i) {
        const clap_event_header& event = *in->get(in, i);
        if (event.space_id != CLAP_CORE_EVENT_SPACE_ID || event.type != CLAP_EVENT_PARAM_VALUE) continue;
        const auto& change = reinterpret_cast<const clap_event_param_value&>(event);
        of(plugin).companion.set(change.param_id, change.value);
      }
    }};

// Lines of a symbol and a value; the model's file is the last one.
constexpr clap_plugin_state kState = {
    [](const clap_plugin* plugin, const clap_ostream* stream) {
      std::string text;
      for (std::size_t i = 0; i < kNumParameters; ++i) {
        std::array<char, 32> number;
        const auto end = std::to_chars(number.begin(), number.end(), of(plugin).companion.get(i)).ptr;
        text += std::string(kParameters[i].symbol) + ' ' + std::string(number.begin(), end) + '\n';
      }
      text += "model " + of(plugin).companion.path() + '\n';
      for (std::string_view rest = text; !rest.empty();) {
        const std::int64_t written = stream->write(stream, rest.data(), rest.size());
        if (written <= 0) return false;
        rest.remove_prefix(static_cast<std::size_t>(written));
      }
      return true;
    },
    [](const clap_plugin* plugin, const clap_istream* stream) {
      std::string text;
      std::array<char, 4096> part;
      for (std::int64_t size; (size = stream->read(stream, part.data(), part.size())) != 0;) {
        if (size < 0 || text.size() > 65'536) return false;
        text.append(part.data(), static_cast<std::size_t>(size));
      }
      std::string model;
      for (std::string_view rest = text; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t space = std::min(line.find(' '), line.size());
        const std::string_view symbol = line.substr(0, space),
                               value = line.substr(std::min(space + 1, line.size()));
        if (symbol == "model") model = value;
        for (std::size_t i = 0; i < kNumParameters; ++i) {
          float number = 0;
          if (symbol == kParameters[i].symbol &&
              std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc())
            of(plugin).companion.set(i, double{number});
        }
      }
      return model == of(plugin).companion.path() || of(plugin).load(model);
    }};

// A model's file is a preset to the host.
constexpr clap_plugin_preset_load kPresetLoad = {
    [](const clap_plugin* plugin, std::uint32_t kind, const char* location, const char*) {
      return kind == CLAP_PRESET_DISCOVERY_LOCATION_FILE && location != nullptr && of(plugin).load(location);
    }};

constexpr clap_plugin kPlugin = {
    .desc = &kDescriptor,
    .plugin_data = nullptr,
    .init =
        [](const clap_plugin* plugin) {
          of(plugin).load();
          return true;
        },
    .destroy = [](const clap_plugin* plugin) { delete &of(plugin); },
    .activate =
        [](const clap_plugin* plugin, double sample_rate, std::uint32_t, std::uint32_t) {
          of(plugin).companion.reset(sample_rate);
          return true;
        },
    .deactivate = [](const clap_plugin*) {},
    .start_processing = [](const clap_plugin*) { return true; },
    .stop_processing = [](const clap_plugin*) {},
    .reset =
        [](const clap_plugin* plugin) { of(plugin).companion.reset(of(plugin).companion.sample_rate()); },
    .process = [](const clap_plugin* plugin,
                  const clap_process* block) { return of(plugin).process(*block); },
    .get_extension = [](const clap_plugin*, const char* id) -> const void* {
      if (std::strcmp(id, CLAP_EXT_NOTE_PORTS) == 0) return &kNotePorts;
      if (std::strcmp(id, CLAP_EXT_PARAMS) == 0) return &kParams;
      if (std::strcmp(id, CLAP_EXT_STATE) == 0) return &kState;
      if (std::strcmp(id, CLAP_EXT_PRESET_LOAD) == 0) return &kPresetLoad;
      return nullptr;
    },
    .on_main_thread = [](const clap_plugin*) {}};

constexpr clap_plugin_factory kFactory = {
    [](const clap_plugin_factory*) { return std::uint32_t{1}; },
    [](const clap_plugin_factory*, std::uint32_t index) { return index == 0 ? &kDescriptor : nullptr; },
    [](const clap_plugin_factory*, const clap_host* host, const char* id) -> const clap_plugin* {
      if (std::strcmp(id, companion::kId) != 0) return nullptr;
      auto* plugin = new (std::nothrow) Plugin(host);
      if (plugin == nullptr) return nullptr;
      plugin->shown = kPlugin;
      plugin->shown.plugin_data = plugin;
      return &plugin->shown;
    }};

}  // namespace

CLAP_EXPORT extern const clap_plugin_entry clap_entry = {
    CLAP_VERSION, [](const char*) { return true; }, []() {},
    [](const char* id) -> const void* {
      return std::strcmp(id, CLAP_PLUGIN_FACTORY_ID) == 0 ? &kFactory : nullptr;
    }};
