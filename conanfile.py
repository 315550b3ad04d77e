import os
import re
from pathlib import Path

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, rmdir


class GruveRecipe(ConanFile):
    name = "gruve"
    description = "GRU language models for music, header-only"
    license = "MIT"
    topics = ("gru", "music", "midi", "rnn", "header-only")
    package_type = "static-library"
    settings = "os", "arch", "compiler", "build_type"
    exports = "CMakeLists.txt"
    exports_sources = "CMakeLists.txt", "cmake/*", "include/*", "src/*", "LICENSE"

    def set_version(self):
        text = (Path(self.recipe_folder) / "CMakeLists.txt").read_text()
        self.version = re.search(r"project\(gruve VERSION ([0-9.]+)", text)[1]

    def requirements(self):
        self.requires("eigen/[>=3.4.0 <4]", transitive_headers=True)
        self.requires("nlohmann_json/[>=3.10.0 <4]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables.update(
            {"GRUVE_BUILD_EXAMPLES": False, "GRUVE_BUILD_TESTS": False, "GRUVE_INSTALL": True})
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # Conan writes these for the packages that it has.
        for folder in ("lib/cmake", "lib/pkgconfig", "lib/cps", "share"):
            rmdir(self, os.path.join(self.package_folder, folder))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "gruve")
        headers = self.cpp_info.components["gruve"]
        headers.set_property("cmake_target_name", "gruve::gruve")
        headers.set_property("pkg_config_name", "gruve")
        headers.libdirs = []
        headers.requires = ["eigen::eigen", "nlohmann_json::nlohmann_json"]
        kernels = self.cpp_info.components["kernels"]
        kernels.set_property("cmake_target_name", "gruve::kernels")
        kernels.set_property("pkg_config_name", "gruve-kernels")
        kernels.libs = ["gruve_kernels"]
        kernels.defines = ["GRUVE_COMPILED_KERNELS"]
        kernels.requires = ["gruve"]
        if self.settings.os in ("Linux", "FreeBSD"):
            headers.system_libs = ["pthread"]
