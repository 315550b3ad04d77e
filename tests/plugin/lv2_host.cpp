#include <dlfcn.h>
#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/core/lv2.h>
#include <lv2/midi/midi.h>
#include <lv2/patch/patch.h>
#include <lv2/state/state.h>
#include <lv2/time/time.h>
#include <lv2/worker/worker.h>

#include <cmath>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

#include "host.hpp"
#include "plugin/parameters.hpp"

namespace gruve::tests {
namespace {

LV2_URID map_uri(LV2_URID_Map_Handle, const char* uri) {
  static std::mutex mutex;
  static std::vector<std::string> known;
  const std::lock_guard lock(mutex);
  for (std::size_t i = 0; i < known.size(); ++i)
    if (known[i] == uri) return static_cast<LV2_URID>(i + 1);
  known.emplace_back(uri);
  return static_cast<LV2_URID>(known.size());
}

class Lv2Host final : public Host {
 public:
  Lv2Host(const std::string& file, std::size_t room) : out_size_(16 + 24 * room) {
    library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) throw std::runtime_error(dlerror());
    auto* function = reinterpret_cast<LV2_Descriptor_Function>(dlsym(library_, "lv2_descriptor"));
    if (function == nullptr || function(1) != nullptr) throw std::runtime_error("no single descriptor");
    descriptor_ = function(0);
    worker_.handle = this;
    worker_.schedule_work = [](LV2_Worker_Schedule_Handle handle, std::uint32_t size, const void* data) {
      // A host with a ring buffer allocates nothing here.
      auto& host = *static_cast<Lv2Host*>(handle);
      host.work_size_ = std::min<std::size_t>(size, host.work_.size());
      std::memcpy(host.work_.data(), data, host.work_size_);
      return LV2_WORKER_SUCCESS;
    };
    const LV2_Feature map{LV2_URID__map, &map_}, schedule{LV2_WORKER__schedule, &worker_};
    const LV2_Feature* const features[] = {&map, &schedule, nullptr};
    instance_ = descriptor_->instantiate(descriptor_, kSampleRate, "", features);
    if (instance_ == nullptr) throw std::runtime_error("the LV2 plug-in has no instance");
    lv2_atom_forge_init(&forge_, &map_);
    descriptor_->connect_port(instance_, 0, in_.data());
    descriptor_->connect_port(instance_, 1, out_.data());
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      ports_[i] = companion::kParameters[i].initial;
      descriptor_->connect_port(instance_, static_cast<std::uint32_t>(2 + i), &ports_[i]);
    }
    messages_.reserve(room);
  }
  ~Lv2Host() override {
    descriptor_->cleanup(instance_);
    dlclose(library_);
  }

  void set(std::size_t parameter, float value) override { ports_.at(parameter) = value; }

  std::span<const Message> run(int num_samples, const Place& place,
                               std::span<const Message> played) override {
    lv2_atom_forge_set_buffer(&forge_, reinterpret_cast<std::uint8_t*>(in_.data()), in_.size() * 8);
    LV2_Atom_Forge_Frame sequence;
    lv2_atom_forge_sequence_head(&forge_, &sequence, 0);
    // Hosts say where they are when it is not where they would be by themselves.
    if (place.is_playing != expected_.is_playing || place.bpm != expected_.bpm ||
        std::abs(place.beat - expected_.beat) > 1e-6)
      put_position(place);
    expected_ = place;
    if (place.is_playing) expected_.beat += num_samples * place.bpm / (60 * kSampleRate);
    if (!path_.empty()) put_path();
    for (const Message& message : played) {
      lv2_atom_forge_frame_time(&forge_, message.sample);
      lv2_atom_forge_atom(&forge_, 3, id(LV2_MIDI__MidiEvent));
      lv2_atom_forge_write(&forge_, message.bytes.data(), 3);
    }
    lv2_atom_forge_pop(&forge_, &sequence);
    auto* out = reinterpret_cast<LV2_Atom_Sequence*>(out_.data());
    out->atom = {static_cast<std::uint32_t>(out_size_ - sizeof(LV2_Atom)), id(LV2_ATOM__Chunk)};
    watch([&] { descriptor_->run(instance_, static_cast<std::uint32_t>(num_samples)); });
    messages_.clear();
    LV2_ATOM_SEQUENCE_FOREACH(out, event) {
      Message message{event->time.frames, {}};
      std::memcpy(message.bytes.data(), LV2_ATOM_BODY_CONST(&event->body), std::min(event->body.size, 3u));
      messages_.push_back(message);
    }
    return messages_;
  }

  bool load_model(const std::string& path) override {
    path_ = path;
    run(0, expected_, {});
    path_.clear();
    const auto& interface = extension<LV2_Worker_Interface>(LV2_WORKER__interface);
    if (work_size_ == 0) throw std::runtime_error("no work was scheduled");
    const auto size = static_cast<std::uint32_t>(std::exchange(work_size_, 0));
    return interface.work(instance_, nullptr, nullptr, size, work_.data()) == LV2_WORKER_SUCCESS;
  }

  // A host stores the ports itself.
  std::string save() override {
    std::string state(reinterpret_cast<const char*>(ports_.data()), sizeof ports_);
    extension<LV2_State_Interface>(LV2_STATE__interface)
        .save(
            instance_,
            [](LV2_State_Handle handle, std::uint32_t, const void* value, std::size_t size, std::uint32_t,
               std::uint32_t) {
              static_cast<std::string*>(handle)->append(static_cast<const char*>(value), size);
              return LV2_STATE_SUCCESS;
            },
            &state, 0, nullptr);
    return state;
  }

  bool restore(const std::string& state) override {
    std::memcpy(ports_.data(), state.data(), sizeof ports_);
    std::string path = state.substr(sizeof ports_);
    return extension<LV2_State_Interface>(LV2_STATE__interface)
               .restore(
                   instance_,
                   [](LV2_State_Handle handle, std::uint32_t, std::size_t* size, std::uint32_t* type,
                      std::uint32_t* flags) -> const void* {
                     const auto& stored = *static_cast<std::string*>(handle);
                     *size = stored.size(), *type = id(LV2_ATOM__Path), *flags = LV2_STATE_IS_POD;
                     return stored.empty() ? nullptr : stored.data();
                   },
                   &path, 0, nullptr) == LV2_STATE_SUCCESS;
  }

 private:
  static LV2_URID id(const char* uri) { return map_uri(nullptr, uri); }

  template <class Interface>
  const Interface& extension(const char* uri) const {
    const void* found = descriptor_->extension_data(uri);
    if (found == nullptr) throw std::runtime_error(std::string("no ") + uri);
    return *static_cast<const Interface*>(found);
  }

  void put_position(const Place& place) {
    const double bar = std::floor(place.beat / 4);
    LV2_Atom_Forge_Frame object;
    lv2_atom_forge_frame_time(&forge_, 0);
    lv2_atom_forge_object(&forge_, &object, 0, id(LV2_TIME__Position));
    lv2_atom_forge_key(&forge_, id(LV2_TIME__bar));
    lv2_atom_forge_long(&forge_, static_cast<std::int64_t>(bar));
    lv2_atom_forge_key(&forge_, id(LV2_TIME__barBeat));
    lv2_atom_forge_float(&forge_, static_cast<float>(place.beat - 4 * bar));
    lv2_atom_forge_key(&forge_, id(LV2_TIME__beatUnit));
    lv2_atom_forge_int(&forge_, 4);
    lv2_atom_forge_key(&forge_, id(LV2_TIME__beatsPerBar));
    lv2_atom_forge_float(&forge_, 4);
    lv2_atom_forge_key(&forge_, id(LV2_TIME__beatsPerMinute));
    lv2_atom_forge_float(&forge_, static_cast<float>(place.bpm));
    lv2_atom_forge_key(&forge_, id(LV2_TIME__speed));
    lv2_atom_forge_float(&forge_, place.is_playing ? 1 : 0);
    lv2_atom_forge_pop(&forge_, &object);
  }

  void put_path() {
    LV2_Atom_Forge_Frame object;
    lv2_atom_forge_frame_time(&forge_, 0);
    lv2_atom_forge_object(&forge_, &object, 0, id(LV2_PATCH__Set));
    lv2_atom_forge_key(&forge_, id(LV2_PATCH__property));
    lv2_atom_forge_urid(&forge_, id((std::string(companion::kUri) + "#model").c_str()));
    lv2_atom_forge_key(&forge_, id(LV2_PATCH__value));
    lv2_atom_forge_path(&forge_, path_.c_str(), static_cast<std::uint32_t>(path_.size()));
    lv2_atom_forge_pop(&forge_, &object);
  }

  void* library_ = nullptr;
  const LV2_Descriptor* descriptor_ = nullptr;
  LV2_Handle instance_ = nullptr;
  LV2_URID_Map map_{nullptr, map_uri};
  LV2_Worker_Schedule worker_{};
  LV2_Atom_Forge forge_{};
  std::size_t out_size_;
  std::array<std::uint64_t, 4096> in_{}, out_{};
  std::array<float, companion::kNumParameters> ports_{};
  std::array<char, 4096> work_{};
  std::size_t work_size_ = 0;
  std::string path_;
  Place expected_{-1, 0, true};
  std::vector<Message> messages_;
};

}  // namespace

std::unique_ptr<Host> open_lv2(const std::string& file, std::size_t room) {
  return std::make_unique<Lv2Host>(file, room);
}

}  // namespace gruve::tests
