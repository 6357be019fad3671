/// The metadata section of a program image (docs/host-code.md), read for running and for reports.
/// Files come from outside: every number is checked, and an error names the key.
#ifndef TESSERA_COMPILER_HOST_METADATA_H
#define TESSERA_COMPILER_HOST_METADATA_H

#include "tessera/compiler/session.h"

#include <optional>

namespace tessera::compiler {

struct LayerInfo {
  LayerReport report; ///< without costs
  uint32_t segment = 0;
  std::optional<uint32_t> mark; ///< absent for the CPU
};

struct Metadata {
  std::string model;
  std::string machine;
  std::string cpu; ///< the processor that the host code was made for; empty where an image does not tell
  std::vector<std::string> cpuFeatures; ///< what the code uses of it (cpu/processor.h)
  uint32_t segments = 0;
  bool isDynamic = false; ///< host code takes the inputs' extents too
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<LayerInfo> layers;
};

/// Bytes an element of a tensor; 0 for a type that is not known.
uint64_t elementBytes(const std::string &type);

/// A shape and its bytes are what the model declares: the rank, every extent that it fixes, and the size.
isa::Expected<void> checkShape(const TensorInfo &info, const std::vector<uint64_t> &shape, uint64_t bytes);

isa::Expected<Metadata> parseMetadata(std::string_view text);

} // namespace tessera::compiler

#endif
