// What prepares corpora, trains and judges, compiled once (core/once.hpp), apart from what a program needs that only
// plays. As with kernels.cpp, no symbol of it leaves the program.

#include "system_headers.hpp"

#if defined(__GNUC__)
#pragma GCC visibility push(hidden)
#endif

#include "gruve/corpus/augment.inc"
#include "gruve/corpus/batch_stream.inc"
#include "gruve/corpus/build_corpus.inc"
#include "gruve/corpus/build_report.inc"
#include "gruve/corpus/corpus.inc"
#include "gruve/corpus/corpus_json.inc"
#include "gruve/corpus/encoded_source.inc"
#include "gruve/corpus/fingerprint.inc"
#include "gruve/corpus/polyphonic_json.inc"
#include "gruve/corpus/statistics.inc"
#include "gruve/corpus/suggested_encoding.inc"
#include "gruve/judge/logistic_regression.inc"
#include "gruve/judge/mauve.inc"
#include "gruve/measure/structure.inc"
#include "gruve/train/curve.inc"
#include "gruve/train/dynamic_evaluation.inc"
#include "gruve/train/evaluate.inc"
#include "gruve/train/initial_state.inc"
#include "gruve/train/losses.inc"
#include "gruve/train/style.inc"
#include "gruve/train/teachers.inc"
#include "gruve/train/train_options.inc"
#include "gruve/train/trainer.inc"
#include "gruve/train/training_progress.inc"

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif
