#include "gruve/kernels/available.hpp"
#include "gruve/model/model_file.inc"
