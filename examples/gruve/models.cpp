#include "models.hpp"

#include "gruve/core/error.hpp"
#include "sources.hpp"

CLI::Option* add_models(CLI::App& command, std::vector<std::string>& files, const std::string& help) {
  return command
      .add_option("--model", files, help + "; if repeated, the mean of the models' probabilities is used")
      ->allow_extra_args(false);
}

std::vector<gruve::TrainedModel> load_models(const std::vector<std::string>& files) {
  std::vector<gruve::TrainedModel> models;
  for (const std::string& file : files) {
    models.push_back(gruve::load(file));
    if (!(models.back().encoder == models.front().encoder))
      throw gruve::Error(file, "has the encoder " + describe(models.back().encoder) + ", but " +
                                   files.front() + " has " + describe(models.front().encoder));
  }
  return models;
}

void require_encoder(const gruve::Corpus& corpus, const gruve::TrainedModel& model) {
  if (!(corpus.encoder() == model.encoder))
    throw gruve::Error(corpus.file(), "has the encoder " + describe(corpus.encoder()) +
                                          ", but the model has " + describe(model.encoder));
}

std::vector<gruve::PackedModel<float>> pack(const std::vector<gruve::TrainedModel>& models,
                                            gruve::ThreadPool& threads,
                                            const gruve::kernels::Kernels<float>& kernels) {
  std::vector<gruve::PackedModel<float>> packed;
  for (const gruve::TrainedModel& model : models) {
    packed.emplace_back(model.network.config, kernels);
    packed.back().assign(model.network, threads);
  }
  return packed;
}

std::string listed(const std::vector<std::string>& files) {
  std::string text;
  for (const std::string& file : files) text += (text.empty() ? "" : ", ") + file;
  return text;
}
