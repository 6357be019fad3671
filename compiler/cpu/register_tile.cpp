// Reductions in registers. A Linalg operation on buffers that folds by element-wise arithmetic (convolution, product of matrices, depthwise
// convolution, pooling) becomes loops over tiles: one parallel loop stands in the lanes of vectors, at most two more are unrolled, and all sums of a tile
// stay in registers while the reductions run. Constants are put in the order of the reading, at compile time. Linalg's own vectoriser takes maps that
// are projected permutations alone, which a convolution's window is not. How large a tile is, loop_nest.h chooses from the target's registers, or a tuning log (tile_choice.h). What does not fit (no
// reduction, bodies with branches or indices, strides known only when it runs, no loop whose neighbours are neighbours in memory) stays for loops.h.
#include "cpu/passes.h"
#include "cpu/tile_kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/StringSet.h"

namespace tessera::compiler::cpu {

namespace {

class RegisterTilePass : public mlir::PassWrapper<RegisterTilePass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RegisterTilePass)
  RegisterTilePass(const CpuTarget &target, const TileChoices &choices)
      : target_(target), choices_(choices) {}

  llvm::StringRef getArgument() const override { return "cpu-register-tile"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::arith::ArithDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                    mlir::vector::VectorDialect, mlir::LLVM::LLVMDialect>();
  }

  void runOnOperation() override {
    llvm::SmallVector<mlir::linalg::LinalgOp> operations;
    getOperation().walk([&](mlir::linalg::LinalgOp op) { operations.push_back(op); });
    llvm::DenseSet<mlir::Operation *> gone;
    for (mlir::linalg::LinalgOp op : operations) {
      if (gone.contains(op))
        continue;
      const auto source = nestOf(op);
      if (!source || !write(op, *source))
        continue;
      mlir::Operation *sums = source->output->get().getDefiningOp();
      for (mlir::linalg::LinalgOp done : {op, source->first, source->last})
        if (done) {
          gone.insert(done);
          done->erase();
        }
      if (sums && mlir::isa<mlir::memref::AllocOp>(sums) && sums->use_empty())
        sums->erase();
    }
    for (auto function : getOperation().getOps<mlir::func::FuncOp>())
      if (function.isPrivate() && !function.isExternal())
        moveBuffersOut(function);
    removeUnread();
  }

private:
  bool write(mlir::linalg::LinalgOp op, const NestOf &source) const {
    mlir::linalg::LinalgOp last = source.last;
    mlir::OpBuilder builder(last ? last : op);
    if (const auto dot = byteDotOf(op, source, target_))
      if (const auto tile = tunedTile(dot->source.nest, true, target_, choices_)) {
        writeByteDots(builder, op, *dot, *tile, target_);
        return true;
      }
    if (const auto products = wordProductsOf(op, source, target_))
      if (const auto tile = tunedTile(products->source.nest, false, target_, choices_)) {
        writeWordProducts(builder, op, *products, *tile, target_);
        return true;
      }
    const auto tile = tunedTile(source.nest, false, target_, choices_);
    if (tile)
      writeTiles(builder, op, source, *tile, target_);
    return tile.has_value();
  }

  /// Sums that an outlined function keeps to itself, and that are written after all, become its callers'.
  void moveBuffersOut(mlir::func::FuncOp function) {
    for (auto buffer : llvm::to_vector(function.getOps<mlir::memref::AllocOp>())) {
      const mlir::MemRefType type = buffer.getType();
      if (!type.hasStaticShape())
        continue;
      const unsigned place = function.getNumArguments();
      function.insertArgument(place, type, {}, buffer.getLoc());
      buffer.replaceAllUsesWith(mlir::Value(function.getArgument(place)));
      buffer.erase();
      getOperation().walk([&](mlir::func::CallOp call) {
        if (call.getCallee() != function.getName())
          return;
        mlir::OpBuilder builder(call);
        call->insertOperands(place, builder.create<mlir::memref::AllocOp>(call.getLoc(), type).getResult());
      });
    }
  }

  /// Constants whose packed twin has taken their place.
  void removeUnread() {
    llvm::StringSet<> read;
    getOperation().walk([&](mlir::memref::GetGlobalOp get) {
      if (get->use_empty())
        get->erase();
      else
        read.insert(get.getName());
    });
    for (auto global : llvm::make_early_inc_range(getOperation().getOps<mlir::memref::GlobalOp>()))
      if (!read.contains(global.getSymName()))
        global->erase();
  }

  CpuTarget target_;
  const TileChoices &choices_;
};

} // namespace

std::unique_ptr<mlir::Pass> createRegisterTilePass(const CpuTarget &target, const TileChoices &choices) {
  return std::make_unique<RegisterTilePass>(target, choices);
}

} // namespace tessera::compiler::cpu
