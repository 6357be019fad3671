#include "tessera/compiler/compiler.h"

#include "cpu/lower_cpu.h"
#include "cpu/object_code.h"
#include "cpu/processor.h"
#include "cpu/whole.h"
#include "driver-of-passes/metadata.h"
#include "driver-of-passes/pipeline.h"
#include "import/onnx/onnx_import.h"
#include "import/tflite_import.h"
#include "npu/npu.h"
#include "tune/choices.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/Support/raw_ostream.h"

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

void dumpModule(const CompileOptions &options, std::string_view stage, mlir::ModuleOp module) {
  if (!options.dump)
    return;
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  options.dump(stage, text);
}

bool isStaticTensor(mlir::Type type) {
  const auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

/// Why the network cannot be cut into segments; empty where it can: what crosses from one to another are tensors of static shape,
/// and no operation does more than compute its results.
std::string whyWhole(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  bool hasLayers = false;
  if (!llvm::all_of(main.getArgumentTypes(), isStaticTensor))
    return "an input's shape is known only when the network runs";
  for (mlir::Operation &op : main.getBody().front().without_terminator()) {
    if (op.hasTrait<mlir::OpTrait::ConstantLike>())
      continue;
    if (!llvm::all_of(op.getResultTypes(), isStaticTensor))
      return "the network computes with shapes or single numbers that are known only when it runs";
    const bool isTosa =
        op.getName().getDialectNamespace() == "tosa"; // custom ones do not say that they only compute
    if (!isTosa && !mlir::isMemoryEffectFree(&op) && !mlir::isa<mlir::bufferization::AllocTensorOp>(op))
      return "the network checks its inputs when it runs";
    hasLayers = hasLayers || isTosa;
  }
  return hasLayers ? "" : "the network has no layers of int8";
}

/// Decides what runs where. Gives the device's constants and the metadata that placement adds.
Expected<npu::Artifacts> place(mlir::ModuleOp module, bool isOnnx, const CompileOptions &options,
                               const npu::Tuning &tuning) {
  const bool isWhole = options.arenaFromCaller || (isOnnx && options.cpuOnly);
  const std::string whole = isWhole ? "no machine to place on" : isOnnx ? whyWhole(module) : "";
  if (!whole.empty())
    return npu::Artifacts{{}, cpu::placeWholeOnCpu(module, whole)};
  if (options.cpuOnly)
    return npu::lowerCpuOnly(module);
  const auto dumpStage = [&](llvm::StringRef stage, const std::string &text) { options.dump(stage, text); };
  return npu::lower(module, options.machine, tuning, options.dump ? npu::Dump(dumpStage) : npu::Dump());
}

} // namespace

Expected<CompiledModel> compile(std::span<const uint8_t> model, const CompileOptions &options) {
  if (options.tuned.empty())
    return compileWith(model, options, {});
  auto choices = LoggedChoices::open(options);
  if (!choices)
    return choices.error();
  auto compiled = compileWith(model, options, (*choices)->npu(), (*choices)->cpu());
  if (auto read = (*choices)->finish(); compiled && !read)
    return read.error();
  return compiled;
}

Expected<CompiledModel> compileWith(std::span<const uint8_t> model, const CompileOptions &options,
                                    const npu::Tuning &npuTuning, const cpu::TileChoices &tiles,
                                    const KernelSink &kernels) {
  mlir::DialectRegistry registry;
  cpu::registerDialects(registry);
  cpu::registerTranslations(registry);
  // One thread: compilations may run side by side, and threads of its own cost more than they save on networks.
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);

  // The file becomes TOSA, with its quantised arithmetic spelled out; ONNX also Linalg, Tensor and SCF where TOSA says less.
  const bool isOnnx = looksLikeOnnx(model);
  if (!isOnnx && !options.extents.empty())
    return Error{"extent " + options.extents.begin()->first +
                 " was given, and a TFLite network has no open extents"};
  auto imported = isOnnx ? importOnnx(context, model, options.modelFolder, options.extents)
                         : importTflite(context, model);
  if (!imported)
    return imported.error();
  mlir::ModuleOp module = **imported;
  dumpModule(options, "import", module);

  // Each operation goes to the NPU or to the host; the NPU's part leaves as host code that records commands.
  nlohmann::ordered_json metadata = metadataOf(module, options);
  auto placed = place(module, isOnnx, options, npuTuning);
  if (!placed)
    return placed.error();
  metadata.update(nlohmann::ordered_json::parse(placed->metadata));

  // What is left of TOSA becomes loops, and everything becomes one object.
  const cpu::HostTarget host{options.hostTriple, options.hostCpu, options.hostFeatures,
                             options.hostCacheBytes};
  auto target = cpu::describe(host);
  if (!target)
    return target.error();
  if (host.triple.empty()) { // of this architecture: a session runs it
    auto processor = cpu::spelledOut(host);
    auto features = cpu::codeFeatures(processor);
    if (!features)
      return features.error();
    metadata["cpu"] = processor.cpu;
    metadata["cpu_features"] = *features;
  }
  const auto owner = options.arenaFromCaller ? cpu::ArenaOf::Caller : cpu::ArenaOf::Object;
  cpu::CpuTuning tuning{tiles, {}};
  if (kernels)
    tuning.kernel = [&](mlir::ModuleOp kernel) {
      std::string bytecode;
      llvm::raw_string_ostream stream(bytecode);
      if (mlir::succeeded(mlir::writeBytecodeToFile(kernel, stream)))
        kernels(bytecode);
    };
  auto arenaBytes = cpu::lowerSegments(module, *target, owner, tuning, options.dump);
  if (!arenaBytes)
    return arenaBytes.error();
  if (options.arenaFromCaller)
    metadata["host_arena_bytes"] = *arenaBytes;
  dumpModule(options, "llvm", module);
  auto object = cpu::emitObject(module, host);
  if (!object)
    return object.error();

  CompiledModel result;
  // What uses no machine fits any.
  const bool isForHost = options.cpuOnly || metadata["segments"] == 0;
  result.image.configHash = isForHost ? 0 : options.machine.hash();
  result.image.setText(isa::ProgramImage::kMetadata, metadata.dump());
  result.image.set(isa::ProgramImage::kConstants, std::move(placed->constants));
  result.image.set(isa::ProgramImage::kHostObject, std::move(*object));
  return result;
}

} // namespace tessera::compiler
