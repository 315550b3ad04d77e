// The headers are not hurt by what <windows.h> defines in small letters, or in words that others use too,
// when it is included before them. On other systems this file defines the same. The standard library and
// Eigen come first: libstdc++ undoes min and max.
#include "system_headers.hpp"

#include <Eigen/Core>
#include <nlohmann/json.hpp>

#if defined(_WIN32)
#include <windows.h>
#else
#define near
#define far
#define pascal
#define cdecl
#define small char
#define hyper long long
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define CALLBACK
#define TRUE 1
#define FALSE 0
#define ERROR 0
#define NO_ERROR 0
#define IGNORE 0
#define INFINITE 0xFFFFFFFF
#define DELETE 0x00010000
#define DIFFERENCE 11
#define ABSOLUTE 1
#define RELATIVE 2
#define OPAQUE 2
#define TRANSPARENT 1
#define STRICT 1
#define DOMAIN 1
#define OVERFLOW 3
#define UNDERFLOW 4
#define THIS
#define Yield()
#define GetObject GetObjectA
#define GetMessage GetMessageA
#define SendMessage SendMessageA
#define CreateFile CreateFileA
#define MoveFile MoveFileA
#define GetCurrentTime() GetTickCount()
#endif
#undef min
#undef max
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))

#include "gruve/gruve.hpp"

int main() {}
