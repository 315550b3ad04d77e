// One timestep of one sequence through oneDNN's GRU layers.
#include "onednn.hpp"

int main(int argc, char** argv) {
  return gruve::bench::onednn_main(argc, argv, "step", "us", 1e6, 1, 1, false);
}
