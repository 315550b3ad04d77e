#include "gruve/kernels/available.hpp"
