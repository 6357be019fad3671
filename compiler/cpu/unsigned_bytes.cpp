// Bytes that dots of bytes take as they lie. x86's dot takes the bytes of one side as unsigned: a kernel would flip the top bit of each byte of the picture that it reads, again for each tile of
// filters. Here int8 tensors that convolutions read are held with their top bits flipped, as bytes 128 more: who makes one flips once, in its own body, and a sum of products extends with zeros
// and starts 128 times the sum of its weights lower, which is exact modulo 2^32. Fills, pads, slices and reshapes of such a tensor follow, a maximum is then one of unsigned bytes, other element-wise
// operations flip back what they read. What stays: other types, targets whose dots take signed bytes, tensors that no convolution reads; where an operation of another kind makes or
// takes one that is flipped (arguments, results) an operation that flips stands between.
#include "cpu/byte_products.h"
#include "cpu/generic.h"
#include "cpu/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::Value;
using mlir::linalg::GenericOp;
namespace arith = mlir::arith;
namespace tensor = mlir::tensor;

constexpr int64_t kTop = -128; ///< the top bit of a byte

/// A constant of bytes whose values this pass does not see.
bool isHidden(Value value) {
  const auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  mlir::DenseIntElementsAttr values;
  return type && type.getElementType().isInteger(8) && mlir::matchPattern(value, mlir::m_Constant()) &&
         !mlir::matchPattern(value, mlir::m_Constant(&values));
}

/// max(out, picture) of bytes.
arith::MaxSIOp maximumOf(mlir::Operation *operation) {
  auto op = mlir::dyn_cast<GenericOp>(operation);
  if (!op || op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1 || !isBytes(op->getResult(0)))
    return nullptr;
  auto most = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::MaxSIOp>();
  const Value state = op.getBlock()->getArguments().back();
  return most && llvm::hasSingleElement(op.getBlock()->without_terminator()) &&
                 (most.getLhs() == state || most.getRhs() == state)
             ? most
             : nullptr;
}

/// Moves bytes and computes nothing: all its tensors are flipped, or none.
bool onlyMoves(mlir::Operation *op) {
  if (auto pad = mlir::dyn_cast<tensor::PadOp>(op))
    return pad.getConstantPaddingValue() != nullptr;
  return mlir::isa<tensor::InsertSliceOp, tensor::ExtractSliceOp, tensor::CollapseShapeOp,
                   tensor::ExpandShapeOp>(op);
}

bool isElementwise(mlir::Operation *op) {
  auto generic = mlir::dyn_cast<GenericOp>(op);
  return generic && generic.hasPureTensorSemantics() && generic.getNumReductionLoops() == 0 &&
         llvm::none_of(generic.getDpsInitsMutable(),
                       [&](mlir::OpOperand &init) { return generic.payloadUsesValueFromOperand(&init); });
}

class Flipper {
public:
  explicit Flipper(mlir::func::FuncOp function) : function_(function) {
    for (mlir::Operation &op : body())
      connect(&op);
    for (mlir::Operation &op : body())
      if (mlir::isa<GenericOp>(op) && !isElementwise(&op) && !maximumOf(&op))
        for (const Value result : op.getResults())
          forbidden_.insert(leader(result)); // its first values are read
    for (mlir::Operation &op : body())
      if ((onlyMoves(&op) || maximumOf(&op)) && llvm::any_of(op.getOperands(), isHidden))
        forbidden_.insert(leader(op.getResult(0)));
  }

  void run() {
    llvm::SmallVector<mlir::Operation *> operations;
    for (mlir::Operation &op : body())
      operations.push_back(&op);
    for (mlir::Operation *op : operations)
      if (const auto sums = byteProductsOf(op);
          sums && sums->hasFilters && startOf(*sums) && !forbidden_.contains(leader(sums->picture->get())))
        chosen_.insert(leader(sums->picture->get()));
    if (chosen_.empty())
      return;
    for (const Value argument : function_.getArguments())
      if (isFlipped(argument))
        flipMade(argument);
    for (mlir::Operation *op : operations)
      rewrite(op);
  }

private:
  mlir::Block &body() { return function_.getBody().front(); }

  void join(Value a, Value b) {
    if (isBytes(a) && isBytes(b))
      classes_.unionSets(a.getAsOpaquePointer(), b.getAsOpaquePointer());
  }

  void connect(mlir::Operation *op) {
    if (onlyMoves(op) || maximumOf(op) || mlir::isa<mlir::linalg::FillOp>(op)) {
      for (const Value operand : op->getOperands())
        join(operand, op->getResult(0));
    }
  }

  void *leader(Value value) {
    void *pointer = value.getAsOpaquePointer();
    return classes_.findValue(pointer) == classes_.end() ? pointer : classes_.getLeaderValue(pointer);
  }

  bool isFlipped(Value value) { return isBytes(value) && chosen_.contains(leader(value)); }

  Value flip(mlir::OpBuilder &builder, mlir::Location location, Value byte) {
    return builder.create<arith::XOrIOp>(location, byte,
                                         builder.create<arith::ConstantIntOp>(location, kTop, 8));
  }

  /// A tensor flipped by an operation of its own.
  Value flippedCopy(mlir::OpBuilder &builder, Value value) {
    const auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    const mlir::Location location = value.getLoc();
    const auto rank = static_cast<unsigned>(type.getRank());
    llvm::SmallVector<Value> extents;
    for (int64_t i = 0; i < type.getRank(); ++i)
      if (type.isDynamicDim(static_cast<unsigned>(i)))
        extents.push_back(builder.create<tensor::DimOp>(location, value, i));
    const Value empty = builder.create<tensor::EmptyOp>(location, type, extents);
    const auto all = builder.getMultiDimIdentityMap(rank);
    return makeGeneric(builder, location, value, empty, {all, all}, rank, 0,
                       [&](mlir::OpBuilder &inner, mlir::Location at, mlir::ValueRange values) {
                         return flip(inner, at, values[0]);
                       });
  }

  /// Behind what makes `value` plain: everybody else reads it flipped.
  void flipMade(Value value) {
    mlir::OpBuilder builder(function_.getContext());
    builder.setInsertionPointAfterValue(value);
    const Value flipped = flippedCopy(builder, value);
    value.replaceUsesWithIf(flipped, [&](mlir::OpOperand &use) {
      return use.getOwner() != flipped.getDefiningOp() && !mlir::isa<tensor::DimOp>(use.getOwner());
    });
    made_.insert(flipped);
  }

  bool reads(Value value) { return isFlipped(value) || made_.contains(value); }

  void readPlain(mlir::Operation *op, mlir::OpOperand &operand) {
    if (!reads(operand.get()))
      return;
    mlir::OpBuilder builder(op);
    operand.set(flippedCopy(builder, operand.get()));
  }

  void rewrite(mlir::Operation *op) {
    for (mlir::Region &region : op->getRegions())
      region.walk([&](mlir::Operation *inner) {
        for (mlir::OpOperand &operand : inner->getOpOperands())
          readPlain(op, operand);
      });
    if (mlir::isa<tensor::EmptyOp, arith::ConstantOp, tensor::DimOp>(op))
      return;
    if (auto fill = mlir::dyn_cast<mlir::linalg::FillOp>(op)) {
      if (isFlipped(op->getResult(0))) {
        mlir::OpBuilder builder(op);
        fill.getInputsMutable()[0].set(flip(builder, op->getLoc(), fill.getInputs()[0]));
      }
      return;
    }
    if (onlyMoves(op)) {
      if (isFlipped(op->getResult(0)))
        flipConstants(op);
      return;
    }
    if (arith::MaxSIOp most = maximumOf(op)) {
      if (isFlipped(op->getResult(0))) {
        flipConstants(op);
        mlir::OpBuilder builder(most);
        most.replaceAllUsesWith(
            builder.create<arith::MaxUIOp>(most.getLoc(), most.getLhs(), most.getRhs()).getResult());
        most.erase();
      }
      return;
    }
    if (const auto sums = byteProductsOf(op); sums && reads(sums->picture->get()))
      if (auto start = startOf(*sums)) {
        extendWithZeros(*sums, std::move(*start));
        return;
      }
    if (auto generic = mlir::dyn_cast<GenericOp>(op); generic && generic.hasPureTensorSemantics()) {
      rewriteBody(generic);
      return;
    }
    // Something else: it reads and makes plain bytes.
    for (mlir::OpOperand &operand : op->getOpOperands())
      readPlain(op, operand);
    for (const Value result : op->getResults())
      if (isFlipped(result))
        flipMade(result);
  }

  void extendWithZeros(const ByteProducts &sums, Start start) {
    auto wide = sums.wide;
    mlir::OpBuilder builder(wide);
    wide.replaceAllUsesWith(
        builder.create<arith::ExtUIOp>(wide.getLoc(), wide.getType(), wide.getIn()).getResult());
    wide.erase();
    auto op = sums.op;
    op.getDpsInitsMutable()[0].set(lowerStart(sums, std::move(start)));
  }

  /// What moves into a flipped tensor from a constant, or as the value of a pad.
  void flipConstants(mlir::Operation *op) {
    mlir::OpBuilder builder(op);
    for (mlir::OpOperand &operand : op->getOpOperands()) {
      mlir::DenseIntElementsAttr values;
      if (!mlir::isa<mlir::RankedTensorType>(operand.get().getType()) ||
          !mlir::matchPattern(operand.get(), mlir::m_Constant(&values)))
        continue;
      const auto flipped = values.mapValues(values.getElementType(), [](const llvm::APInt &value) {
        return value ^ llvm::APInt(8, static_cast<uint64_t>(kTop), true);
      });
      operand.set(builder.create<arith::ConstantOp>(op->getLoc(), flipped));
    }
    if (auto pad = mlir::dyn_cast<tensor::PadOp>(op)) {
      const Value value = flip(builder, op->getLoc(), pad.getConstantPaddingValue());
      pad.getRegion().front().getTerminator()->setOperand(0, value);
    }
  }

  void rewriteBody(GenericOp op) {
    mlir::OpBuilder builder = mlir::OpBuilder::atBlockBegin(op.getBlock());
    for (mlir::OpOperand *operand : op.getDpsInputOperands()) {
      Value argument = op.getMatchingBlockArgument(operand);
      if (!reads(operand->get()) || argument.use_empty())
        continue;
      const Value plain = flip(builder, op.getLoc(), argument);
      argument.replaceAllUsesExcept(plain, plain.getDefiningOp());
    }
    for (const auto &[i, result] : llvm::enumerate(op->getResults())) {
      if (!isFlipped(result))
        continue;
      mlir::Operation *end = op.getBlock()->getTerminator();
      builder.setInsertionPoint(end);
      end->setOperand(static_cast<unsigned>(i),
                      flip(builder, op.getLoc(), end->getOperand(static_cast<unsigned>(i))));
    }
  }

  mlir::func::FuncOp function_;
  llvm::EquivalenceClasses<void *> classes_;
  llvm::DenseSet<void *> chosen_, forbidden_; ///< leaders of classes
  llvm::DenseSet<Value> made_;                ///< flipped copies of what is made plain
};

class UnsignedBytesPass : public mlir::PassWrapper<UnsignedBytesPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UnsignedBytesPass)
  explicit UnsignedBytesPass(const CpuTarget &target) : target_(target) {}

  llvm::StringRef getArgument() const override { return "cpu-unsigned-bytes"; }

  void runOnOperation() override {
    if (target_.byteDot.empty() || target_.byteDotIsSigned)
      return;
    llvm::SmallVector<mlir::linalg::PoolingNhwcMaxOp> maxima;
    getOperation().walk([&](mlir::linalg::PoolingNhwcMaxOp op) { maxima.push_back(op); });
    mlir::IRRewriter rewriter(&getContext());
    for (mlir::linalg::PoolingNhwcMaxOp op : maxima) {
      rewriter.setInsertionPoint(op);
      (void)mlir::linalg::generalizeNamedOp(rewriter, op); // its body is to be written
    }
    for (auto function : getOperation().getOps<mlir::func::FuncOp>())
      if (!function.isExternal())
        Flipper(function).run();
  }

private:
  CpuTarget target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createUnsignedBytesPass(const CpuTarget &target) {
  return std::make_unique<UnsignedBytesPass>(target);
}

} // namespace tessera::compiler::cpu
