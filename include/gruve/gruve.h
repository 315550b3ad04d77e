/* gruve's C interface, for C and for bindings of other languages: a model from memory or a file, whole pieces as MIDI,
 * tokens one by one, and live music in an audio callback. It is compiled into the shared library `gruve`.
 *
 *   gruve_model* model = gruve_load_file("model.safetensors", GRUVE_FP32, 0);
 *   if (model == NULL) puts(gruve_error());
 *   gruve_piece_options options;
 *   gruve_default_piece_options(&options);
 *   options.bars = 8;
 *   size_t size;
 *   unsigned char* midi = gruve_generate_midi(model, &options, &size);
 *   ...
 *   gruve_free(midi);
 *   gruve_free_model(model);
 *
 * Nothing of C++ crosses it: a function that fails returns NULL, 0 or -1, as its description says, and gruve_error()
 * has the reason. A pointer that may be NULL is said to be; no other may. Functions of different objects may be called
 * at once by different threads, those of one object by one thread at a time, but for a gruve_model, which any number of
 * threads may use, except for gruve_generate_midi(): one call at a time. An object keeps its model alive.
 *
 * "Real time" marks what allocates nothing, takes no lock and makes no system call.
 */
#ifndef GRUVE_H
#define GRUVE_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && defined(GRUVE_BUILDS_C_LIBRARY)
#define GRUVE_API __declspec(dllexport)
#elif defined(_WIN32) && !defined(GRUVE_STATIC_C_LIBRARY)
#define GRUVE_API __declspec(dllimport)
#elif defined(__GNUC__)
#define GRUVE_API __attribute__((visibility("default")))
#else
#define GRUVE_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version as "MAJOR.MINOR.PATCH". */
GRUVE_API const char* gruve_version(void);

/* Why this thread's last call that failed did so: one line of UTF-8, valid until its next call that fails. */
GRUVE_API const char* gruve_error(void);

/* Frees what a function below allocated: MIDI, text, tokens. The pointer may be NULL. */
GRUVE_API void gruve_free(void* memory);

/* ---- Models ---- */

/* A model, ready to generate. */
typedef struct gruve_model gruve_model;

/* The precision of a model's weights. */
typedef enum gruve_precision { GRUVE_FP32 = 0, GRUVE_BF16 = 1, GRUVE_INT8 = 2 } gruve_precision;

/* Reads a model from the bytes of a model file, which are copied. `threads` share the work of gruve_generate_midi(); 0
 * for one per hardware thread; `precision` is a gruve_precision. Returns NULL if the bytes are no model, there is no such
 * precision, or memory is out. */
GRUVE_API gruve_model* gruve_load(const void* bytes, size_t size, int precision, int threads);

/* The same from a file, whose name is in UTF-8. */
GRUVE_API gruve_model* gruve_load_file(const char* path, int precision, int threads);

/* Releases a model; it ends with the last object that was made from it. It may be NULL. */
GRUVE_API void gruve_free_model(gruve_model* model);

/* What a model is. */
typedef struct gruve_model_info {
  int vocab_size;        /* V, number of tokens */
  int embedding_size;    /* E */
  int hidden_size;       /* H */
  int num_layers;        /* L */
  int is_music;          /* 1 if its tokens are music */
  int steps_per_quarter; /* music: timesteps per quarter note, or 0 */
  int start_token;       /* which the model reads before the first token of a sequence */
  double bpm;            /* music: tempo of the training songs, quarter notes per minute */
  int numerator;         /* music: their metre */
  int denominator;
} gruve_model_info;
GRUVE_API void gruve_get_model_info(const gruve_model* model, gruve_model_info* info);

/* The type of a model's encoder, such as "event" or "char"; as long as the model. */
GRUVE_API const char* gruve_encoder_type(const gruve_model* model);

/* ---- How tokens are drawn ---- */

/* gruve::SamplerOptions, which docs/generation.md describes. */
typedef struct gruve_sampling {
  float temperature;        /* divides the logits; above 0 */
  float return_temperature; /* multiplies the temperature in bars that return; above 0 */
  int top_k;                /* 0 for all */
  float top_p;              /* above 0, at most 1 */
  float min_p;              /* 0 to 1 */
} gruve_sampling;

/* gruve::ControlOptions, for music. */
typedef struct gruve_limits {
  unsigned scale;            /* bit i for pitch class i, C = 0; 0xFFF for all */
  int lowest_key;            /* MIDI key number, 21 to 108 */
  int highest_key;           /* the same */
  int max_keys;              /* that sound at once; 0 for any number */
  int max_notes_per_quarter; /* that begin within any quarter note; 0 for any number */
  double max_held;           /* longest note in quarter notes; 0 for any */
  double max_silence;        /* quarter notes; 0 for any */
  int max_repeats;           /* how often the same one to eight bars may sound in a row; 0 for any number */
} gruve_limits;

/* Set what changes nothing: the model's own distribution, no limits. */
GRUVE_API void gruve_default_sampling(gruve_sampling* sampling);
GRUVE_API void gruve_default_limits(gruve_limits* limits);

/* ---- Whole pieces ---- */

/* gruve::PieceOptions. At most one of bars, seconds and tokens is above 0. */
typedef struct gruve_piece_options {
  gruve_sampling sampling;
  gruve_limits limits;
  uint64_t seed;
  int bars;                     /* length with the primer, in bars */
  double seconds;               /* or in seconds; 60 if no length is given */
  size_t tokens;                /* or at least this many tokens without the primer */
  double bpm;                   /* of its beginning, or 0 for the primer's or the model's */
  int louder;                   /* added to the velocity of each new note */
  const unsigned char* primer;  /* a MIDI file to continue, or NULL */
  size_t primer_size;           /* its bytes */
  const int* form;              /* for each new bar how many bars back the one is that it returns to, 0 for none; or NULL */
  size_t form_size;             /* number of bars of it */
} gruve_piece_options;
GRUVE_API void gruve_default_piece_options(gruve_piece_options* options);

/* A new piece of music as the bytes of a Standard MIDI File, to be freed. Returns NULL if the model is not music or an
 * option is out of range. */
GRUVE_API unsigned char* gruve_generate_midi(gruve_model* model, const gruve_piece_options* options, size_t* size);

/* The tokens of a MIDI file (music) or of UTF-8 text (type "char"), to be freed. Returns NULL on failure. */
GRUVE_API uint16_t* gruve_encode(const gruve_model* model, const void* bytes, size_t size, size_t* count);

/* The MIDI file or the text of tokens, to be freed; of text, a NUL follows that is not counted. Returns NULL on
 * failure. bpm is the tempo of music whose tokens have none. */
GRUVE_API unsigned char* gruve_decode(const gruve_model* model, const uint16_t* tokens, size_t count, double bpm,
                                      size_t* size);

/* ---- Token by token ---- */

/* gruve::Generator: an endless sequence under the encoder's grammar. */
typedef struct gruve_generator gruve_generator;

/* A generator before the first token. Returns NULL on options out of range. */
GRUVE_API gruve_generator* gruve_new_generator(gruve_model* model, const gruve_sampling* sampling, uint64_t seed);
/* A copy, which generates the same tokens until it is reseeded. Returns NULL if memory is out. */
GRUVE_API gruve_generator* gruve_copy_generator(const gruve_generator* generator);
/* The generator may be NULL. */
GRUVE_API void gruve_free_generator(gruve_generator* generator);
/* Reads a token as if it had been generated. Real time. Returns 0, or -1 if it is not in the vocabulary or
   the grammar does not allow it after those before. */
GRUVE_API int gruve_prime(gruve_generator* generator, int token);
/* The next token, 0 to V - 1. Real time. */
GRUVE_API int gruve_next(gruve_generator* generator);
/* The probability of a token in the distribution of which gruve_next() drew the last one. Real time. */
GRUVE_API float gruve_probability(gruve_generator* generator, int token);
/* Whether a sequence may end here: at the end of a bar or a timestep. Real time. */
GRUVE_API int gruve_at_boundary(const gruve_generator* generator);
/* Real time. Returns 0, or -1, and changes nothing, on options out of range. */
GRUVE_API int gruve_set_sampling(gruve_generator* generator, const gruve_sampling* sampling);
/* Continues with other random numbers. Real time. */
GRUVE_API void gruve_reseed(gruve_generator* generator, uint64_t seed);
/* The most bytes that a saved state takes. */
GRUVE_API size_t gruve_state_size(const gruve_generator* generator);
/* Saves all that the next tokens depend on but for the model and the options. Returns the number of bytes, or 0 if
 * `size` is too small. Real time. */
GRUVE_API size_t gruve_save_state(const gruve_generator* generator, void* bytes, size_t size);
/* Restores it. Real time. Returns 0, or -1, and changes nothing, if the bytes are damaged or of another kind of model. */
GRUVE_API int gruve_restore_state(gruve_generator* generator, const void* bytes, size_t size);

/* gruve::Stepper: the logits alone, for a program that draws or scores by itself. */
typedef struct gruve_stepper gruve_stepper;

/* A stepper that has read nothing. Returns NULL if memory is out. */
GRUVE_API gruve_stepper* gruve_new_stepper(gruve_model* model);
/* The stepper may be NULL. */
GRUVE_API void gruve_free_stepper(gruve_stepper* stepper);
/* Reads a token; first the start token. Returns the logits [V] of the next one, valid until the next call, or NULL if the token
 * is not in the vocabulary. Real time. */
GRUVE_API const float* gruve_step(gruve_stepper* stepper, int token);
/* Whether the grammar allows a token to come next. Real time. */
GRUVE_API int gruve_is_allowed(const gruve_stepper* stepper, int token);

/* ---- Live ---- */

/* gruve::LivePlayer: notes at sample offsets, and answers to what is played. Music only. */
typedef struct gruve_live gruve_live;

/* The beginning or the end of a note in a block. */
typedef struct gruve_note {
  int offset;       /* samples from the block's beginning */
  uint8_t pitch;    /* MIDI key number */
  uint8_t velocity; /* 1 to 127 if the note begins, 0 if it ends */
  uint8_t channel;  /* 0 to 15 */
} gruve_note;

/* A live player. Returns NULL if the model is not music, or on options out of range. */
GRUVE_API gruve_live* gruve_new_live(gruve_model* model, const gruve_sampling* sampling, const gruve_limits* limits,
                                     uint64_t seed);
/* The player may be NULL. */
GRUVE_API void gruve_free_live(gruve_live* live);
/* Plays one block of samples at a tempo in quarter notes per minute; returns the number of notes written, at
 * most `capacity` and 256; what finds no room comes in the next block. Real time. */
GRUVE_API size_t gruve_process(gruve_live* live, int num_samples, double sample_rate, double bpm, gruve_note* notes,
                               size_t capacity);
/* Takes a musician's note at a sample of the next block; velocity 0 ends it. Real time. Returns 0, or -1 if it is out of range
 * or the player does not listen. */
GRUVE_API int gruve_play(gruve_live* live, int pitch, int velocity, int offset);
/* Silences the model, which takes what is played from now on. Real time. */
GRUVE_API void gruve_listen(gruve_live* live);
/* Lets the model continue what was played. Real time. */
GRUVE_API void gruve_answer(gruve_live* live);
/* Ends all notes at the beginning of the next block. Real time. */
GRUVE_API void gruve_release(gruve_live* live);
/* Real time. Each returns 0, or -1, and changes nothing, on options out of range. */
GRUVE_API int gruve_set_live_sampling(gruve_live* live, const gruve_sampling* sampling);
GRUVE_API int gruve_set_live_limits(gruve_live* live, const gruve_limits* limits);
/* Continues with other random numbers. Real time. */
GRUVE_API void gruve_reseed_live(gruve_live* live, uint64_t seed);
/* Lets another model of the same encoder take over at the next bar line; one thread may call it while another plays.
 * Returns 0, or -1 on failure. */
GRUVE_API int gruve_hand_over(gruve_live* live, gruve_model* model);

#ifdef __cplusplus
}
#endif

#endif
