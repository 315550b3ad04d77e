#include <clap/clap.h>
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "host.hpp"
#include "plugin/parameters.hpp"

namespace gruve::tests {
namespace {

class ClapHost final : public Host {
 public:
  explicit ClapHost(const std::string& file) {
    library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    entry_ = static_cast<const clap_plugin_entry*>(dlsym(library_, "clap_entry"));
    if (entry_ == nullptr || !entry_->init(file.c_str())) throw std::runtime_error("no entry");
    const auto* factory =
        static_cast<const clap_plugin_factory*>(entry_->get_factory(CLAP_PLUGIN_FACTORY_ID));
    host_.clap_version = CLAP_VERSION;
    host_.name = host_.vendor = host_.url = host_.version = "test";
    host_.get_extension = [](const clap_host*, const char*) -> const void* { return nullptr; };
    host_.request_restart = host_.request_process = host_.request_callback = [](const clap_host*) {};
    plugin_ = factory->create_plugin(factory, &host_, factory->get_plugin_descriptor(factory, 0)->id);
    if (plugin_ == nullptr || !plugin_->init(plugin_) ||
        !plugin_->activate(plugin_, kSampleRate, 1, 100'000) || !plugin_->start_processing(plugin_))
      throw std::runtime_error("the CLAP plug-in has no instance");
    if (extension<clap_plugin_params>(CLAP_EXT_PARAMS).count(plugin_) != companion::kNumParameters)
      throw std::runtime_error("other parameters");
    messages_.reserve(2000);
    in_.reserve(2000);
  }
  ~ClapHost() override {
    plugin_->stop_processing(plugin_);
    plugin_->deactivate(plugin_);
    plugin_->destroy(plugin_);
    entry_->deinit();
    dlclose(library_);
  }

  void set(std::size_t parameter, float value) override {
    Event event{};
    event.value.header = {sizeof event.value, 0, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_PARAM_VALUE, 0};
    event.value.param_id = static_cast<clap_id>(parameter);
    event.value.value = double{value};
    in_.push_back(event);
  }

  std::span<const Message> run(int num_samples, const Place& place,
                               std::span<const Message> played) override {
    for (const Message& message : played) {
      Event event{};
      event.midi.header = {sizeof event.midi, static_cast<std::uint32_t>(message.sample),
                           CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_MIDI, 0};
      std::copy(message.bytes.begin(), message.bytes.end(), event.midi.data);
      in_.push_back(event);
    }
    clap_event_transport transport{};
    transport.header = {sizeof transport, 0, CLAP_CORE_EVENT_SPACE_ID, CLAP_EVENT_TRANSPORT, 0};
    transport.flags =
        CLAP_TRANSPORT_HAS_TEMPO | CLAP_TRANSPORT_HAS_BEATS_TIMELINE | CLAP_TRANSPORT_HAS_TIME_SIGNATURE;
    if (place.is_playing) transport.flags |= CLAP_TRANSPORT_IS_PLAYING;
    const double bar = std::floor(place.beat / 4);
    transport.tempo = place.bpm;
    transport.song_pos_beats = std::llround(place.beat * CLAP_BEATTIME_FACTOR);
    transport.bar_start = static_cast<std::int64_t>(4 * bar) * CLAP_BEATTIME_FACTOR;
    transport.bar_number = static_cast<std::int32_t>(bar);
    transport.tsig_num = transport.tsig_denom = 4;
    const clap_input_events in = {
        &in_,
        [](const clap_input_events* list) {
          return static_cast<std::uint32_t>(static_cast<std::vector<Event>*>(list->ctx)->size());
        },
        [](const clap_input_events* list, std::uint32_t i) -> const clap_event_header* {
          return &(*static_cast<std::vector<Event>*>(list->ctx))[i].midi.header;
        }};
    messages_.clear();
    const clap_output_events out = {
        &messages_, [](const clap_output_events* list, const clap_event_header* event) {
          auto& messages = *static_cast<std::vector<Message>*>(list->ctx);
          if (messages.size() == messages.capacity() || event->type != CLAP_EVENT_MIDI) return false;
          Message message{event->time, {}};
          std::memcpy(message.bytes.data(), reinterpret_cast<const clap_event_midi*>(event)->data, 3);
          messages.push_back(message);
          return true;
        }};
    clap_process block{};
    block.steady_time = -1;
    block.frames_count = static_cast<std::uint32_t>(num_samples);
    block.transport = &transport;
    block.in_events = &in;
    block.out_events = &out;
    watch([&] { plugin_->process(plugin_, &block); });
    in_.clear();
    return messages_;
  }

  bool load_model(const std::string& path) override {
    return extension<clap_plugin_preset_load>(CLAP_EXT_PRESET_LOAD)
        .from_location(plugin_, CLAP_PRESET_DISCOVERY_LOCATION_FILE, path.c_str(), nullptr);
  }

  // Both a byte or a few at a time, as a host may.
  std::string save() override {
    std::string state;
    const clap_ostream stream = {&state, [](const clap_ostream* out, const void* data, std::uint64_t size) {
                                   const auto some = std::min<std::uint64_t>(size, 7);
                                   static_cast<std::string*>(out->ctx)->append(static_cast<const char*>(data),
                                                                               some);
                                   return static_cast<std::int64_t>(some);
                                 }};
    if (!extension<clap_plugin_state>(CLAP_EXT_STATE).save(plugin_, &stream))
      throw std::runtime_error("save");
    return state;
  }
  bool restore(const std::string& state) override {
    std::string rest = state;
    const clap_istream stream = {&rest, [](const clap_istream* in, void* data, std::uint64_t size) {
                                   auto& bytes = *static_cast<std::string*>(in->ctx);
                                   const auto some = std::min<std::uint64_t>({size, 5, bytes.size()});
                                   std::memcpy(data, bytes.data(), some);
                                   bytes.erase(0, some);
                                   return static_cast<std::int64_t>(some);
                                 }};
    return extension<clap_plugin_state>(CLAP_EXT_STATE).load(plugin_, &stream);
  }

 private:
  union Event {
    clap_event_midi midi;
    clap_event_param_value value;
  };

  template <class Extension>
  const Extension& extension(const char* id) const {
    const void* found = plugin_->get_extension(plugin_, id);
    if (found == nullptr) throw std::runtime_error(std::string("no ") + id);
    return *static_cast<const Extension*>(found);
  }

  void* library_ = nullptr;
  const clap_plugin_entry* entry_ = nullptr;
  clap_host host_{};
  const clap_plugin* plugin_ = nullptr;
  std::vector<Event> in_;
  std::vector<Message> messages_;
};

}  // namespace

std::unique_ptr<Host> open_clap(const std::string& file) { return std::make_unique<ClapHost>(file); }

}  // namespace gruve::tests
