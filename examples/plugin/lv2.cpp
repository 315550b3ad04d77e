// The plug-in as LV2. write_ttl.cpp writes its description.
#include <lv2/atom/forge.h>
#include <lv2/atom/util.h>
#include <lv2/core/lv2.h>
#include <lv2/core/lv2_util.h>
#include <lv2/log/logger.h>
#include <lv2/midi/midi.h>
#include <lv2/patch/patch.h>
#include <lv2/state/state.h>
#include <lv2/time/time.h>
#include <lv2/worker/worker.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <span>
#include <string>

#include "companion.hpp"

namespace {

using companion::kNumParameters;

struct Urids {
  LV2_URID midi, position, bar, bar_beat, beat_unit, beats_per_bar, bpm, frame, speed;
  LV2_URID get, set, property, value, model, path;

  explicit Urids(LV2_URID_Map* map) {
    const auto id = [&](const std::string& uri) { return map->map(map->handle, uri.c_str()); };
    midi = id(LV2_MIDI__MidiEvent), position = id(LV2_TIME__Position);
    bar = id(LV2_TIME__bar), bar_beat = id(LV2_TIME__barBeat), beat_unit = id(LV2_TIME__beatUnit);
    beats_per_bar = id(LV2_TIME__beatsPerBar), bpm = id(LV2_TIME__beatsPerMinute);
    frame = id(LV2_TIME__frame), speed = id(LV2_TIME__speed);
    get = id(LV2_PATCH__Get), set = id(LV2_PATCH__Set);
    property = id(LV2_PATCH__property), value = id(LV2_PATCH__value);
    model = id(std::string(companion::kUri) + "#model"), path = id(LV2_ATOM__Path);
  }
};

class Plugin {
 public:
  Plugin(double sample_rate, LV2_URID_Map* map, LV2_Log_Log* log, LV2_Worker_Schedule* worker)
      : urids_(map), worker_(worker), companion_(sample_rate), sample_rate_(sample_rate) {
    lv2_atom_forge_init(&forge_, map);
    lv2_log_logger_init(&logger_, map, log);
    loads([&] { companion_.load(); });
  }

  void connect(std::uint32_t port, void* data) {
    if (port == 0)
      in_ = static_cast<const LV2_Atom_Sequence*>(data);
    else if (port == 1)
      out_ = static_cast<LV2_Atom_Sequence*>(data);
    else if (port - 2 < kNumParameters)
      parameters_[port - 2] = static_cast<const float*>(data);
  }

  void run(std::uint32_t num_samples) {
    for (std::size_t i = 0; i < kNumParameters; ++i)
      if (parameters_[i] != nullptr) companion_.set(i, *parameters_[i]);

    lv2_atom_forge_set_buffer(&forge_, reinterpret_cast<std::uint8_t*>(out_), out_->atom.size);
    LV2_Atom_Forge_Frame frame;
    lv2_atom_forge_sequence_head(&forge_, &frame, 0);
    int now = 0;
    LV2_ATOM_SEQUENCE_FOREACH(in_, event) {
      const int offset = static_cast<int>(
          std::clamp<std::int64_t>(event->time.frames, now, static_cast<std::int64_t>(num_samples)));
      companion_.advance(now, offset, *this);
      now = offset;
      take(now, event->body);
    }
    companion_.advance(now, static_cast<int>(num_samples), *this);
    lv2_atom_forge_pop(&forge_, &frame);
  }

  // The list of events that Companion writes to.
  std::size_t room() const noexcept { return (forge_.size - forge_.offset) / event_size(3); }
  void put(int offset, std::span<const std::uint8_t> message) noexcept {
    if (forge_.size - forge_.offset < event_size(message.size())) return;
    lv2_atom_forge_frame_time(&forge_, offset);
    lv2_atom_forge_atom(&forge_, static_cast<std::uint32_t>(message.size()), urids_.midi);
    lv2_atom_forge_write(&forge_, message.data(), static_cast<std::uint32_t>(message.size()));
  }

  // Of another thread, as the host wishes.
  LV2_Worker_Status load(const void* path) {
    return loads([&] { companion_.load(static_cast<const char*>(path)); }) ? LV2_WORKER_SUCCESS
                                                                           : LV2_WORKER_ERR_UNKNOWN;
  }

  LV2_State_Status save(LV2_State_Store_Function store, LV2_State_Handle handle,
                        const LV2_Feature* const* features) const {
    const std::string path = companion_.path();
    if (path.empty()) return LV2_STATE_SUCCESS;
    return with_path(features, &LV2_State_Map_Path::abstract_path, path.c_str(), [&](const char* stored) {
      return store(handle, urids_.model, stored, std::strlen(stored) + 1, urids_.path,
                   LV2_STATE_IS_POD | LV2_STATE_IS_PORTABLE);
    });
  }

  LV2_State_Status restore(LV2_State_Retrieve_Function retrieve, LV2_State_Handle handle,
                           const LV2_Feature* const* features) {
    std::size_t size = 0;
    std::uint32_t type = 0, flags = 0;
    const void* stored = retrieve(handle, urids_.model, &size, &type, &flags);
    if (stored == nullptr)
      return companion_.path().empty() || loads([&] { companion_.load(); }) ? LV2_STATE_SUCCESS
                                                                            : LV2_STATE_ERR_UNKNOWN;
    if (type != urids_.path) return LV2_STATE_ERR_BAD_TYPE;
    return with_path(features, &LV2_State_Map_Path::absolute_path, static_cast<const char*>(stored),
                     [&](const char* path) {
                       return loads([&] { companion_.load(path); }) ? LV2_STATE_SUCCESS
                                                                    : LV2_STATE_ERR_UNKNOWN;
                     });
  }

 private:
  // Of an event in a sequence.
  static std::size_t event_size(std::size_t message_size) noexcept {
    return sizeof(LV2_Atom_Event) + lv2_atom_pad_size(static_cast<std::uint32_t>(message_size));
  }

  // The model that played goes on if another can't be loaded.
  template <class Load>
  bool loads(Load&& load) {
    try {
      load();
      return true;
    } catch (const std::exception& error) {
      lv2_log_error(&logger_, "%s: %s\n", companion::kName, error.what());
      return false;
    }
  }

  // Calls use(path) with a path as the host maps it for its session.
  template <class Use>
  static LV2_State_Status with_path(const LV2_Feature* const* features,
                                    char* (*LV2_State_Map_Path::*function)(LV2_State_Map_Path_Handle,
                                                                           const char*),
                                    const char* path, Use&& use) {
    const auto* map = static_cast<LV2_State_Map_Path*>(lv2_features_data(features, LV2_STATE__mapPath));
    const auto* freeing = static_cast<LV2_State_Free_Path*>(lv2_features_data(features, LV2_STATE__freePath));
    if (map == nullptr) return use(path);
    char* const mapped = (map->*function)(map->handle, path);
    const LV2_State_Status status = use(mapped);
    if (freeing != nullptr)
      freeing->free_path(freeing->handle, mapped);
    else
      std::free(mapped);
    return status;
  }

  void take(int offset, const LV2_Atom& atom) noexcept {
    if (atom.type == urids_.midi) {
      companion_.midi(offset, {static_cast<const std::uint8_t*>(LV2_ATOM_BODY_CONST(&atom)), atom.size},
                      *this);
    } else if (lv2_atom_forge_is_object_type(&forge_, atom.type)) {
      const auto& object = reinterpret_cast<const LV2_Atom_Object&>(atom);
      if (object.body.otype == urids_.position)
        take_position(object);
      else if (object.body.otype == urids_.set)
        take_path(object);
      else if (object.body.otype == urids_.get)
        put_path(offset);
    }
  }

  // Hosts differ in the types of the numbers, and in which of them they send.
  void take_position(const LV2_Atom_Object& position) noexcept {
    const LV2_Atom* atoms[7] = {};
    lv2_atom_object_get(&position, urids_.bar, &atoms[0], urids_.bar_beat, &atoms[1], urids_.beat_unit,
                        &atoms[2], urids_.beats_per_bar, &atoms[3], urids_.bpm, &atoms[4], urids_.frame,
                        &atoms[5], urids_.speed, &atoms[6], 0);
    const auto number = [&](int i, double otherwise) {
      const LV2_Atom* atom = atoms[i];
      double found = otherwise;
      if (atom == nullptr) return otherwise;
      if (atom->type == forge_.Int)
        found = reinterpret_cast<const LV2_Atom_Int*>(atom)->body;
      else if (atom->type == forge_.Long)
        found = static_cast<double>(reinterpret_cast<const LV2_Atom_Long*>(atom)->body);
      else if (atom->type == forge_.Float)
        found = double{reinterpret_cast<const LV2_Atom_Float*>(atom)->body};
      else if (atom->type == forge_.Double)
        found = reinterpret_cast<const LV2_Atom_Double*>(atom)->body;
      return std::abs(found) < 1e15 ? found : otherwise;
    };
    beat_unit_ = number(2, beat_unit_);
    const double quarters = 4 / (beat_unit_ > 0 ? beat_unit_ : 4);  // in a beat
    if (atoms[3] != nullptr) transport_.bar_length = number(3, 4) * quarters;
    if (atoms[4] != nullptr) transport_.bpm = number(4, 0) * quarters;
    transport_.is_playing = number(6, transport_.is_playing) != 0;
    if (atoms[1] != nullptr) {
      transport_.bar = static_cast<std::int64_t>(number(0, 0));
      transport_.beat = number(1, 0) * quarters;
    } else if (atoms[5] != nullptr) {
      const double bpm = transport_.bpm > 0 ? transport_.bpm : 120;
      transport_.bar = 0;
      transport_.beat = number(5, 0) / sample_rate_ * bpm / 60;
    }
    companion_.transport(transport_);
  }

  void take_path(const LV2_Atom_Object& message) noexcept {
    const LV2_Atom* property = nullptr;
    const LV2_Atom* value = nullptr;
    lv2_atom_object_get(&message, urids_.property, &property, urids_.value, &value, 0);
    if (property == nullptr || property->type != forge_.URID || value == nullptr ||
        value->type != urids_.path || value->size == 0 || worker_ == nullptr ||
        reinterpret_cast<const LV2_Atom_URID*>(property)->body != urids_.model)
      return;
    worker_->schedule_work(worker_->handle, value->size, LV2_ATOM_BODY_CONST(value));
  }

  void put_path(int offset) noexcept {
    const char* path = companion_.playing_path();
    const auto length = static_cast<std::uint32_t>(std::strlen(path));
    if (forge_.size - forge_.offset < 128 + length) return;
    LV2_Atom_Forge_Frame frame;
    lv2_atom_forge_frame_time(&forge_, offset);
    lv2_atom_forge_object(&forge_, &frame, 0, urids_.set);
    lv2_atom_forge_key(&forge_, urids_.property);
    lv2_atom_forge_urid(&forge_, urids_.model);
    lv2_atom_forge_key(&forge_, urids_.value);
    lv2_atom_forge_path(&forge_, path, length);
    lv2_atom_forge_pop(&forge_, &frame);
  }

  Urids urids_;
  LV2_Atom_Forge forge_;
  LV2_Log_Logger logger_;
  LV2_Worker_Schedule* worker_;
  companion::Companion companion_;
  double sample_rate_;
  companion::Transport transport_;
  double beat_unit_ = 4;
  const LV2_Atom_Sequence* in_ = nullptr;
  LV2_Atom_Sequence* out_ = nullptr;
  std::array<const float*, kNumParameters> parameters_{};
};

Plugin& plugin(LV2_Handle handle) { return *static_cast<Plugin*>(handle); }

LV2_Handle instantiate(const LV2_Descriptor*, double sample_rate, const char*,
                       const LV2_Feature* const* features) {
  const auto feature = [&](const char* uri) { return lv2_features_data(features, uri); };
  auto* map = static_cast<LV2_URID_Map*>(feature(LV2_URID__map));
  if (map == nullptr) return nullptr;
  try {
    return new Plugin(sample_rate, map, static_cast<LV2_Log_Log*>(feature(LV2_LOG__log)),
                      static_cast<LV2_Worker_Schedule*>(feature(LV2_WORKER__schedule)));
  } catch (const std::exception&) {
    return nullptr;
  }
}

const void* extension_data(const char* uri) {
  static constexpr LV2_State_Interface kState = {
      [](LV2_Handle handle, LV2_State_Store_Function store, LV2_State_Handle state, std::uint32_t,
         const LV2_Feature* const* features) { return plugin(handle).save(store, state, features); },
      [](LV2_Handle handle, LV2_State_Retrieve_Function retrieve, LV2_State_Handle state, std::uint32_t,
         const LV2_Feature* const* features) { return plugin(handle).restore(retrieve, state, features); }};
  static constexpr LV2_Worker_Interface kWorker = {
      [](LV2_Handle handle, LV2_Worker_Respond_Function, LV2_Worker_Respond_Handle, std::uint32_t,
         const void* path) { return plugin(handle).load(path); },
      [](LV2_Handle, std::uint32_t, const void*) { return LV2_WORKER_SUCCESS; }, nullptr};
  if (std::strcmp(uri, LV2_STATE__interface) == 0) return &kState;
  if (std::strcmp(uri, LV2_WORKER__interface) == 0) return &kWorker;
  return nullptr;
}

}  // namespace

LV2_SYMBOL_EXPORT const LV2_Descriptor* lv2_descriptor(std::uint32_t index) {
  static constexpr LV2_Descriptor kDescriptor = {
      companion::kUri,
      instantiate,
      [](LV2_Handle handle, std::uint32_t port, void* data) { plugin(handle).connect(port, data); },
      nullptr,
      [](LV2_Handle handle, std::uint32_t num_samples) { plugin(handle).run(num_samples); },
      nullptr,
      [](LV2_Handle handle) { delete &plugin(handle); },
      extension_data};
  return index == 0 ? &kDescriptor : nullptr;
}
