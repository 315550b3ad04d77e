#include "models.hpp"

#include <cstddef>
#include <span>
#include <utility>

#include "gruve/core/error.hpp"
#include "gruve/train/style.hpp"
#include "sources.hpp"

extern const unsigned char kEtudesModel[];
extern const unsigned long long kEtudesModel_size;

CLI::Option* add_models(CLI::App& command, std::vector<std::string>& files, const std::string& help) {
  return command
      .add_option("--model", files, help + "; if repeated, the mean of the models' probabilities is used")
      ->allow_extra_args(false);
}

CLI::Option* add_style(CLI::App& command, std::string& file) {
  return command.add_option("--style", file, "What the model learnt from a few songs (gruve tune --style)")
      ->check(CLI::ExistingFile);
}

std::vector<gruve::TrainedModel> load_models(const std::vector<std::string>& files,
                                             const std::string& style) {
  std::vector<gruve::TrainedModel> models;
  for (const std::string& file : files) {
    models.push_back(file == kBuiltInModel
                         ? gruve::load(std::as_bytes(std::span(kEtudesModel, kEtudesModel_size)), file)
                         : gruve::load(file));
    if (!(models.back().encoder == models.front().encoder))
      throw gruve::Error(file, "has the encoder " + describe(models.back().encoder) + ", but " +
                                   files.front() + " has " + describe(models.front().encoder));
  }
  if (!style.empty()) {
    if (models.size() != 1) throw gruve::Error(style, "is the style of one model, not of several");
    const gruve::Style learnt = gruve::load_style(style, models.front());
    models.front() = gruve::with_style(std::move(models.front()), learnt);
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
