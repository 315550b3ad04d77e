# `import gruve;`: the target gruve::module. It is not installed, since a module is compiled anew by each program, with the
# program's own flags.
if(CMAKE_VERSION VERSION_LESS 3.28)
  message(FATAL_ERROR "GRUVE_BUILD_MODULE needs CMake 3.28, this is ${CMAKE_VERSION}")
endif()
add_library(gruve_module STATIC)
add_library(gruve::module ALIAS gruve_module)
target_sources(gruve_module PUBLIC FILE_SET CXX_MODULES BASE_DIRS src FILES src/gruve.cppm)
target_link_libraries(gruve_module PUBLIC gruve::kernels)
