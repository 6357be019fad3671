#include "tessera/compiler/compiler.h"

#include "cpu/lower_cpu.h"
#include "cpu/object_code.h"
#include "driver-of-passes/metadata.h"
#include "import/tflite_import.h"
#include "npu/npu.h"

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

} // namespace

Expected<CompiledModel> compile(std::span<const uint8_t> model, const CompileOptions &options) {
  mlir::DialectRegistry registry;
  cpu::registerDialects(registry);
  cpu::registerTranslations(registry);
  // One thread: compilations may run side by side, and threads of its own cost more than they save on networks.
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);

  // The file becomes TOSA, with its quantised arithmetic spelled out.
  auto imported = importTflite(context, model);
  if (!imported)
    return imported.error();
  mlir::ModuleOp module = **imported;
  dumpModule(options, "import", module);

  // Each operation goes to the NPU or to the host; the NPU's part leaves as host code that records commands.
  nlohmann::ordered_json metadata = metadataOf(module, options);
  const auto dumpStage = [&](llvm::StringRef stage, const std::string &text) { options.dump(stage, text); };
  auto placed = options.cpuOnly
                    ? npu::lowerCpuOnly(module)
                    : npu::lower(module, options.machine, options.dump ? npu::Dump(dumpStage) : npu::Dump());
  if (!placed)
    return placed.error();
  metadata.update(nlohmann::ordered_json::parse(placed->metadata));

  // What is left of TOSA becomes loops, and everything becomes one object.
  if (auto ok = cpu::lowerSegments(module, options.dump); !ok)
    return ok.error();
  dumpModule(options, "llvm", module);
  auto object = cpu::emitObject(module, {options.hostCpu, options.hostFeatures});
  if (!object)
    return object.error();

  CompiledModel result;
  result.image.configHash = options.cpuOnly ? 0 : options.machine.hash();
  result.image.setText(isa::ProgramImage::kMetadata, metadata.dump());
  result.image.set(isa::ProgramImage::kConstants, std::move(placed->constants));
  result.image.set(isa::ProgramImage::kHostObject, std::move(*object));
  return result;
}

} // namespace tessera::compiler
