// Each loop nest a function. Every Linalg operation on buffers moves, together with the fill that its output starts from and with what makes of finished sums what is kept of them, into a private function `BODY_kernel_N`
// of its buffers and scalars; constants are named inside. LLVM's analyses then see one loop nest at a time: in one function with hundreds of
// them they take time by the square. Buffers that are not views of one another are marked as such. What stays where it is: operations on buffers that
// have no plain pointer (strided views, save those of dense rows; `anyShape` false: dynamic shapes too), and those nested in loops, which are called often.
#include "cpu/nest_of.h"
#include "cpu/outlined.h"
#include "cpu/passes.h"
#include "cpu/runtime_calls.h"
#include "import/layers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tessera::compiler::cpu {

namespace {

/// On a body whose segment stands between tsr_runtime_cpu_begin and _end (docs/host-code.md).
constexpr llvm::StringLiteral kHasTimeline = "cpu.has_timeline";

class OutlinePass : public mlir::PassWrapper<OutlinePass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OutlinePass)
  explicit OutlinePass(bool anyShape) : anyShape_(anyShape) {}

  llvm::StringRef getArgument() const override { return "cpu-outline"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::func::FuncDialect, mlir::LLVM::LLVMDialect>();
  }

  void runOnOperation() override {
    for (auto function : llvm::to_vector(getOperation().getOps<mlir::func::FuncOp>())) {
      if (function.isExternal())
        continue;
      unsigned number = 0;
      last_ = function;
      // What writes the first values goes with its reader; of those that are left each is its own.
      const auto operations = llvm::to_vector(function.getBody().front().getOps<mlir::linalg::LinalgOp>());
      llvm::DenseSet<mlir::Operation *> others;
      for (mlir::linalg::LinalgOp op : operations) {
        others.insert(firstOf(op));
        if (mlir::linalg::LinalgOp last = lastOf(op))
          others.insert(last);
      }
      // Those that go with others have been erased with them.
      for (mlir::linalg::LinalgOp op : operations)
        if (!others.contains(op) && !mlir::isa<mlir::linalg::FillOp>(op))
          number += outline(function, op, number);
      if (function->hasAttr(kHasTimeline))
        markLayers(function);
    }
  }

private:
  /// Puts `tsr_host_layer(name)` before each loop nest or call that is another layer's than the one before. What has no name belongs to the layer before.
  void markLayers(mlir::func::FuncOp body) {
    std::string before;
    unsigned number = 0;
    for (mlir::Operation &op : body.getBody().front()) {
      if (!mlir::isa<mlir::func::CallOp, mlir::linalg::LinalgOp, mlir::LoopLikeOpInterface>(op))
        continue;
      const std::string name = layersText(op.getLoc());
      if (name.empty() || name == before)
        continue;
      mlir::OpBuilder builder(&op);
      callWithText(builder, op.getLoc(), getOperation(), "tsr_host_layer",
                   "layer_" + std::to_string(number++), name);
      before = name;
    }
  }

  bool fits(mlir::Type type) const {
    const auto buffer = mlir::dyn_cast<mlir::MemRefType>(type);
    return !buffer || ((buffer.getLayout().isIdentity() || hasRuns(buffer)) &&
                       (anyShape_ || buffer.hasStaticShape()) && !llvm::is_contained(buffer.getShape(), 0));
  }

  /// A view of known strides whose last dimension is dense, as the inside of a padded buffer.
  bool hasRuns(mlir::MemRefType buffer) const {
    llvm::SmallVector<int64_t> strides;
    int64_t offset = 0;
    return !anyShape_ && buffer.hasStaticShape() && buffer.getRank() > 0 &&
           mlir::succeeded(mlir::getStridesAndOffset(buffer, strides, offset)) &&
           !mlir::ShapedType::isDynamic(offset) && llvm::none_of(strides, mlir::ShapedType::isDynamic) &&
           strides.back() == 1;
  }

  bool outline(mlir::func::FuncOp function, mlir::linalg::LinalgOp op, unsigned number) {
    if (!op.hasPureBufferSemantics())
      return false;
    mlir::Operation *first = firstOf(op), *last = lastOf(op);
    mlir::Operation *group[] = {first, op.getOperation(), last};
    llvm::SetVector<mlir::Value> values;
    for (mlir::Operation *moved : group) {
      if (!moved)
        continue;
      values.insert(moved->operand_begin(), moved->operand_end());
      mlir::getUsedValuesDefinedAbove(moved->getRegions(), values);
    }
    llvm::SmallVector<mlir::Value> arguments;
    llvm::SmallVector<mlir::Operation *> inside;
    for (mlir::Value value : values) {
      mlir::Operation *origin = value.getDefiningOp();
      if (origin && last && mlir::isa<mlir::memref::AllocOp>(origin) &&
          llvm::all_of(origin->getUsers(),
                       [&](mlir::Operation *user) { return llvm::is_contained(group, user); }))
        inside.push_back(origin); // sums that go no further
      else if (origin && (origin->hasTrait<mlir::OpTrait::ConstantLike>() ||
                          mlir::isa<mlir::memref::GetGlobalOp>(origin)))
        inside.push_back(origin);
      else if (fits(value.getType()))
        arguments.push_back(value);
      else
        return false;
    }

    llvm::SmallVector<mlir::Operation *> moved;
    llvm::copy_if(group, std::back_inserter(moved), [](mlir::Operation *each) { return each != nullptr; });
    llvm::SmallVector<mlir::Location> locations;
    for (mlir::Operation *each : {op.getOperation(), last})
      if (each)
        locations.push_back(each->getLoc());
    last_ = makeOutlined(last_, mlir::FusedLoc::get(function.getContext(), locations),
                         function.getName() + "_kernel_" + llvm::Twine(number), inside, moved, arguments,
                         last ? last : op, !anyShape_);
    for (mlir::Operation *each : moved)
      each->erase();
    for (mlir::Operation *origin : inside)
      if (mlir::isa<mlir::memref::AllocOp>(origin))
        origin->erase();
    return true;
  }

  static mlir::Operation *firstOf(mlir::linalg::LinalgOp op) {
    return op.getNumDpsInits() == 1 ? firstWriteBefore(op, op.getDpsInits()[0]).getOperation() : nullptr;
  }

  /// What makes of the finished sums what is kept (lastReadAfter), where the sums' buffer goes into the function too.
  static mlir::linalg::LinalgOp lastOf(mlir::linalg::LinalgOp op) {
    const auto nest = nestOf(op);
    if (!nest || !nest->last)
      return nullptr;
    return op.getDpsInits()[0].getDefiningOp<mlir::memref::AllocOp>() ? nest->last : nullptr;
  }

  bool anyShape_;
  mlir::func::FuncOp last_; ///< behind which the next function goes
};

} // namespace

std::unique_ptr<mlir::Pass> createOutlinePass(bool anyShape) {
  return std::make_unique<OutlinePass>(anyShape);
}

} // namespace tessera::compiler::cpu
