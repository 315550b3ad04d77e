#!/usr/bin/env bash
# Makes gruve.html, one page that plays from a disk and without a network: gruve in WebAssembly and a model, packed into
# examples/web/page.html. Needs emscripten (Debian's 3.1.6 or later), Eigen, nlohmann_json, python3.
#   bash examples/web/build.sh [OUT]     default build/web/gruve.html
# MODEL=FILE for another model than the études; KINDS=plain for a page without SIMD, KINDS="simd plain" for one that chooses.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-build/web/gruve.html}
model=${MODEL:-examples/models/etudes.safetensors}
kinds=${KINDS:-simd}
build=build/web
command -v em++ >/dev/null || { echo "build.sh: em++ is missing: apt-get install emscripten" >&2; exit 1; }
export NODE_PATH=${NODE_PATH:-/usr/share/nodejs}  # where Debian has what emscripten's scripts for node need
mkdir -p "$build/packages" "$(dirname "$out")"
# Of this machine's headers only these two packages: all others are emscripten's.
ln -sfn "${EIGEN:-/usr/include/eigen3}" "$build/packages/eigen3"
ln -sfn "${JSON:-/usr/include/nlohmann}" "$build/packages/nlohmann"

cat >"$build/Makefile.new" <<'MAKE'
flags = -std=c++20 $(optimise) $(exceptions) -DGRUVE_COMPILED_KERNELS -DGRUVE_STATIC_C_LIBRARY -Iinclude -Isrc \
  -isystem build/web/packages/eigen3 -isystem build/web/packages -Wno-pass-failed -MMD
comma := ,
separated = $(subst $() ,$(comma),$(strip $(1)))
functions := $(call separated,_malloc _free _gruve_error _gruve_free _gruve_version _gruve_load _gruve_free_model \
  _gruve_get_model_info _gruve_encoder_type _gruve_default_sampling _gruve_default_limits _gruve_default_piece_options \
  _gruve_generate_midi _gruve_new_generator _gruve_free_generator _gruve_next _gruve_new_live _gruve_free_live _gruve_process \
  _gruve_play _gruve_listen _gruve_answer _gruve_set_live_sampling _gruve_set_live_limits _gruve_hand_over _web_form _web_notes \
  _web_midi)
learning := _web_add_song,_web_learn_style
link = -O2 $(exceptions) -sMODULARIZE=1 -sEXPORT_NAME=createGruve -sENVIRONMENT=worker -sALLOW_MEMORY_GROWTH=1 \
  -sINITIAL_MEMORY=32MB -sMALLOC=emmalloc -sEXPORTED_RUNTIME_METHODS=UTF8ToString \
  -sDYNAMIC_EXECUTION=0 -sINCOMING_MODULE_JS_API=instantiateWasm -sNO_EXIT_RUNTIME=1

optimise := -O2
exceptions := -fexceptions
build/web/simd.js build/web/generate.js: exceptions := -fwasm-exceptions  # smaller; every browser that has SIMD has them
build/web/simd-%.o: flags += -msimd128
build/web/plain-web.o build/web/plain-models.o build/web/plain-training.o: optimise := -Os  # without SIMD the kernels take most of the time
build/web/simd.js: link += -msimd128
define kind
build/web/$(1).js: build/web/$(1)-web.o build/web/$(1)-kernels.o build/web/$(1)-models.o build/web/$(1)-training.o \
    build/web/Makefile
	em++ $$(link) -sEXPORTED_FUNCTIONS=$$(functions),$$(learning) $$(filter %.o,$$^) -o $$@
build/web/$(1)-web.o: examples/web/web.cpp build/web/Makefile
	em++ $$(flags) -c $$< -o $$@
build/web/$(1)-kernels.o build/web/$(1)-models.o build/web/$(1)-training.o: build/web/$(1)-%.o: src/%.cpp build/web/Makefile
	em++ $$(flags) -c $$< -o $$@
endef
# For its size alone: what cannot learn.
build/web/generate.js: build/web/simd-web.o build/web/simd-kernels.o build/web/simd-models.o build/web/simd-training.o
	em++ $(link) -msimd128 -sEXPORTED_FUNCTIONS=$(functions) $^ -o $@
$(eval $(call kind,simd))
$(eval $(call kind,plain))
-include $(wildcard build/web/*.d)
MAKE
cmp -s "$build/Makefile.new" "$build/Makefile" || cp "$build/Makefile.new" "$build/Makefile"
for kind in $kinds; do targets+=("$build/$kind.js"); done
make -f "$build/Makefile" ${JOBS:+-j"$JOBS"} "${targets[@]}"
python3 examples/web/inline.py "$build" "$model" "$out" $kinds
