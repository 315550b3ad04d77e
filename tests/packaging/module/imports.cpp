import gruve;

// Makes a model and generates a bar from it.
int main() {
  const gruve::TimestepEncoder encoder({.steps_per_quarter = 4});
  gruve::TrainedModel model{.network = gruve::GruModel<float>({.vocab_size = encoder.vocab_size()}),
                            .encoder = encoder};
  gruve::initialize(model.network, 1);
  return gruve::Player(model).generate({.bars = 1}).notes.empty() ? 1 : 0;
}
