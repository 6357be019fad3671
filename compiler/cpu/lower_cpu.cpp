#include "cpu/lower_cpu.h"

#include "cpu/arena.h"
#include "cpu/loops.h"
#include "cpu/patterns.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/TosaToArith/TosaToArith.h"
#include "mlir/Conversion/TosaToLinalg/TosaToLinalg.h"
#include "mlir/Conversion/TosaToTensor/TosaToTensor.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/Passes.h"

namespace tessera::compiler::cpu {

namespace {

using isa::Error;
using isa::Expected;
using mlir::failed;
using mlir::func::FuncOp;

constexpr llvm::StringLiteral kBody = "cpu_body_";
constexpr llvm::StringLiteral kSegment = "cpu_segment_";

/// TOSA on tensors to Linalg on tensors, fused where that needs no thought: element-wise chains.
mlir::LogicalResult toLinalg(mlir::ModuleOp module) {
  mlir::RewritePatternSet patterns(module.getContext());
  populateConvolutionPatterns(patterns);
  populateCustomPatterns(patterns);
  if (failed(mlir::applyPatternsAndFoldGreedily(module, std::move(patterns))))
    return mlir::failure();
  mlir::PassManager passes(module.getContext());
  auto &perFunction = passes.nest<FuncOp>();
  perFunction.addPass(mlir::tosa::createTosaToLinalgNamed());
  perFunction.addPass(mlir::tosa::createTosaToLinalg());
  perFunction.addPass(mlir::tosa::createTosaToTensor());
  perFunction.addPass(
      mlir::tosa::createTosaToArith(/*includeApplyRescale=*/true, /*use32BitApplyRescale=*/false));
  perFunction.addPass(mlir::createCanonicalizerPass());
  perFunction.addPass(mlir::createCSEPass());
  passes.addPass(mlir::createLinalgElementwiseOpFusionPass());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  return passes.run(module);
}

/// Tensors to buffers. Arguments are somebody else's memory and are never written.
mlir::LogicalResult toBuffers(mlir::ModuleOp module, FuncOp function) {
  mlir::Builder builder(module.getContext());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.setArgAttr(i, "bufferization.writable", builder.getBoolAttr(false));
  mlir::bufferization::OneShotBufferizationOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.setFunctionBoundaryTypeConversion(mlir::bufferization::LayoutMapOption::IdentityLayoutMap);
  mlir::PassManager passes(module.getContext());
  passes.addPass(mlir::bufferization::createOneShotBufferizePass(options));
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  return passes.run(module);
}

/// Copies as Linalg operations, so that strided ones need no runtime library.
void copiesToLinalg(FuncOp function) {
  llvm::SmallVector<mlir::memref::CopyOp> copies;
  function.walk([&](mlir::memref::CopyOp copy) { copies.push_back(copy); });
  for (mlir::memref::CopyOp copy : copies) {
    mlir::OpBuilder builder(copy);
    mlir::linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  }
}

mlir::LogicalResult toLLVMDialect(mlir::ModuleOp module) {
  mlir::PassManager passes(module.getContext());
  passes.addPass(mlir::memref::createExpandStridedMetadataPass());
  passes.addPass(mlir::createLowerAffinePass());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  passes.addPass(mlir::createConvertSCFToCFPass());
  passes.addPass(mlir::createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(mlir::createConvertMathToLLVMPass());
  passes.addPass(mlir::createArithToLLVMConversionPass());
  passes.addPass(mlir::createConvertControlFlowToLLVMPass());
  mlir::ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = true;
  passes.addPass(mlir::createConvertFuncToLLVMPass(options));
  passes.addPass(mlir::createReconcileUnrealizedCastsPass());
  passes.addPass(mlir::createCanonicalizerPass());
  return passes.run(module);
}

/// The C function: takes the K-th pointer of each array and calls the lowered body.
void fillSegment(mlir::LLVM::LLVMFuncOp segment, mlir::LLVM::LLVMFuncOp body, unsigned inputs) {
  mlir::OpBuilder builder(segment.getContext());
  const mlir::Location location = segment.getLoc();
  builder.setInsertionPointToStart(segment.addEntryBlock(builder));
  const mlir::Type pointer = mlir::LLVM::LLVMPointerType::get(builder.getContext());
  llvm::SmallVector<mlir::Value> arguments;
  for (unsigned i = 0; i < body.getNumArguments(); ++i) {
    const mlir::Value array = segment.getArgument(i < inputs ? 0 : 1);
    const auto position = static_cast<int32_t>(i < inputs ? i : i - inputs);
    const mlir::Value slot = builder.create<mlir::LLVM::GEPOp>(location, pointer, pointer, array,
                                                               llvm::ArrayRef<mlir::LLVM::GEPArg>{position});
    arguments.push_back(builder.create<mlir::LLVM::LoadOp>(location, pointer, slot));
  }
  builder.create<mlir::LLVM::CallOp>(location, body, arguments);
  builder.create<mlir::LLVM::ReturnOp>(location, mlir::ValueRange{});
}

/// Lowers one body, alone in `module`.
mlir::LogicalResult lowerBody(mlir::ModuleOp module, FuncOp function,
                              const std::function<void(std::string_view, const std::string &)> &dump) {
  function.setPublic();
  if (failed(toLinalg(module)))
    return mlir::failure();
  if (dump) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream);
    dump("linalg", text);
  }
  if (failed(toBuffers(module, function)) || failed(resultsToArguments(function)))
    return mlir::failure();
  copiesToLinalg(function);
  if (failed(placeInArena(function, ("arena_" + function.getName()).str())) ||
      failed(lowerLinalgToLoops(function)))
    return mlir::failure();
  return toLLVMDialect(module);
}

/// Moves what a lowered body's module holds into `module`; names of globals get the body's name in front.
mlir::LLVM::LLVMFuncOp moveInto(mlir::ModuleOp module, mlir::ModuleOp lowered, llvm::StringRef name) {
  mlir::OpBuilder builder(module.getContext());
  for (auto global : llvm::to_vector(lowered.getOps<mlir::LLVM::GlobalOp>())) {
    const std::string unique = (name + "." + global.getName()).str();
    const auto attribute = builder.getStringAttr(unique);
    if (mlir::failed(mlir::SymbolTable::replaceAllSymbolUses(global, attribute, lowered)))
      return nullptr;
    global.setName(unique);
    global.setLinkage(mlir::LLVM::Linkage::Internal);
  }
  mlir::LLVM::LLVMFuncOp body;
  for (mlir::Operation &op : llvm::make_early_inc_range(*lowered.getBody())) {
    if (auto function = mlir::dyn_cast<mlir::LLVM::LLVMFuncOp>(op); function && function.getName() == name) {
      body = function;
      body.setLinkage(mlir::LLVM::Linkage::Internal);
      for (unsigned i = 0; i < body.getNumArguments(); ++i)
        body.setArgAttr(i, mlir::LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
    }
    op.remove();
    module.getBody()->push_back(&op);
  }
  return body;
}

} // namespace

void registerDialects(mlir::DialectRegistry &registry) {
  registry
      .insert<mlir::affine::AffineDialect, mlir::arith::ArithDialect,
              mlir::bufferization::BufferizationDialect, mlir::func::FuncDialect, mlir::linalg::LinalgDialect,
              mlir::LLVM::LLVMDialect, mlir::math::MathDialect, mlir::memref::MemRefDialect,
              mlir::scf::SCFDialect, mlir::tensor::TensorDialect, mlir::tosa::TosaDialect>();
  mlir::arith::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::linalg::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::tensor::registerBufferizableOpInterfaceExternalModels(registry);
}

Expected<void> lowerSegments(mlir::ModuleOp module,
                             const std::function<void(std::string_view, const std::string &)> &dump) {
  mlir::MLIRContext *context = module.getContext();
  std::string message;
  mlir::ScopedDiagnosticHandler handler(context, [&](mlir::Diagnostic &diagnostic) {
    if (message.empty() && diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error) {
      llvm::raw_string_ostream stream(message);
      stream << diagnostic.getLocation() << ": " << diagnostic.str();
    }
    return mlir::success();
  });
  for (FuncOp function : llvm::to_vector(module.getOps<FuncOp>())) {
    llvm::StringRef number = function.getName();
    if (!number.consume_front(kBody))
      continue;
    const std::string name = function.getName().str();
    auto segment = module.lookupSymbol<mlir::LLVM::LLVMFuncOp>((kSegment + number).str());
    if (!segment || !segment.isExternal())
      return Error{"there is no declaration of " + (kSegment + number).str() + " for " + name};
    const unsigned inputs = function.getNumArguments();
    mlir::OwningOpRef<mlir::ModuleOp> alone(mlir::ModuleOp::create(function.getLoc()));
    function->remove();
    alone->push_back(function);
    if (failed(lowerBody(*alone, function, dump)))
      return Error{"the host code of " + name + " cannot be made: " + message};
    mlir::LLVM::LLVMFuncOp body = moveInto(module, *alone, name);
    if (!body)
      return Error{"the host code of " + name + " has no function after lowering"};
    fillSegment(segment, body, inputs);
  }
  return {};
}

} // namespace tessera::compiler::cpu
