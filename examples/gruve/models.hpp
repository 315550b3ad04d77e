// The models that a command uses: one, or an ensemble.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/packed_model.hpp"

/// Adds the option --model FILE, which may be repeated.
CLI::Option* add_models(CLI::App& command, std::vector<std::string>& files, const std::string& help);

/// The name of the model that the program carries (examples/models/), in place of a file's.
inline const std::string kBuiltInModel = "the built-in étude model";

/// Adds the option --style FILE.
CLI::Option* add_style(CLI::App& command, std::string& file);

/// Loads the models, kBuiltInModel among them, with a style (gruve tune --style) unless its file is empty.
/// Throws Error if a file can't be read, if the models' encoders differ, or if the style is not one of the
/// only model.
std::vector<gruve::TrainedModel> load_models(const std::vector<std::string>& files,
                                             const std::string& style = {});

/// Throws Error if the corpus's encoder is not the model's.
void require_encoder(const gruve::Corpus& corpus, const gruve::TrainedModel& model);

std::vector<gruve::PackedModel<float>> pack(
    const std::vector<gruve::TrainedModel>& models, gruve::ThreadPool& threads,
    const gruve::kernels::Kernels<float>& kernels = gruve::kernels::active());

/// "a.safetensors, b.safetensors".
std::string listed(const std::vector<std::string>& files);
