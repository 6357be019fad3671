// Runs CPU passes on a module and prints it, or the first error: `cpu_opt FILE PASS...`. For the .mlir files in passes/. The target is one of
// 16 registers of 4 floats; `--signed-dots` before the passes: its dots of bytes take signed ones; `--word-dots`: it has dots of int16 as well; `--no-rounding`: it cannot round vectors.
#include "cpu/lower_cpu.h"
#include "cpu/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

using namespace tessera::compiler::cpu;

int main(int argc, char **argv) {
  if (argc < 2) {
    llvm::errs() << "usage: cpu_opt FILE PASS...\n";
    return 2;
  }
  mlir::DialectRegistry registry;
  registerDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  mlir::ScopedDiagnosticHandler handler(&context, [](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
      llvm::outs() << "error: " << diagnostic.str() << "\n";
    return mlir::success();
  });
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(argv[1], &context);
  if (!module)
    return 1;
  std::vector<std::unique_ptr<mlir::Pass>> known;
  known.push_back(createFuseElementwisePass());
  known.push_back(createOrderReductionsPass());
  known.push_back(createFlushConstantsPass());
  known.push_back(createChannelsLastPass(CpuTarget()));
  known.push_back(createWinogradPass(CpuTarget()));
  known.push_back(createJoinInPlacePass());
  known.push_back(createTurnOperandsPass(CpuTarget()));
  known.push_back(createFuseRowsPass(CpuTarget()));
  known.push_back(createOutlineRowsPass(CpuTarget(), /*anyShape=*/false));
  known.push_back(createEarlyFillsPass());
  known.push_back(createFillBordersPass());
  known.push_back(createReduceRowsPass(CpuTarget()));
  CpuTarget eager;
  eager.sharedWork = 20;
  eager.sharedWorkBeside = 10;
  known.push_back(createSplitPass(eager));
  known.push_back(createOutlinePass(/*anyShape=*/false));
  const std::string_view option = argc > 2 ? argv[2] : "";
  const bool isSigned = option == "--signed-dots", hasWords = option == "--word-dots",
             isPoor = option == "--no-rounding";
  const TileChoices untuned;
  CpuTarget target;
  target.byteDot = "llvm.test.dot";
  target.byteDotIsSigned = isSigned;
  target.wordDot = hasWords ? "llvm.test.words" : "";
  target.roundsVectors = !isPoor;
  known.push_back(createApproximateMathPass(target));
  known.push_back(createUnsignedBytesPass(target));
  known.push_back(createRegisterTilePass(target, untuned));
  mlir::PassManager manager(&context);
  for (int i = isSigned || hasWords || isPoor ? 3 : 2; i < argc; ++i) {
    auto found =
        llvm::find_if(known, [&](const auto &pass) { return pass && pass->getArgument() == argv[i]; });
    if (found == known.end()) {
      llvm::errs() << "no pass " << argv[i] << "\n";
      return 2;
    }
    if ((*found)->getOpName() == mlir::func::FuncOp::getOperationName())
      manager.addNestedPass<mlir::func::FuncOp>(std::move(*found));
    else
      manager.addPass(std::move(*found));
  }
  if (mlir::failed(manager.run(*module)))
    return 1;
  module->print(llvm::outs());
  llvm::outs() << "\n";
  return 0;
}
