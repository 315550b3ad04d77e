// The report of `gruve prepare` as a page that a person reads.
#pragma once

#include <string>

#include "gruve/corpus/build_report.hpp"

/// An HTML document, whole in itself.
std::string corpus_page(const gruve::BuildReport& report, const std::string& corpus_file);
