// rtneural_outputs MODEL.json V <TOKENS: what RTNeural computes after each token, a line each. interchange.py
// compiles it against a checkout of RTNeural.
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <vector>

#include <RTNeural/RTNeural.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::ifstream json(argv[1], std::ifstream::binary);
  const auto size = static_cast<std::size_t>(std::atoi(argv[2]));
  const std::unique_ptr<RTNeural::Model<float>> model = RTNeural::json_parser::parseJson<float>(json);
  if (!model) return 1;
  model->reset();
  for (std::size_t token = 0; std::cin >> token;) {
    alignas(64) static float input[65'536];
    if (token >= size || size > 65'536) return 1;
    input[token] = 1;
    model->forward(input);
    input[token] = 0;
    for (std::size_t i = 0; i < size; ++i) std::printf("%.9g ", static_cast<double>(model->getOutputs()[i]));
    std::printf("\n");
  }
  return 0;
}
