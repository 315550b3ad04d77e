/* A program in C: a piece, tokens with their probabilities, a saved state, live music, and what is refused.
 * usage: program MODEL PIECE.mid */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gruve/gruve.h"

static int failures = 0;

static void check(int holds, const char* what) {
  if (!holds) printf("FAILED: %s (%s)\n", what, gruve_error());
  failures += !holds;
}

static unsigned char* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  unsigned char* bytes;
  if (file == NULL) exit(2);
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  bytes = malloc(*size);
  if (bytes == NULL || fread(bytes, 1, *size, file) != *size) exit(2);
  fclose(file);
  return bytes;
}

/* The piece that `gruve generate --best-of 1 --seed 7 --temperature 0.8 --bars 8` writes, and its tokens. */
static void piece(gruve_model* model, const char* out) {
  gruve_piece_options options;
  unsigned char *midi, *again;
  uint16_t* tokens;
  size_t size = 0, count = 0, again_size = 0;
  FILE* file;
  gruve_default_piece_options(&options);
  options.seed = 7;
  options.sampling.temperature = 0.8f;
  options.sampling.return_temperature = 0.8f;
  options.bars = 8;
  midi = gruve_generate_midi(model, &options, &size);
  check(midi != NULL && size > 100 && memcmp(midi, "MThd", 4) == 0, "a piece");
  if (midi == NULL) return;
  file = fopen(out, "wb");
  if (file == NULL || fwrite(midi, 1, size, file) != size) exit(2);
  fclose(file);
  tokens = gruve_encode(model, midi, size, &count);
  check(tokens != NULL && count > 20, "its tokens");
  again = gruve_decode(model, tokens, count, 100, &again_size);
  check(again != NULL && again_size > 100, "the MIDI file of tokens");
  gruve_free(again);
  gruve_free(tokens);

  options.primer = midi;
  options.primer_size = size;
  options.bars = 16;
  again = gruve_generate_midi(model, &options, &again_size);
  check(again != NULL && again_size > size, "a piece that continues a primer");
  gruve_free(again);
  options.bpm = NAN;
  check(gruve_generate_midi(model, &options, &again_size) == NULL && strstr(gruve_error(), "bpm") != NULL,
        "a tempo that is no number is refused, with a primer too");
  options.bpm = 3;
  check(gruve_generate_midi(model, &options, &again_size) == NULL && strstr(gruve_error(), "3.0") != NULL,
        "a tempo below 4 is refused");
  options.bpm = 0;
  options.primer_size = 20;
  check(gruve_generate_midi(model, &options, &again_size) == NULL && strstr(gruve_error(), "byte") != NULL,
        "a primer that is cut off is refused");
  options.primer = NULL;
  options.sampling.temperature = -1;
  check(gruve_generate_midi(model, &options, &again_size) == NULL &&
            strstr(gruve_error(), "temperature") != NULL,
        "a negative temperature is refused");
  gruve_free(midi);
}

static void tokens(gruve_model* model) {
  gruve_model_info info;
  gruve_sampling sampling;
  gruve_generator *generator, *copy;
  gruve_stepper* stepper = gruve_new_stepper(model);
  const float* logits;
  unsigned char* state;
  size_t size;
  int i, token, V;
  double most_wrong = 0;
  int first[200];
  gruve_get_model_info(model, &info);
  V = info.vocab_size;
  check(info.is_music && V > 100 && info.hidden_size >= 16 && info.bpm > 20, "what the model is");
  check(strcmp(gruve_encoder_type(model), "event") == 0, "the encoder's type");
  gruve_default_sampling(&sampling);
  generator = gruve_new_generator(model, &sampling, 3);
  check(generator != NULL && stepper != NULL, "a generator and a stepper");
  if (generator == NULL || stepper == NULL) return;

  /* The generator's probabilities are those of the stepper's logits under the grammar. */
  token = info.start_token;
  for (i = 0; i < 200; ++i) {
    int k;
    double sum = 0, p;
    logits = gruve_step(stepper, token);
    for (k = 0; k < V; ++k)
      if (gruve_is_allowed(stepper, k)) sum += exp(logits[k]);
    token = first[i] = gruve_next(generator);
    check(gruve_is_allowed(stepper, token), "only grammatical tokens");
    p = exp(logits[token]) / sum;
    if (fabs(p - gruve_probability(generator, token)) > most_wrong)
      most_wrong = fabs(p - gruve_probability(generator, token));
  }
  check(most_wrong < 1e-5, "a token's probability is the softmax of its logit");
  check(gruve_step(stepper, V) == NULL && gruve_step(stepper, -1) == NULL, "tokens outside are refused");

  size = gruve_state_size(generator);
  state = malloc(size);
  check(state != NULL && gruve_save_state(generator, state, 3) == 0, "a state needs room");
  size = gruve_save_state(generator, state, size);
  check(size > 0, "a saved state");
  copy = gruve_copy_generator(generator);
  for (i = 0; i < 100; ++i) first[i] = gruve_next(generator);
  for (i = 0; i < 100; ++i) check(gruve_next(copy) == first[i], "a copy goes on alike");
  check(gruve_restore_state(generator, state, size) == 0, "restoring a state");
  for (i = 0; i < 100; ++i) check(gruve_next(generator) == first[i], "a restored generator goes on alike");
  state[size / 2] ^= 1;
  check(gruve_restore_state(generator, state, size) == -1, "a damaged state is refused");
  sampling.top_p = 2;
  check(gruve_set_sampling(generator, &sampling) == -1, "top-p above 1 is refused");
  check(gruve_prime(generator, V) == -1 && gruve_prime(generator, 0) == 0, "priming");
  {
    int refused = 0, token;
    for (token = 0; token < V; ++token) refused += gruve_prime(generator, token) == -1;
    check(refused > 0 && refused < V, "what the grammar does not allow is refused");
    size = gruve_save_state(generator, state, gruve_state_size(generator));
    check(size > 0 && gruve_restore_state(generator, state, size) == 0, "a primed generator's state is read");
  }
  free(state);
  gruve_free_generator(copy);
  gruve_free_generator(generator);
  gruve_free_stepper(stepper);
}

static void live(gruve_model* model) {
  gruve_sampling sampling;
  gruve_limits limits;
  gruve_note notes[64];
  gruve_live* live;
  int block, begun = 0, ended = 0, answered = 0;
  size_t i;
  gruve_default_sampling(&sampling);
  gruve_default_limits(&limits);
  live = gruve_new_live(model, &sampling, &limits, 5);
  check(live != NULL, "a live player");
  if (live == NULL) return;
  for (block = 0; block < 4000; ++block) {
    const size_t count = gruve_process(live, 256, 48000, 120, notes, 64);
    for (i = 0; i < count; ++i) {
      check(notes[i].offset >= 0 && notes[i].offset < 256, "offsets within the block");
      if (notes[i].velocity > 0)
        ++begun;
      else
        ++ended;
      answered += block > 2600 && notes[i].velocity > 0;
    }
    if (block == 2000) gruve_listen(live);
    if (block == 2100) check(gruve_play(live, 60, 90, 10) == 0, "a played note");
    if (block == 2190) check(gruve_play(live, 60, 0, 10) == 0, "its end");
    if (block == 2600) gruve_answer(live);
    if (block == 3900) gruve_release(live);
  }
  check(begun > 20 && ended <= begun && answered > 5, "notes, and an answer");
  check(gruve_play(live, 60, 90, 10) == -1, "no note is taken by one that does not listen");
  limits.lowest_key = 70;
  limits.highest_key = 60;
  check(gruve_set_live_limits(live, &limits) == -1, "limits out of range are refused");
  check(gruve_hand_over(live, model) == 0, "a model takes over");
  gruve_free_live(live);
}

int main(int argc, char** argv) {
  size_t size;
  unsigned char* bytes;
  gruve_model* model;
  if (argc != 3) return 2;
  bytes = read_file(argv[1], &size);
  check(gruve_load(bytes, size, 77, 1) == NULL && strcmp(gruve_error(), "there is no precision 77") == 0,
        "a precision that is none is refused");
  check(gruve_load(bytes, size / 2, GRUVE_FP32, 1) == NULL && strlen(gruve_error()) > 10, "half a model is refused");
  check(gruve_load_file("no such file", GRUVE_FP32, 1) == NULL && strstr(gruve_error(), "no such file") != NULL,
        "a file that is missing is refused by name");
  model = gruve_load(bytes, size, GRUVE_FP32, 1);
  free(bytes);
  check(model != NULL, "a model from memory");
  if (model == NULL) return 1;
  piece(model, argv[2]);
  tokens(model);
  live(model);
  gruve_free_model(model);
  gruve_free_model(NULL);
  printf("gruve %s: %d failures\n", gruve_version(), failures);
  return failures == 0 ? 0 : 1;
}
