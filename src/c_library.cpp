// The C interface (gruve/gruve.h): each function calls one of C++, and turns an exception into text. The
// library shows nothing else.

#include "system_headers.hpp"

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif

#include "gruve/core/error.hpp"
#include "gruve/core/version.hpp"
#include "gruve/generate/generator.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/midi/read_midi.hpp"
#include "gruve/midi/write_midi.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/stepper.hpp"
#include "gruve/piece/live_player.hpp"
#include "gruve/piece/player.hpp"
#include "gruve/piece/primer.hpp"
#include "gruve/tokens/char_encoder.hpp"

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#define GRUVE_BUILDS_C_LIBRARY
#include "gruve/gruve.h"

namespace {

using namespace gruve;

// One line of this thread's last failure, without an allocation.
thread_local std::array<char, 1024> last_error = {};

void set_error(std::string_view text) noexcept {
  std::size_t size = std::min(text.size(), last_error.size() - 1);
  // Not within a character of UTF-8.
  if (size < text.size())
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  std::copy_n(text.data(), size, last_error.data());
  last_error[size] = '\0';
}

// What f() returns, or `failed` if it throws.
template <class Result, class F>
Result guarded(Result failed, F&& f) noexcept {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    set_error("memory is out");
  } catch (const std::exception& error) {
    set_error(error.what());
  } catch (...) {
    set_error("an unknown exception");
  }
  return failed;
}

const kernels::Kernels<float>* implementation_of(int precision) {
  switch (precision) {
    case GRUVE_FP32:
      return &kernels::active();
    case GRUVE_BF16:
      return &kernels::active(kernels::Precision::bf16);
    case GRUVE_INT8:
      return &kernels::active(kernels::Precision::int8);
  }
  throw Error("there is no precision " + std::to_string(precision));
}

struct Model {
  Model(TrainedModel loaded, const PlayerOptions& options)
      : model(std::move(loaded)), player(model, options), implementation(options.implementation) {}

  TrainedModel model;
  Player player;
  const kernels::Kernels<float>* implementation;
  std::string type{model.encoder.type()};
};

SamplerOptions sampler_of(const gruve_sampling& sampling) noexcept {
  SamplerOptions options;
  options.temperature = sampling.temperature;
  options.return_temperature = sampling.return_temperature;
  options.top_k = sampling.top_k;
  options.top_p = sampling.top_p;
  options.min_p = sampling.min_p;
  return options;
}

ControlOptions controls_of(const gruve_limits& limits) noexcept {
  ControlOptions options;
  options.limits.scale = static_cast<PitchClasses>(limits.scale & kAllPitchClasses);
  options.limits.lowest = limits.lowest_key;
  options.limits.highest = limits.highest_key;
  options.limits.max_keys = limits.max_keys;
  options.limits.max_notes_per_quarter = limits.max_notes_per_quarter;
  options.limits.max_held = limits.max_held;
  options.limits.max_silence = limits.max_silence;
  options.max_repeats = limits.max_repeats;
  return options;
}

// A copy that gruve_free() frees, with a 0 behind it.
template <class T>
T* allocated(std::span<const T> values, std::size_t* count) {
  auto* copy = static_cast<T*>(std::malloc((values.size() + 1) * sizeof(T)));
  if (copy == nullptr) throw std::bad_alloc();
  std::copy(values.begin(), values.end(), copy);
  copy[values.size()] = 0;
  *count = values.size();
  return copy;
}
unsigned char* allocated(std::span<const std::byte> bytes, std::size_t* count) {
  return allocated(std::span(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()), count);
}

std::span<const std::byte> bytes_of(const void* data, std::size_t size) noexcept {
  return {static_cast<const std::byte*>(data), size};
}

// For functions of an audio thread, where an exception with its text would allocate.
int done(bool ok, const char* reason) noexcept {
  if (!ok) set_error(reason);
  return ok ? 0 : -1;
}

constexpr const char* kOutOfRange = "an option is out of range";

}  // namespace

struct gruve_model {
  std::shared_ptr<Model> shared;
};

struct gruve_generator {
  std::shared_ptr<Model> model;
  Generator<AnyEncoder> generator;
};

struct gruve_stepper {
  explicit gruve_stepper(const std::shared_ptr<Model>& shared)
      : model(shared),
        packed(shared->model.network, *shared->implementation),
        stepper(packed),
        features(shared->model.encoder.feature_state(shared->model.network.config.features.description)),
        state(shared->model.encoder.start()) {}

  std::shared_ptr<Model> model;
  PackedModel<float> packed;
  Stepper stepper;
  decltype(std::declval<AnyEncoder>().feature_state(std::string())) features;
  AnyEncoder::State state;
  bool has_begun = false;
};

struct gruve_live {
  LivePlayer player;
};

extern "C" {

const char* gruve_version(void) {
#define GRUVE_TEXT_OF(x) #x
#define GRUVE_TEXT(x) GRUVE_TEXT_OF(x)
  return GRUVE_TEXT(GRUVE_VERSION_MAJOR) "." GRUVE_TEXT(GRUVE_VERSION_MINOR) "." GRUVE_TEXT(
      GRUVE_VERSION_PATCH);
#undef GRUVE_TEXT
#undef GRUVE_TEXT_OF
}

const char* gruve_error(void) { return last_error.data(); }

void gruve_free(void* memory) { std::free(memory); }

gruve_model* gruve_load(const void* bytes, size_t size, int precision, int threads) {
  return guarded<gruve_model*>(nullptr, [&] {
    const PlayerOptions options{.implementation = implementation_of(precision), .threads = threads};
    return new gruve_model{std::make_shared<Model>(load(bytes_of(bytes, size)), options)};
  });
}

gruve_model* gruve_load_file(const char* path, int precision, int threads) {
  return guarded<gruve_model*>(nullptr, [&] {
    const PlayerOptions options{.implementation = implementation_of(precision), .threads = threads};
    const std::u8string name(path, path + std::strlen(path));
    return new gruve_model{std::make_shared<Model>(load(std::filesystem::path(name)), options)};
  });
}

void gruve_free_model(gruve_model* model) { delete model; }

void gruve_get_model_info(const gruve_model* model, gruve_model_info* info) {
  const TrainedModel& trained = model->shared->model;
  const ModelConfig& config = trained.network.config;
  const MusicInfo& music = model->shared->player.music();
  *info = {.vocab_size = config.vocab_size,
           .embedding_size = config.embedding_size,
           .hidden_size = config.hidden_size,
           .num_layers = config.num_layers,
           .is_music = trained.encoder.is_music() ? 1 : 0,
           .steps_per_quarter = trained.encoder.steps_per_quarter(),
           .start_token = trained.encoder.start_token(),
           .bpm = music.tempo_bpm,
           .numerator = music.time_signature.numerator,
           .denominator = music.time_signature.denominator};
}

const char* gruve_encoder_type(const gruve_model* model) { return model->shared->type.c_str(); }

void gruve_default_sampling(gruve_sampling* sampling) {
  const SamplerOptions options;
  *sampling = {.temperature = options.temperature,
               .return_temperature = options.return_temperature,
               .top_k = options.top_k,
               .top_p = options.top_p,
               .min_p = options.min_p};
}

void gruve_default_limits(gruve_limits* limits) {
  const LimitOptions options;
  *limits = {.scale = options.scale,
             .lowest_key = options.lowest,
             .highest_key = options.highest,
             .max_keys = options.max_keys,
             .max_notes_per_quarter = options.max_notes_per_quarter,
             .max_held = options.max_held,
             .max_silence = options.max_silence,
             .max_repeats = 0};
}

void gruve_default_piece_options(gruve_piece_options* options) {
  *options = {};
  gruve_default_sampling(&options->sampling);
  gruve_default_limits(&options->limits);
  options->seed = 1;
}

unsigned char* gruve_generate_midi(gruve_model* model, const gruve_piece_options* options, size_t* size) {
  return guarded<unsigned char*>(nullptr, [&] {
    PieceOptions piece;
    piece.sampler = sampler_of(options->sampling);
    piece.controls = controls_of(options->limits);
    piece.seed = options->seed;
    if (options->bars != 0) piece.bars = options->bars;
    if (options->seconds != 0) piece.seconds = options->seconds;
    if (options->tokens != 0) piece.tokens = options->tokens;
    if (options->bpm != 0) piece.tempo_bpm = options->bpm;
    piece.louder = options->louder;
    if (options->primer != nullptr)
      piece.primer = parse_midi(bytes_of(options->primer, options->primer_size), piece.primer_name).song;
    if (options->form != nullptr) piece.form.assign(options->form, options->form + options->form_size);
    return allocated(midi_bytes(model->shared->player.generate(piece)), size);
  });
}

uint16_t* gruve_encode(const gruve_model* model, const void* bytes, size_t size, size_t* count) {
  return guarded<uint16_t*>(nullptr, [&] {
    const AnyEncoder& encoder = model->shared->model.encoder;
    if (const auto* characters = encoder.get_if<CharEncoder>()) {
      const std::string_view text(static_cast<const char*>(bytes), size);
      return allocated(std::span<const Token>(characters->encode(text)), count);
    }
    const Song song = parse_midi(bytes_of(bytes, size), "the MIDI file").song;
    return visit_encoder(encoder, [&]<class Encoder>(const Encoder& music) -> uint16_t* {
      if constexpr (MusicEncoder<Encoder>) {
        const Primer whole = make_primer(
            song, music, {}, [](const Song& all) { return all.length; }, "the MIDI file");
        return allocated(std::span<const Token>(whole.tokens), count);
      } else {
        throw Error("a model of type \"" + model->shared->type + "\" encodes neither music nor text");
      }
    });
  });
}

unsigned char* gruve_decode(const gruve_model* model, const uint16_t* tokens, size_t count, double bpm,
                            size_t* size) {
  return guarded<unsigned char*>(nullptr, [&] {
    const AnyEncoder& encoder = model->shared->model.encoder;
    const std::span<const Token> all(tokens, count);
    for (const Token token : all)
      if (token >= encoder.vocab_size())
        throw Error("token " + std::to_string(token) + " is outside the vocabulary of " +
                    std::to_string(encoder.vocab_size()));
    if (const auto* characters = encoder.get_if<CharEncoder>()) {
      const std::string text = characters->decode(all);
      return allocated(std::as_bytes(std::span(text)), size);
    }
    if (!(bpm > 0)) throw Error("a tempo is above 0 quarter notes per minute, not " + std::to_string(bpm));
    return allocated(midi_bytes(encoder.decode_song(all, bpm)), size);
  });
}

gruve_generator* gruve_new_generator(gruve_model* model, const gruve_sampling* sampling, uint64_t seed) {
  return guarded<gruve_generator*>(nullptr, [&] {
    return new gruve_generator{model->shared, model->shared->player.generator(sampler_of(*sampling), seed)};
  });
}

gruve_generator* gruve_copy_generator(const gruve_generator* generator) {
  return guarded<gruve_generator*>(nullptr, [&] { return new gruve_generator(*generator); });
}

void gruve_free_generator(gruve_generator* generator) { delete generator; }

int gruve_prime(gruve_generator* generator, int token) {
  if (token < 0 || token >= generator->generator.encoder().vocab_size())
    return done(false, "the token is outside the vocabulary");
  const auto one = static_cast<Token>(token);
  if (!generator->generator.encoder().allowed(generator->generator.state(), one))
    return done(false, "the grammar does not allow the token here");
  generator->generator.prime(std::span(&one, 1));
  return 0;
}

int gruve_next(gruve_generator* generator) { return generator->generator.next(); }

float gruve_probability(gruve_generator* generator, int token) {
  if (token < 0 || token >= generator->generator.encoder().vocab_size()) return 0;
  return generator->generator.probability(static_cast<Token>(token));
}

int gruve_at_boundary(const gruve_generator* generator) { return generator->generator.at_boundary() ? 1 : 0; }

int gruve_set_sampling(gruve_generator* generator, const gruve_sampling* sampling) {
  return done(generator->generator.set(sampler_of(*sampling)), kOutOfRange);
}

void gruve_reseed(gruve_generator* generator, uint64_t seed) { generator->generator.reseed(seed); }

size_t gruve_state_size(const gruve_generator* generator) { return generator->generator.state_size(); }

size_t gruve_save_state(const gruve_generator* generator, void* bytes, size_t size) {
  return generator->generator.save_state({static_cast<std::byte*>(bytes), size});
}

int gruve_restore_state(gruve_generator* generator, const void* bytes, size_t size) {
  return done(generator->generator.restore_state(bytes_of(bytes, size)),
              "the state is damaged or of another kind of model");
}

gruve_stepper* gruve_new_stepper(gruve_model* model) {
  return guarded<gruve_stepper*>(nullptr, [&] { return new gruve_stepper(model->shared); });
}

void gruve_free_stepper(gruve_stepper* stepper) { delete stepper; }

const float* gruve_step(gruve_stepper* stepper, int token) {
  const AnyEncoder& encoder = stepper->model->model.encoder;
  if (token < 0 || token >= encoder.vocab_size()) {
    set_error("the token is outside the vocabulary");
    return nullptr;
  }
  const auto next = static_cast<Token>(token);
  // Grammar and features follow the tokens after the start token.
  if (stepper->has_begun) {
    stepper->features.advance(next);
    stepper->state = encoder.advance(stepper->state, next);
  }
  stepper->has_begun = true;
  return stepper->stepper.step(next, stepper->features.rows()).data();
}

int gruve_is_allowed(const gruve_stepper* stepper, int token) {
  const AnyEncoder& encoder = stepper->model->model.encoder;
  return token >= 0 && token < encoder.vocab_size() &&
         encoder.allowed(stepper->state, static_cast<Token>(token));
}

gruve_live* gruve_new_live(gruve_model* model, const gruve_sampling* sampling, const gruve_limits* limits,
                           uint64_t seed) {
  return guarded<gruve_live*>(nullptr, [&] {
    LivePlayerOptions options;
    options.sampler = sampler_of(*sampling);
    options.controls = controls_of(*limits);
    options.seed = seed;
    options.implementation = model->shared->implementation;
    return new gruve_live{LivePlayer(model->shared->model, options)};
  });
}

void gruve_free_live(gruve_live* live) { delete live; }

size_t gruve_process(gruve_live* live, int num_samples, double sample_rate, double bpm, gruve_note* notes,
                     size_t capacity) {
  std::array<LiveNote, 256> block;
  const std::size_t count = live->player.process({num_samples, sample_rate, bpm},
                                                 std::span(block).first(std::min(capacity, block.size())));
  for (std::size_t i = 0; i < count; ++i)
    notes[i] = {block[i].offset, block[i].pitch, block[i].velocity, block[i].channel};
  return count;
}

int gruve_play(gruve_live* live, int pitch, int velocity, int offset) {
  return done(live->player.note_on(pitch, velocity, offset),
              "a note out of range, or the player does not listen");
}

void gruve_listen(gruve_live* live) { live->player.listen(); }

void gruve_answer(gruve_live* live) { live->player.answer(); }

void gruve_release(gruve_live* live) { live->player.release(); }

int gruve_set_live_sampling(gruve_live* live, const gruve_sampling* sampling) {
  return done(live->player.set(sampler_of(*sampling)), kOutOfRange);
}

int gruve_set_live_limits(gruve_live* live, const gruve_limits* limits) {
  return done(live->player.set(controls_of(*limits)), kOutOfRange);
}

void gruve_reseed_live(gruve_live* live, uint64_t seed) { live->player.reseed(seed); }

int gruve_hand_over(gruve_live* live, gruve_model* model) {
  return guarded(-1, [&] {
    live->player.hand_over(model->shared->model);
    return 0;
  });
}

}  // extern "C"
