// logits MODEL <TOKENS: the logits after each token of the standard input, a line each, for comparisons with
// other frameworks (interchange.py).
#include <cstdio>
#include <exception>
#include <iostream>

#include "gruve/kernels/precisions.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/packed_model.hpp"
#include "gruve/model/stepper.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) throw gruve::Error("usage: logits MODEL <TOKENS");
  const gruve::TrainedModel model = gruve::load(argv[1]);
  const gruve::PackedModel<float> packed(model.network);
  gruve::Stepper stepper(packed);
  for (gruve::Token token = 0; std::cin >> token;) {
    if (token >= model.network.config.vocab_size) throw gruve::Error("a token outside the vocabulary");
    for (const float logit : stepper.step(token)) std::printf("%.9g ", static_cast<double>(logit));
    std::printf("\n");
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "logits: %s\n", error.what());
  return 1;
}
