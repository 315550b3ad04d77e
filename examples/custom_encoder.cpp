// Usage: example_custom_encoder MODEL — an encoder of a program's own is trained, saved, loaded and generated
// from: DNA by its four bases, in whole codons.
#include <cstdio>
#include "gruve/gruve.hpp"

struct DnaEncoder {
  using Source = std::string;
  using State = int;  // bases of the codon so far
  static constexpr std::string_view kType = "dna";
  static constexpr std::string_view kBases = "ACGT";
  int vocab_size() const noexcept { return 4; }
  gruve::Token start_token() const noexcept { return 0; }
  State start() const noexcept { return 0; }
  State advance(State state, gruve::Token) const noexcept { return (state + 1) % 3; }
  bool allowed(State, gruve::Token token) const noexcept { return token < 4; }
  bool at_boundary(State state) const noexcept { return state == 0; }
  std::vector<gruve::Token> encode(const std::string& bases) const {
    std::vector<gruve::Token> tokens;
    for (const char base : bases) tokens.push_back(static_cast<gruve::Token>(kBases.find(base)));
    return tokens;
  }
  std::string decode(std::span<const gruve::Token> tokens) const {
    std::string bases;
    for (const gruve::Token token : tokens) bases += kBases[token];
    return bases;
  }
  std::string settings() const { return {}; }
  static DnaEncoder from_settings(std::string_view) { return {}; }
};

int main(int, char** argv) {
  std::vector<std::string> genes(50, "ATGGCCATTGTAATGGGCCGCTGAAAGGGTGCCCGATAG");
  for (std::size_t i = 0; i < genes.size(); ++i) genes[i][3 + i % 33] = "ACGT"[i % 4];  // mutations
  const gruve::Corpus corpus = gruve::Corpus::encode(DnaEncoder(), genes);
  gruve::Trainer trainer(corpus, {.embedding_size = 8, .hidden_size = 32}, {.batch_size = 8, .epochs = 60});
  trainer.run();
  gruve::save(trainer.trained_model(), argv[1]);
  gruve::Player player(gruve::load<DnaEncoder>(argv[1]));
  std::printf("%s\n", player.generate_as<DnaEncoder>({.tokens = 39}).c_str());
}
