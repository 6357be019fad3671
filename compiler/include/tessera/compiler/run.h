/// Runs the host code of a program image in this process.
///
/// HostProgram loads the image's host object (LLVM's ORC) and calls its tessera_main (docs/host-code.md). Images compiled
/// with cpuOnly need no runtime: runCompiled() is all. Images with NPU segments call the driver's functions; the caller
/// gives their addresses and the runtime to run on.
/// Errors: damaged metadata or object, missing symbols, inputs of the wrong number or size, what a segment returned.
#ifndef TESSERA_COMPILER_RUN_H
#define TESSERA_COMPILER_RUN_H

#include "tessera/isa/error.h"
#include "tessera/isa/image.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

extern "C" {
struct tsr_runtime;
}

namespace tessera::compiler {

/// A function of this process that host code may call by name (tsr_record_*, tsr_runtime_*).
struct HostSymbol {
  std::string name;
  void *address = nullptr;
};

/// One input or output of a network, as the image's metadata says. Dense, row-major (NHWC).
struct TensorInfo {
  std::string name;
  std::vector<int64_t> shape;
  std::string type; ///< "int8" or "float32"
  double scale = 0; ///< of int8
  int32_t zeroPoint = 0;

  size_t bytes() const;
};

/// tessera_main of docs/host-code.md, as tsr_runtime_open() takes it.
using MainFunction = int32_t (*)(tsr_runtime *runtime, const void *const *inputs, void *const *outputs);

class HostProgram {
public:
  static isa::Expected<std::unique_ptr<HostProgram>> load(const isa::ProgramImage &image,
                                                          std::span<const HostSymbol> symbols = {});
  ~HostProgram();

  const std::vector<TensorInfo> &inputs() const;
  const std::vector<TensorInfo> &outputs() const;

  /// The entry point; valid as long as this object lives.
  MainFunction entry() const;

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
