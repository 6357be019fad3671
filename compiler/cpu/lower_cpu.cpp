#include "cpu/lower_cpu.h"

#include "cpu/arena.h"
#include "cpu/loops.h"
#include "cpu/parts.h"
#include "cpu/passes.h"
#include "cpu/patterns.h"
#include "cpu/row_functions.h"
#include "cpu/runtime_calls.h"

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
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Transforms/TilingInterfaceImpl.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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
  module.getContext()->loadDialect<mlir::scf::SCFDialect>(); // the loop of an LSTM
  // Patterns make operations of dialects that no pass before them has loaded.
  module.getContext()->loadDialect<mlir::bufferization::BufferizationDialect, mlir::memref::MemRefDialect>();
  mlir::RewritePatternSet patterns(module.getContext());
  populateConvolutionPatterns(patterns);
  populateCustomPatterns(patterns);
  populateResizePatterns(patterns);
  populateRequantisePattern(patterns);
  populateSumPatterns(patterns);
  populateLstmPattern(patterns);
  populateKernelPattern(patterns);
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
  passes.addPass(createFuseElementwisePass());
  passes.addPass(createOrderReductionsPass());
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
  options.allowReturnAllocsFromLoops = true;
  options.setFunctionBoundaryTypeConversion(mlir::bufferization::LayoutMapOption::IdentityLayoutMap);
  mlir::PassManager passes(module.getContext());
  passes.addNestedPass<FuncOp>(createEarlyFillsPass());
  passes.addPass(mlir::bufferization::
                     createEmptyTensorEliminationPass()); // what is put into a larger tensor is written there
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
    if (copy.getSource() != copy.getTarget()) // what was written in place
      mlir::linalg::makeMemRefCopyOp(builder, copy.getLoc(), copy.getSource(), copy.getTarget());
    copy.erase();
  }
}

/// `hasPlainPointers`: the function's arguments are plain pointers then, else expanded descriptors.
mlir::LogicalResult toLLVMDialect(mlir::ModuleOp module, const CpuTarget &target, bool hasPlainPointers) {
  assertsToCalls(module);
  mlir::PassManager passes(module.getContext());
  passes.addPass(createApproximateMathPass(target));
  if (failed(passes.run(module)))
    return mlir::failure();
  mathToCalls(module);
  passes.clear();
  passes.addPass(mlir::memref::createExpandStridedMetadataPass());
  if (failed(passes.run(module)))
    return mlir::failure();
  kernelsToPointers(module); // the pass above would give a view its whole arena's pointer
  passes.clear();
  passes.addPass(mlir::createLowerAffinePass());
  passes.addPass(mlir::createCanonicalizerPass());
  passes.addPass(mlir::createCSEPass());
  passes.addPass(mlir::createConvertSCFToCFPass());
  passes.addPass(mlir::createConvertVectorToLLVMPass());
  mlir::FinalizeMemRefToLLVMConversionPassOptions memory;
  memory.useGenericFunctions = true;
  passes.addPass(mlir::createFinalizeMemRefToLLVMConversionPass(memory));
  passes.addPass(mlir::createConvertMathToLLVMPass());
  passes.addPass(mlir::createArithToLLVMConversionPass());
  passes.addPass(mlir::createConvertControlFlowToLLVMPass());
  mlir::ConvertFuncToLLVMPassOptions options;
  options.useBarePtrCallConv = hasPlainPointers;
  passes.addPass(mlir::createConvertFuncToLLVMPass(options));
  passes.addPass(mlir::createReconcileUnrealizedCastsPass());
  passes.addPass(mlir::createCanonicalizerPass());
  if (failed(passes.run(module)))
    return mlir::failure();
  nameHeapFunctions(module);
  return mlir::success();
}

/// Makes the arguments of a lowered body from the arrays of pointers that its segment gets.
class SegmentArguments {
public:
  SegmentArguments(mlir::OpBuilder &builder, mlir::Location location)
      : builder_(builder), location_(location) {}

  mlir::Value pointer(mlir::Value array, int64_t place) {
    return load(pointerType(), pointerType(), array, place);
  }

  /// The fields of a descriptor of a dense buffer; dynamic extents stand in `extents`.
  void descriptor(mlir::MemRefType type, mlir::Value data, mlir::Value extents,
                  llvm::SmallVectorImpl<mlir::Value> &to) {
    const mlir::Type word = builder_.getI64Type();
    to.append({data, data, constant(0)});
    llvm::SmallVector<mlir::Value> sizes, strides(static_cast<size_t>(type.getRank()));
    for (int64_t i = 0; i < type.getRank(); ++i)
      sizes.push_back(type.isDynamicDim(static_cast<unsigned>(i))
                          ? load(word, word, extents, i)
                          : constant(type.getDimSize(static_cast<unsigned>(i))));
    mlir::Value stride = constant(1);
    for (size_t i = sizes.size(); i-- > 0;) {
      strides[i] = stride;
      if (i > 0)
        stride = builder_.create<mlir::LLVM::MulOp>(location_, stride, sizes[i]);
    }
    to.append(sizes);
    to.append(strides);
  }

private:
  mlir::Type pointerType() { return mlir::LLVM::LLVMPointerType::get(builder_.getContext()); }
  mlir::Value constant(int64_t value) {
    return builder_.create<mlir::LLVM::ConstantOp>(location_, builder_.getI64Type(),
                                                   builder_.getI64IntegerAttr(value));
  }
  mlir::Value load(mlir::Type type, mlir::Type element, mlir::Value array, int64_t place) {
    const mlir::Value slot =
        builder_.create<mlir::LLVM::GEPOp>(location_, pointerType(), element, array,
                                           llvm::ArrayRef<mlir::LLVM::GEPArg>{static_cast<int32_t>(place)});
    return builder_.create<mlir::LLVM::LoadOp>(location_, type, slot);
  }

  mlir::OpBuilder &builder_;
  mlir::Location location_;
};

/// What is known of a body before it is lowered.
struct Signature {
  llvm::SmallVector<mlir::MemRefType> arguments; ///< inputs, then the outputs of static shape
  llvm::SmallVector<int64_t> places;             ///< of each in the array of inputs or of outputs
  unsigned inputs = 0;
  bool hasPlainPointers = true; ///< else descriptors
  bool takesArena = false;      ///< as the last argument, which is an input too
};

/// The C function: takes the K-th pointer of each array and calls the lowered body.
void fillSegment(mlir::LLVM::LLVMFuncOp segment, mlir::LLVM::LLVMFuncOp body, const Signature &signature) {
  mlir::OpBuilder builder(segment.getContext());
  const mlir::Location location = segment.getLoc();
  builder.setInsertionPointToStart(segment.addEntryBlock(builder));
  SegmentArguments maker(builder, location);
  llvm::SmallVector<mlir::Value> arguments;
  for (unsigned i = 0; i < signature.arguments.size(); ++i) {
    const bool isArena = signature.takesArena && i + 1 == signature.arguments.size();
    const bool isInput = isArena || i < signature.inputs;
    const mlir::Value array = segment.getArgument(isInput ? 0 : 1);
    const mlir::Value data = maker.pointer(array, signature.places[i]);
    if (signature.hasPlainPointers) {
      arguments.push_back(data);
      continue;
    }
    const mlir::MemRefType type = signature.arguments[i];
    // The extents of the inputs stand behind their data.
    const mlir::Value extents =
        type.hasStaticShape() ? mlir::Value() : maker.pointer(array, signature.inputs + signature.places[i]);
    maker.descriptor(type, data, extents, arguments);
  }
  builder.create<mlir::LLVM::CallOp>(location, body, arguments);
  builder.create<mlir::LLVM::ReturnOp>(location, mlir::ValueRange{});
}

/// A result that is a view of another tensor is copied: the boundary of the function would drop its offset and strides.
void copyViews(FuncOp function) {
  mlir::Operation *end = function.getBody().front().getTerminator();
  mlir::OpBuilder builder(end);
  for (mlir::OpOperand &result : end->getOpOperands()) {
    mlir::Operation *origin = result.get().getDefiningOp();
    const auto type = mlir::cast<mlir::RankedTensorType>(result.get().getType());
    if (origin && mlir::isa<mlir::tensor::TensorDialect>(origin->getDialect()) && type.hasStaticShape())
      result.set(builder.create<mlir::bufferization::AllocTensorOp>(origin->getLoc(), type,
                                                                    mlir::ValueRange{}, result.get()));
  }
}

/// A fill, or an operation that spreads a constant (a bias).
bool isStart(mlir::linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op->getNumResults() != 1)
    return false;
  if (mlir::isa<mlir::linalg::FillOp>(op))
    return true;
  return mlir::isa<mlir::linalg::GenericOp>(op) && op.getNumDpsInputs() == 1 &&
         op.getNumReductionLoops() == 0 &&
         mlir::isa_and_present<mlir::arith::ConstantOp>(op.getDpsInputs()[0].getDefiningOp()) &&
         op.getBlock()->without_terminator().empty();
}

/// Each reader of a filled tensor gets a fill of its own, which it can start from: one buffer would be copied for all but the last. Each writer of an empty
/// tensor gets one of its own, so that buffers have one life each.
void ownStarts(FuncOp function) {
  const auto own = [](mlir::Operation *op) {
    mlir::OpBuilder builder(op);
    for (mlir::OpOperand &use : llvm::make_early_inc_range(llvm::drop_begin(op->getResult(0).getUses())))
      use.set(builder.clone(*op)->getResult(0));
  };
  llvm::SmallVector<mlir::Operation *> starts, empties;
  function.walk([&](mlir::linalg::LinalgOp op) {
    if (isStart(op))
      starts.push_back(op);
  });
  llvm::for_each(starts, own);
  function.walk([&](mlir::tensor::EmptyOp op) { empties.push_back(op); });
  llvm::for_each(empties, own);
}

/// Marks the outlined functions that are one loop nest, tiled or still an operation: a fill beside it would be another.
void markNests(mlir::ModuleOp module, FuncOp body) {
  for (FuncOp each : module.getOps<FuncOp>()) {
    if (each == body || each.isExternal())
      continue;
    const bool isTiled = each.walk([](mlir::scf::ForOp loop) {
                               return loop->hasAttr(kParallelLoop) ? mlir::WalkResult::interrupt()
                                                                   : mlir::WalkResult::advance();
                             })
                             .wasInterrupted();
    int64_t operations = 0;
    each.walk([&](mlir::linalg::LinalgOp) { ++operations; });
    if (operations == (isTiled ? 0 : 1))
      each->setAttr(kSplittable, mlir::UnitAttr::get(each.getContext()));
  }
}

/// Elements from a buffer's pointer to its last element, with the gaps of a view; nothing where only the run knows.
std::optional<int64_t> extentOf(mlir::MemRefType type) {
  llvm::SmallVector<int64_t> strides;
  int64_t last = 0;
  if (!type.hasStaticShape() || failed(mlir::getStridesAndOffset(type, strides, last)) ||
      mlir::ShapedType::isDynamic(last) || llvm::any_of(strides, mlir::ShapedType::isDynamic))
    return std::nullopt;
  for (auto [extent, stride] : llvm::zip(type.getShape(), strides))
    last += (extent - 1) * stride;
  return type.getNumElements() == 0 ? 0 : last + 1;
}

/// Each outlined function with its constants in a module of its own.
void showKernels(mlir::ModuleOp module, FuncOp body, const CpuTuning &tuning) {
  for (FuncOp each : module.getOps<FuncOp>()) {
    const bool isPlain = llvm::all_of(each.getArgumentTypes(), [](mlir::Type type) {
      const auto buffer = mlir::dyn_cast<mlir::MemRefType>(type);
      return buffer && extentOf(buffer);
    });
    if (each == body || each.isExternal() || !isPlain || each->hasAttr(kRowLoop))
      continue;
    mlir::OwningOpRef<mlir::ModuleOp> alone(mlir::ModuleOp::create(each.getLoc()));
    llvm::SmallPtrSet<mlir::Operation *, 4> constants;
    each.walk([&](mlir::memref::GetGlobalOp get) {
      if (mlir::Operation *global = module.lookupSymbol(get.getName());
          global && constants.insert(global).second)
        alone->push_back(global->clone());
    });
    alone->push_back(each->clone());
    tuning.kernel(*alone);
  }
}

/// Lowers one body, alone in `module`.
mlir::LogicalResult lowerBody(mlir::ModuleOp module, FuncOp function, const CpuTarget &target, ArenaOf owner,
                              const CpuTuning &tuning, Signature &signature, int64_t &arenaBytes,
                              const std::function<void(std::string_view, const std::string &)> &dump) {
  function.setPublic();
  signature.inputs = function.getNumArguments();
  for (int64_t i = 0; i < signature.inputs; ++i)
    signature.places.push_back(i);
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    if (mlir::cast<mlir::ShapedType>(type).hasStaticShape())
      signature.places.push_back(static_cast<int64_t>(i));
  copyViews(function);
  if (failed(toLinalg(module)))
    return mlir::failure();
  if (dump) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    module.print(stream);
    dump("linalg", text);
  }
  ownStarts(function);
  mlir::PassManager layouts(module.getContext());
  layouts.addPass(createFlushConstantsPass());
  layouts.addPass(createChannelsLastPass(target));
  layouts.addPass(mlir::createCanonicalizerPass());
  layouts.addPass(createWinogradPass(target));
  layouts.addPass(createFuseElementwisePass());
  layouts.addPass(createOrderReductionsPass());
  layouts.addPass(createTurnOperandsPass(target)); // fusion would read the operand the old way
  layouts.addPass(createUnsignedBytesPass(target));
  layouts.addPass(createFuseRowsPass(target)); // operands are turned for all rows before
  layouts.addPass(mlir::createCanonicalizerPass());
  layouts.addPass(createJoinInPlacePass());
  if (failed(layouts.run(module)))
    return mlir::failure();
  if (failed(toBuffers(module, function)) || failed(resultsToArguments(function)))
    return mlir::failure();
  copiesToLinalg(function);
  for (const mlir::Type type : function.getArgumentTypes()) {
    signature.arguments.push_back(mlir::cast<mlir::MemRefType>(type));
    // MLIR has no plain pointer for a buffer without elements; a descriptor it has.
    const mlir::MemRefType &last = signature.arguments.back();
    signature.hasPlainPointers =
        signature.hasPlainPointers && last.hasStaticShape() && last.getNumElements() != 0;
  }
  mlir::PassManager tiling(module.getContext());
  tiling.addNestedPass<FuncOp>(createFillBordersPass());
  tiling.addPass(createOutlineRowsPass(target, /*anyShape=*/!signature.hasPlainPointers));
  tiling.addPass(createOutlinePass(/*anyShape=*/!signature.hasPlainPointers));
  if (failed(tiling.run(module)))
    return mlir::failure();
  if (tuning.kernel)
    showKernels(module, function, tuning);
  tiling.clear();
  tiling.addPass(createRegisterTilePass(target, tuning.tiles));
  tiling.addPass(createReduceRowsPass(target));
  if (failed(tiling.run(module)))
    return mlir::failure();
  const bool hasDynamicInput = !llvm::all_of(function.getArgumentTypes(), [](mlir::Type type) {
    return mlir::cast<mlir::MemRefType>(type).hasStaticShape();
  });
  const auto arena = placeInArena(function, ("arena_" + function.getName()).str(), owner);
  if (failed(arena))
    return mlir::failure();
  arenaBytes = std::max(arenaBytes, *arena);
  if (owner == ArenaOf::Caller && *arena > 0) {
    signature.takesArena = true;
    signature.arguments.push_back(mlir::cast<mlir::MemRefType>(function.getArgumentTypes().back()));
    signature.places.push_back(signature.inputs * (hasDynamicInput ? 2 : 1));
  }
  placeInHeap(function);
  markNests(module, function);
  for (FuncOp each : module.getOps<FuncOp>())
    if (!each.isExternal() && failed(lowerLinalgToLoops(each, target)))
      return mlir::failure();
  finishRows(module);
  mlir::PassManager splitting(module.getContext());
  splitting.addPass(mlir::createCanonicalizerPass()); // extents become constants
  splitting.addPass(createSplitPass(target));
  if (failed(splitting.run(module)) || failed(toLLVMDialect(module, target, signature.hasPlainPointers)))
    return mlir::failure();
  callInParts(module);
  return mlir::success();
}

/// Moves what a lowered body's module holds into `module`; names of globals get the body's name in front.
mlir::LLVM::LLVMFuncOp moveInto(mlir::ModuleOp module, mlir::ModuleOp lowered, llvm::StringRef name,
                                const Signature &signature) {
  mlir::OpBuilder builder(module.getContext());
  for (auto global : lowered.getOps<mlir::LLVM::GlobalOp>()) {
    const std::string unique = (name + "." + global.getName()).str();
    global.setName(unique);
    global.setLinkage(mlir::LLVM::Linkage::Internal);
  }
  // One walk for all of them: in LLVM dialect a global is named nowhere else.
  lowered.walk([&](mlir::LLVM::AddressOfOp use) {
    if (!lowered.lookupSymbol<mlir::LLVM::LLVMFuncOp>(use.getGlobalName()))
      use.setGlobalName((name + "." + use.getGlobalName()).str());
  });
  mlir::LLVM::LLVMFuncOp body;
  for (mlir::Operation &op : llvm::make_early_inc_range(*lowered.getBody())) {
    if (auto function = mlir::dyn_cast<mlir::LLVM::LLVMFuncOp>(op); function && function.getName() == name) {
      body = function;
      body.setLinkage(mlir::LLVM::Linkage::Internal);
      unsigned next = 0;
      for (const mlir::MemRefType type : signature.arguments) {
        // Of a descriptor the second pointer is the one that is used.
        const unsigned data = signature.hasPlainPointers ? next : next + 1;
        body.setArgAttr(data, mlir::LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
        next += signature.hasPlainPointers ? 1 : 3 + 2 * static_cast<unsigned>(type.getRank());
      }
    } else if (function && !function.isExternal()) {
      function.setLinkage(mlir::LLVM::Linkage::Internal);
      llvm::SmallVector<mlir::Attribute> attributes;
      if (const mlir::ArrayAttr given = function.getPassthroughAttr())
        attributes.append(given.begin(), given.end());
      attributes.push_back(builder.getStringAttr("noinline")); // as it was outlined
      function.setPassthroughAttr(builder.getArrayAttr(attributes));
    } else if (function && module.lookupSymbol(function.getName())) {
      continue; // another body declared it
    }
    op.remove();
    module.getBody()->push_back(&op);
  }
  return body;
}

} // namespace

void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<mlir::affine::AffineDialect, mlir::arith::ArithDialect,
                  mlir::bufferization::BufferizationDialect, mlir::cf::ControlFlowDialect,
                  mlir::func::FuncDialect, mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect,
                  mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                  mlir::tensor::TensorDialect, mlir::tosa::TosaDialect, mlir::vector::VectorDialect>();
  mlir::arith::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::linalg::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::linalg::registerTilingInterfaceExternalModels(registry);
  mlir::scf::registerBufferizableOpInterfaceExternalModels(registry);
  mlir::tensor::registerBufferizableOpInterfaceExternalModels(registry);
}

Expected<int64_t> lowerSegments(mlir::ModuleOp module, const CpuTarget &target, ArenaOf owner,
                                const CpuTuning &tuning,
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
  int64_t arenaBytes = 0;
  for (FuncOp function : llvm::to_vector(module.getOps<FuncOp>())) {
    llvm::StringRef number = function.getName();
    if (!number.consume_front(kBody))
      continue;
    const std::string name = function.getName().str();
    auto segment = module.lookupSymbol<mlir::LLVM::LLVMFuncOp>((kSegment + number).str());
    if (!segment || !segment.isExternal())
      return Error{"there is no declaration of " + (kSegment + number).str() + " for " + name};
    Signature signature;
    mlir::OwningOpRef<mlir::ModuleOp> alone(mlir::ModuleOp::create(function.getLoc()));
    function->remove();
    alone->push_back(function);
    if (failed(lowerBody(*alone, function, target, owner, tuning, signature, arenaBytes, dump)))
      return Error{"the host code of " + name + " cannot be made: " + message};
    mlir::LLVM::LLVMFuncOp body = moveInto(module, *alone, name, signature);
    if (!body)
      return Error{"the host code of " + name + " has no function after lowering"};
    // The body goes into it, with the loops over steps of recurrent layers.
    mlir::Builder builder(context);
    segment.setPassthroughAttr(builder.getArrayAttr(widestVectors(builder, target)));
    fillSegment(segment, body, signature);
  }
  return arenaBytes;
}

Expected<std::vector<KernelBuffer>> lowerKernel(mlir::ModuleOp module, const CpuTarget &target,
                                                const TileChoices &tiles) {
  FuncOp function = *module.getOps<FuncOp>().begin();
  function.setPublic();
  Signature signature;
  std::vector<KernelBuffer> buffers;
  for (const mlir::Type argument : function.getArgumentTypes()) {
    const auto type = mlir::cast<mlir::MemRefType>(argument);
    signature.places.push_back(signature.inputs++);
    signature.arguments.push_back(type);
    const unsigned bits = type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
    buffers.push_back({static_cast<uint64_t>(*extentOf(type)) * ((bits + 7) / 8),
                       mlir::isa<mlir::FloatType>(type.getElementType())});
  }
  mlir::ScopedDiagnosticHandler quiet(module.getContext(),
                                      [](mlir::Diagnostic &) { return mlir::success(); });
  mlir::PassManager passes(module.getContext());
  passes.addPass(createRegisterTilePass(target, tiles));
  passes.addPass(createReduceRowsPass(target));
  const std::string name = function.getName().str();
  if (failed(passes.run(module)) || failed(lowerLinalgToLoops(function, target)) ||
      failed(toLLVMDialect(module, target, true)))
    return Error{"loop nest " + name + " cannot be lowered by itself"};
  auto body = module.lookupSymbol<mlir::LLVM::LLVMFuncOp>(name);
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(module.getBody());
  const auto pointer = mlir::LLVM::LLVMPointerType::get(module.getContext());
  auto entry = builder.create<mlir::LLVM::LLVMFuncOp>(
      module.getLoc(), "tessera_main",
      mlir::LLVM::LLVMFunctionType::get(mlir::LLVM::LLVMVoidType::get(module.getContext()),
                                        {pointer, pointer}));
  fillSegment(entry, body, signature);
  for (unsigned i = 0; i < buffers.size(); ++i)
    body.setArgAttr(i, mlir::LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
  body.setLinkage(mlir::LLVM::Linkage::Internal);
  body.setPassthroughAttr(builder.getStrArrayAttr({"noinline"}));
  return buffers;
}

} // namespace tessera::compiler::cpu
