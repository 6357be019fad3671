// Loops over blocks of rows (fuse_rows.cpp), each chain's a function. `cpu-outline-rows` moves the loops on buffers, one behind the other where a rest has its own, into a private function `BODY_rows_N`, as
// cpu-outline does single loop nests; those of dynamic strides stay. `finishRows`, behind tiling and lowering to loops, puts the buffers of a block on the stack of whichever thread does the block, and leaves
// the loops over blocks as the only ones that are shared out: what is within one is done by one thread.
#include "cpu/row_functions.h"

#include "cpu/nest_of.h"
#include "cpu/outlined.h"
#include "cpu/parts.h"
#include "cpu/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::func::FuncOp;
using mlir::scf::ForOp;

constexpr int64_t kAlignment = 64;

bool isRowLoop(mlir::Operation *op) { return op && mlir::isa<ForOp>(op) && op->hasAttr(kRowLoop); }

/// A buffer that a function can take as a plain pointer, or no buffer.
bool fits(mlir::Type type) {
  const auto buffer = mlir::dyn_cast<mlir::MemRefType>(type);
  if (!buffer)
    return true;
  llvm::SmallVector<int64_t> strides;
  int64_t offset = 0;
  return buffer.hasStaticShape() && mlir::succeeded(mlir::getStridesAndOffset(buffer, strides, offset)) &&
         !mlir::ShapedType::isDynamic(offset) && llvm::none_of(strides, mlir::ShapedType::isDynamic);
}

class OutlineRowsPass : public mlir::PassWrapper<OutlineRowsPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OutlineRowsPass)
  OutlineRowsPass(const CpuTarget &target, bool anyShape) : target_(target), anyShape_(anyShape) {}

  llvm::StringRef getArgument() const override { return "cpu-outline-rows"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::func::FuncDialect, mlir::LLVM::LLVMDialect>();
  }

  void runOnOperation() override {
    for (auto function : llvm::to_vector(getOperation().getOps<FuncOp>())) {
      if (function.isExternal())
        continue;
      unsigned number = 0;
      llvm::SmallVector<ForOp> loops;
      for (auto loop : llvm::to_vector(function.getBody().front().getOps<ForOp>())) {
        if (!isRowLoop(loop))
          continue;
        if (!loops.empty() && loops.back()->getAttr(kRowLoop) != loop->getAttr(kRowLoop)) {
          number += outline(function, loops, number);
          loops.clear();
        }
        loops.push_back(loop);
      }
      if (!loops.empty())
        outline(function, loops, number);
    }
  }

private:
  bool outline(FuncOp function, llvm::ArrayRef<ForOp> loops, unsigned number) const {
    llvm::SetVector<mlir::Value> values;
    for (ForOp loop : loops) {
      if (loop.getNumResults() != 0)
        return false;
      values.insert(loop->operand_begin(), loop->operand_end());
      mlir::getUsedValuesDefinedAbove(loop->getRegions(), values);
    }
    llvm::SmallVector<mlir::Value> arguments;
    llvm::SmallVector<mlir::Operation *> inside;
    for (mlir::Value value : values) {
      mlir::Operation *origin = value.getDefiningOp();
      if (origin &&
          (origin->hasTrait<mlir::OpTrait::ConstantLike>() || mlir::isa<mlir::memref::GetGlobalOp>(origin)))
        inside.push_back(origin);
      else if (fits(value.getType()))
        arguments.push_back(value);
      else
        return false;
    }
    const llvm::SmallVector<mlir::Operation *> moved(loops.begin(), loops.end());
    FuncOp rows =
        makeOutlined(function, moved.front()->getLoc(), function.getName() + "_rows_" + llvm::Twine(number),
                     inside, moved, arguments, moved.back(), !anyShape_);
    mlir::Builder builder(function->getContext());
    rows->setAttr(kRowLoop, builder.getUnitAttr());
    // Functions such as exp in LLVM's own vectors are most of the time: as wide as they may be.
    rows->setAttr("passthrough", builder.getArrayAttr(widestVectors(builder, target_)));
    for (ForOp loop : loops)
      loop->erase();
    return true;
  }

  CpuTarget target_;
  bool anyShape_;
};

} // namespace

void finishRows(mlir::ModuleOp module) {
  for (auto function : module.getOps<FuncOp>()) {
    if (!function->removeAttr(kRowLoop))
      continue;
    mlir::OpBuilder builder = mlir::OpBuilder::atBlockBegin(&function.getBody().front());
    llvm::SmallVector<mlir::memref::AllocOp> buffers;
    function.walk([&](mlir::memref::AllocOp buffer) { buffers.push_back(buffer); });
    for (mlir::memref::AllocOp buffer : buffers) {
      // Each its own: LLVM then knows that they lie apart.
      buffer.getResult().replaceAllUsesWith(builder.create<mlir::memref::AllocaOp>(
          buffer.getLoc(), buffer.getType(), builder.getI64IntegerAttr(kAlignment)));
      buffer.erase();
    }
    function.walk([](ForOp loop) { loop->removeAttr(kParallelLoop); });
    for (auto loop : function.getBody().front().getOps<ForOp>())
      if (isRowLoop(loop))
        loop->setAttr(kParallelLoop, builder.getUnitAttr());
    function->setAttr(kSplittable, builder.getUnitAttr());
  }
}

std::unique_ptr<mlir::Pass> createOutlineRowsPass(const CpuTarget &target, bool anyShape) {
  return std::make_unique<OutlineRowsPass>(target, anyShape);
}

} // namespace tessera::compiler::cpu
