/// The report of `tessera quantize`: as text and as JSON.
#ifndef TESSERA_TOOLS_NOISE_REPORT_H
#define TESSERA_TOOLS_NOISE_REPORT_H

#include "tessera/compiler/quantise.h"

#include <string>

namespace tessera::tools {

struct NoiseReport {
  std::string model;
  std::string range;
  const compiler::QuantiseOptions &options;
  const compiler::QuantiseReport &report;
};

void printNoise(const NoiseReport &noise);
/// Layers as printed, worst first; a ratio without any difference is null.
std::string noiseJson(const NoiseReport &noise);

} // namespace tessera::tools

#endif
