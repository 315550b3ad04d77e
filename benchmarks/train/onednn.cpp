// Forward and backward pass of oneDNN's GRU layers over a chunk.
#include "onednn.hpp"

int main(int argc, char** argv) {
  return gruve::bench::onednn_main(argc, argv, "train_layers", "ms", 1e3, 128, 64, true);
}
