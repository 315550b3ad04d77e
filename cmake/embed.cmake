# gruve_embed(OUT FILE NAME): writes OUT, a C++ source that defines `extern const unsigned char NAME[]` and
# `extern const unsigned long long NAME_size` with the bytes of FILE, for a model that a program carries.
function(gruve_embed out file name)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(READ ${file} digits HEX)
  string(LENGTH "${digits}" length)
  math(EXPR size "${length} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${digits}")
  string(REGEX REPLACE "((0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,)(0x..,))" "\\1\n" bytes "${bytes}")
  file(CONFIGURE OUTPUT ${out} CONTENT "extern const unsigned char ${name}[];
extern const unsigned long long ${name}_size;
alignas(64) const unsigned char ${name}[] = {
${bytes}};
const unsigned long long ${name}_size = ${size};
" @ONLY)
endfunction()
