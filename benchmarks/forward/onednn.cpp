// A thousand timesteps of one sequence through oneDNN's GRU layers.
#include "onednn.hpp"

int main(int argc, char** argv) {
  return gruve::bench::onednn_main(argc, argv, "forward", "ms", 1e3, 1000, 1, false);
}
