/// The compiler's front door: a network in, a program image out.
///
/// The image holds metadata (JSON: model, machine, inputs, outputs, layers, placement), the constants of the device and
/// the host object. All errors are returned with the place in the model (operator index and name); hostile model files
/// never abort. Thread safety: independent calls may run at the same time.
#ifndef TESSERA_COMPILER_COMPILER_H
#define TESSERA_COMPILER_COMPILER_H

#include "tessera/isa/error.h"
#include "tessera/isa/image.h"
#include "tessera/isa/machine.h"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::compiler {

/// What to compile for.
struct CompileOptions {
  /// The machine of the NPU part. Ignored with `cpuOnly`.
  isa::MachineConfig machine;
  /// Everything runs on the host; the image then has no NPU segment and fits any machine.
  bool cpuOnly = false;
  /// Name of the model in the metadata and in messages.
  std::string modelName = "model";
  /// Where an ONNX model's data in other files may lie; empty: nowhere.
  std::string modelFolder;
  /// Fixes open extents of an ONNX model's inputs by their names ("batch"): the accelerator takes static shapes alone.
  std::map<std::string, int64_t> extents;
  /// LLVM triple, CPU name and features of the host code; empty: this host.
  std::string hostTriple;
  std::string hostCpu;
  std::string hostFeatures;
  int64_t hostCacheBytes = 0; ///< of a core's own last cache; 0: as LLVM says
  /// The host code has no memory of its own: whoever calls `cpu_segment_0` gives `host_arena_bytes` (in the metadata), 64-byte aligned, as one more
  /// input behind the others (and behind their extents). Only with `cpuOnly`: ahead_of_time.h.
  bool arenaFromCaller = false;
  /// A tuning log (tuning_log.h) whose choices take the place of the compiler's own; empty: none. What is computed stays the same to the byte.
  std::string tuned;
  /// The memory model that the choices must have been measured with; empty: "bench".
  std::string tunedMemory;
  /// Called with one line about each choice that was refused, and if the log has nothing for this network.
  std::function<void(const std::string &warning)> warn;
  /// Called with the text of the module after each stage ("import", "place", "npu", "linalg", "llvm"), if set.
  std::function<void(std::string_view stage, const std::string &text)> dump;
};

/// A compiled network. `image` is complete: it can be written to a file and run from it.
struct CompiledModel {
  isa::ProgramImage image;
};

/// Compiles the TFLite or ONNX file in `model`. An ONNX network runs whole on the CPU where it has no int8 layers, a dynamic
/// shape, or something that is checked when it runs (docs/onnx-input.md).
isa::Expected<CompiledModel> compile(std::span<const uint8_t> model, const CompileOptions &options);

} // namespace tessera::compiler

#endif
