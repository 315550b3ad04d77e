// The report of `gruve prepare` as a web page.
#pragma once

#include <string>

#include "gruve/corpus/build_report.hpp"

/// A self-contained HTML document.
std::string corpus_page(const gruve::BuildReport& report, const std::string& corpus_file);
