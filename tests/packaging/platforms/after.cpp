// <windows.h> after the headers: what they declare of the system is as it declares it.
#include "gruve/gruve.hpp"

#include <windows.h>

int main() {}
