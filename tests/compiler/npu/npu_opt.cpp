// Runs NPU passes on a module and prints it, or the first error: `npu_opt FILE MACHINE PASS...` (MACHINE "none": no NPU).
// For the .mlir files in passes/.
#include "passes/passes.h"

#include "tessera/isa/machine.h"

#include "dialect/NpuDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include <optional>

using namespace tessera::compiler::npu;

int main(int argc, char **argv) {
  if (argc < 3) {
    llvm::errs() << "usage: npu_opt FILE MACHINE PASS...\n";
    return 2;
  }
  std::optional<Target> target;
  if (llvm::StringRef(argv[2]) != "none") {
    auto machine = tessera::isa::loadMachine(argv[2]);
    if (!machine) {
      llvm::errs() << machine.error().message << "\n";
      return 2;
    }
    target.emplace(*machine);
  }
  const Target *t = target ? &*target : nullptr;
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context
      .loadDialect<NpuDialect, mlir::func::FuncDialect, mlir::tosa::TosaDialect, mlir::LLVM::LLVMDialect>();
  mlir::ScopedDiagnosticHandler handler(&context, [](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
      llvm::outs() << "error: " << diagnostic.str() << "\n";
    return mlir::success();
  });
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  std::vector<uint8_t> constants;
  std::vector<std::unique_ptr<mlir::Pass>> known;
  known.push_back(createPlacePass(t));
  known.push_back(createFusePass());
  known.push_back(createConcatPass(t));
  known.push_back(createSegmentPass());
  known.push_back(createGatherPass(t));
  known.push_back(createBlockedPass(t));
  known.push_back(createLayoutPass(t, &constants));
  const Tuning untuned;
  known.push_back(createTilePass(t, &untuned));
  known.push_back(createTensorizePass(t));
  known.push_back(createHoistPass(t));
  known.push_back(createTokenPass(t));
  known.push_back(createCheckOrderPass(t));
  known.push_back(createHostPass());
  mlir::PassManager manager(&context);
  for (int i = 3; i < argc; ++i) {
    bool found = false;
    for (auto &pass : known)
      if (pass && pass->getArgument() == argv[i]) {
        found = true;
        if (pass->getOpName() && *pass->getOpName() == "func.func")
          manager.addNestedPass<mlir::func::FuncOp>(std::move(pass));
        else
          manager.addPass(std::move(pass));
      }
    if (!found) {
      llvm::errs() << "no pass " << argv[i] << "\n";
      return 2;
    }
  }
  if (mlir::failed(manager.run(*module)))
    return 1;
  module->print(llvm::outs());
  llvm::outs() << "\n";
  for (size_t i = 0; i < constants.size() && i < 64; ++i)
    llvm::outs() << (i ? "," : "// constants: ") << int(int8_t(constants[i]));
  llvm::outs() << "\n";
  return 0;
}
