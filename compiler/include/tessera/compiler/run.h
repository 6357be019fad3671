/// Runs the host code of a program image in this process.
///
/// HostProgram links the image's host object (host_code.h) and calls its tessera_main (docs/host-code.md). Images compiled
/// with cpuOnly need no runtime: runCompiled() is all. Images with NPU segments run on the runtime that the caller opened.
/// Errors: damaged metadata or object, missing symbols, inputs of the wrong number or size, what a segment returned.
#ifndef TESSERA_COMPILER_RUN_H
#define TESSERA_COMPILER_RUN_H

#include "tessera/isa/error.h"
#include "tessera/isa/image.h"
#include "tessera/runtime.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler {

/// One input or output of a network, as the image's metadata says. Dense, row-major (NHWC).
struct TensorInfo {
  std::string name;
  std::vector<int64_t> shape;
  std::string type; ///< "int8" or "float32"
  double scale = 0; ///< of int8
  int32_t zeroPoint = 0;

  size_t bytes() const;
};

class HostProgram {
public:
  static isa::Expected<std::unique_ptr<HostProgram>> load(const isa::ProgramImage &image);
  ~HostProgram();

  const std::vector<TensorInfo> &inputs() const;
  const std::vector<TensorInfo> &outputs() const;

  /// The entry point; valid as long as this object lives.
  tsr_main_function entry() const;

  /// One inference: raw bytes of every input, in order; gives the raw bytes of every output. `runtime` may be null for
  /// images without NPU segments. Not to be called from two threads at once: host code keeps its buffers.
  isa::Expected<std::vector<std::vector<uint8_t>>> run(std::span<const std::vector<uint8_t>> inputs,
                                                       tsr_runtime *runtime = nullptr);

private:
  struct State;
  explicit HostProgram(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Device `cpu`: loads a cpuOnly image and runs it once.
isa::Expected<std::vector<std::vector<uint8_t>>> runCompiled(const isa::ProgramImage &image,
                                                             std::span<const std::vector<uint8_t>> inputs);

} // namespace tessera::compiler

#endif
