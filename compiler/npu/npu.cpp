#include "npu.h"

#include "metadata.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"

namespace tessera::compiler::npu {
namespace {

// Runs one pass and reports its first error with the place.
isa::Expected<void> run(mlir::ModuleOp module, std::unique_ptr<mlir::Pass> pass, const Dump &dump) {
  std::string name = pass->getArgument().str(), message;
  mlir::ScopedDiagnosticHandler handler(module.getContext(), [&](mlir::Diagnostic &diagnostic) {
    if (message.empty() && diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
      if (auto layer = llvm::dyn_cast<mlir::NameLoc>(diagnostic.getLocation()))
        message = "layer " + layer.getName().str() + ": ";
      message += diagnostic.str();
    }
    return mlir::success();
  });
  mlir::PassManager manager(module.getContext());
  if (pass->getOpName() && *pass->getOpName() == mlir::func::FuncOp::getOperationName())
    manager.addNestedPass<mlir::func::FuncOp>(std::move(pass));
  else
    manager.addPass(std::move(pass));
  if (mlir::failed(manager.run(module)))
    return isa::Error{message.empty() ? name + " failed" : message};
  if (dump) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream);
    dump(name, text);
  }
  return {};
}

isa::Expected<Artifacts> runAll(mlir::ModuleOp module, const Target *target, const Tuning &tuning,
                                const Dump &dump) {
  Artifacts artifacts;
  std::vector<std::unique_ptr<mlir::Pass>> passes;
  passes.push_back(createPlacePass(target)); // who computes what, while all of it is still TOSA
  if (target) {
    passes.push_back(createFusePass());         // NPU sequences become layers
    passes.push_back(createConcatPass(target)); // and the parts of a whole slices of it
  }
  passes.push_back(createSegmentPass()); // runs of one kind become functions
  if (target) {
    passes.push_back(createGatherPass(target));  // first layers with few channels fill their blocks
    passes.push_back(createBlockedPass(target)); // host work between launches leaves their layout as it is
    passes.push_back(createLayoutPass(target, &artifacts.constants)); // tensors and constants get addresses
    passes.push_back(createTilePass(target, &tuning)); // layers are cut to the on-chip memories
    passes.push_back(createTensorizePass(target));     // tiles become commands
    passes.push_back(createHoistPass(target));         // loads move ahead
    passes.push_back(createTokenPass(target));         // tokens order what the modules share
    passes.push_back(createCheckOrderPass(target));    // and are proved to
  }
  passes.push_back(createHostPass()); // commands and segments become C calls
  int64_t segments = 0;
  for (auto &pass : passes) {
    if (auto done = run(module, std::move(pass), dump); !done)
      return done.error();
    int64_t now = 0;
    for (auto function : module.getOps<mlir::func::FuncOp>())
      now += function->hasAttr("npu.segment");
    segments = std::max(segments, now);
  }
  artifacts.metadata = metadataOf(module, segments);
  for (const char *name : {"npu.placement", "npu.marks", "npu.arena_bytes"})
    module->removeAttr(name);
  return artifacts;
}

} // namespace

isa::Expected<Artifacts> lower(mlir::ModuleOp module, const isa::MachineConfig &machine, const Tuning &tuning,
                               const Dump &dump) {
  Target target(machine);
  return runAll(module, &target, tuning, dump);
}

isa::Expected<Artifacts> lowerCpuOnly(mlir::ModuleOp module) { return runAll(module, nullptr, {}, {}); }

} // namespace tessera::compiler::npu
