// The models that a command speaks with: one, or several together.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "gruve/core/thread_pool.hpp"
#include "gruve/corpus/corpus.hpp"
#include "gruve/kernels/precisions.hpp"
#include "gruve/model/model_file.hpp"
#include "gruve/model/packed_model.hpp"

/// --model FILE, of several each with its own.
CLI::Option* add_models(CLI::App& command, std::vector<std::string>& files, const std::string& help);

/// Throws Error where a file can't be read, or where its tokens are not those of the first.
std::vector<gruve::TrainedModel> load_models(const std::vector<std::string>& files);

/// Throws Error where the corpus's tokens are not those of the model.
void require_encoder(const gruve::Corpus& corpus, const gruve::TrainedModel& model);

std::vector<gruve::PackedModel<float>> pack(
    const std::vector<gruve::TrainedModel>& models, gruve::ThreadPool& threads,
    const gruve::kernels::Kernels<float>& kernels = gruve::kernels::active());

/// "a.safetensors, b.safetensors".
std::string listed(const std::vector<std::string>& files);
