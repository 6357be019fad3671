// Loop nests in parts, for threads. A function of one loop nest that is marked `cpu.split` (lower_cpu.cpp) and is work enough gets two more arguments, `part` and
// `parts`, and does that part of it: of one parallel loop a run of steps, and the last part what stands beside the loops (rests of tiles). Only parallel
// loops are cut, never reductions, and tiles stay as they are: every element is computed as before, so the bytes do not depend on the parts. Of loops within one another that one
// is cut whose parts are even and fetch least from the caches of other cores: rows of pictures before channels, which the next nest reads together. What the function costs stands in `cpu.work` (vector operations); calls say part 0 of 1 until parts.h makes them calls
// through the runtime. What stays: functions of little work, and those that call something, which a thread of its own may not (a check that ends the run).
#include "cpu/parts.h"
#include "cpu/passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tessera::compiler::cpu {

namespace {

std::optional<int64_t> stepsOf(mlir::scf::ForOp loop) {
  const auto low = mlir::getConstantIntValue(loop.getLowerBound()),
             high = mlir::getConstantIntValue(loop.getUpperBound()),
             step = mlir::getConstantIntValue(loop.getStep());
  if (!low || !high || !step || *step <= 0)
    return std::nullopt;
  return (*high - *low + *step - 1) / *step;
}

bool isParallel(mlir::Operation &op) { return mlir::isa<mlir::scf::ForOp>(op) && op.hasAttr(kParallelLoop); }

class SplitPass : public mlir::PassWrapper<SplitPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SplitPass)
  explicit SplitPass(const CpuTarget &target) : target_(target) {}

  llvm::StringRef getArgument() const override { return "cpu-split"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    registry.insert<mlir::arith::ArithDialect, mlir::scf::SCFDialect>();
  }

  void runOnOperation() override {
    const auto functions = inOrderOfCalls();
    llvm::SmallVector<int64_t> works; // 0: stays whole
    for (mlir::func::FuncOp function : functions) {
      const bool isNest = function->removeAttr(kSplittable) && !function.isExternal();
      if (isNest)
        prepare(function);
      works.push_back(isNest && !callsSomething(function) && canSplit(function.getBody().front())
                          ? static_cast<int64_t>(work_)
                          : 0);
    }
    for (auto [function, isShared, work] : llvm::zip(functions, areShared(works), works))
      if (isShared)
        giveParts(function, work);
    callWhole();
  }

private:
  /// The module's functions; those that nobody calls come last.
  llvm::SmallVector<mlir::func::FuncOp> inOrderOfCalls() {
    llvm::SetVector<mlir::Operation *> order;
    getOperation().walk([&](mlir::func::CallOp call) {
      if (mlir::Operation *function = getOperation().lookupSymbol(call.getCallee()))
        order.insert(function);
    });
    for (mlir::Operation &op : getOperation().getOps())
      order.insert(&op);
    llvm::SmallVector<mlir::func::FuncOp> functions;
    for (mlir::Operation *op : order)
      if (auto function = mlir::dyn_cast<mlir::func::FuncOp>(op))
        functions.push_back(function);
    return functions;
  }

  void prepare(mlir::func::FuncOp function) {
    bytes_ = bytesOf(function);
    work_ = std::max(workOf(function.getBody().front()),
                     static_cast<double>(bytes_ / target_.vectorBytes * target_.distantVectorCost));
  }

  /// Which functions threads share: those of much work, and those of less beside them, whose arrays lie with several threads already.
  llvm::SmallVector<bool> areShared(llvm::ArrayRef<int64_t> works) const {
    llvm::SmallVector<bool> result;
    for (const int64_t work : works)
      result.push_back(work >= target_.sharedWork);
    const auto follow = [&](size_t from, size_t to) {
      result[to] = result[to] || (result[from] && works[to] >= target_.sharedWorkBeside);
    };
    for (size_t i = 1; i < works.size(); ++i)
      follow(i - 1, i);
    for (size_t i = works.size(); i-- > 1;)
      follow(i, i - 1);
    return result;
  }

  void giveParts(mlir::func::FuncOp function, int64_t work) {
    prepare(function);
    mlir::Block &block = function.getBody().front();
    const auto index = mlir::IndexType::get(&getContext());
    for (int i = 0; i < 2; ++i)
      function.insertArgument(function.getNumArguments(), index, {}, function.getLoc());
    split(block, block.getArgument(block.getNumArguments() - 2),
          block.getArgument(block.getNumArguments() - 1));
    function->setAttr(kWork, mlir::IntegerAttr::get(mlir::IntegerType::get(&getContext(), 64), work));
  }

  // ---- what it costs -----------------------------------------------------------------------------------------------------

  /// Vector operations; of what LLVM makes vectors of, a part of one.
  double workOf(mlir::Block &block) const {
    double work = 0;
    for (mlir::Operation &op : block) {
      double steps = 1;
      if (auto loop = mlir::dyn_cast<mlir::scf::ForOp>(op))
        steps = static_cast<double>(stepsOf(loop).value_or(1));
      for (mlir::Region &region : op.getRegions())
        for (mlir::Block &inner : region)
          work += steps * workOf(inner);
      if (op.getNumRegions() == 0)
        work += workOf(op);
    }
    return work;
  }

  /// Of the function's arrays. Moving them takes some vector operations at least: nests of little arithmetic on much memory are shared out for that.
  static int64_t bytesOf(mlir::func::FuncOp function) {
    int64_t bytes = 0;
    for (const mlir::Type argument : function.getArgumentTypes())
      if (const auto buffer = mlir::dyn_cast<mlir::MemRefType>(argument);
          buffer && buffer.hasStaticShape() && buffer.getElementType().isIntOrFloat())
        bytes += buffer.getNumElements() * std::max(1u, buffer.getElementTypeBitWidth() / 8);
    return bytes;
  }

  double workOf(mlir::Operation &op) const {
    const bool isStore = op.getNumResults() == 0;
    if (isStore ? op.getNumOperands() == 0 || op.hasTrait<mlir::OpTrait::IsTerminator>()
                : op.hasTrait<mlir::OpTrait::ConstantLike>())
      return 0;
    const mlir::Type type = isStore ? op.getOperand(0).getType() : op.getResult(0).getType();
    if (mlir::isa<mlir::VectorType>(type))
      return 1;
    if (!type.isIntOrFloat())
      return 0; // indices and buffers
    return std::max(1.0, type.getIntOrFloatBitWidth() / 8.0) / static_cast<double>(target_.vectorBytes);
  }

  // ---- whether it can be cut ---------------------------------------------------------------------------------------------

  static bool callsSomething(mlir::func::FuncOp function) {
    return function
        .walk([](mlir::Operation *op) {
          const bool isCall =
              mlir::isa<mlir::CallOpInterface, mlir::cf::AssertOp, mlir::memref::AllocOp>(op) &&
              !mlir::isa<mlir::LLVM::CallIntrinsicOp>(op);
          return isCall ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// The first parallel loop within, if there is one.
  static mlir::scf::ForOp nextWithin(mlir::scf::ForOp loop) {
    for (mlir::Operation &op : *loop.getBody())
      if (isParallel(op))
        return mlir::cast<mlir::scf::ForOp>(op);
    return nullptr;
  }

  /// Operations of the slowest part of a function of `work`, and of fetching what other threads have, where this loop is cut.
  double costOf(mlir::scf::ForOp loop, bool isOutermost, double work, int64_t bytes) const {
    double cost = 0;
    const auto steps = stepsOf(loop);
    for (const int64_t threads : target_.threadNumbers)
      cost += steps && *steps > 0
                  ? work * static_cast<double>((*steps + threads - 1) / threads) / static_cast<double>(*steps)
                  : work / static_cast<double>(threads);
    const auto known = loop->getAttrOfType<mlir::IntegerAttr>(kExchange);
    const int64_t exchanged = known ? known.getInt() : isOutermost ? 0 : bytes / 2;
    return cost + static_cast<double>(target_.threadNumbers.size()) *
                      static_cast<double>(exchanged / target_.vectorBytes * target_.distantVectorCost);
  }

  bool isCut(mlir::scf::ForOp loop) const {
    const double own = costOf(loop, !mlir::isa<mlir::scf::ForOp>(loop->getParentOp()), work_, bytes_);
    for (mlir::scf::ForOp inner = nextWithin(loop); inner; inner = nextWithin(inner))
      if (costOf(inner, false, work_, bytes_) < own)
        return !canSplit(*loop.getBody());
    return true;
  }

  static bool staysOutside(mlir::Operation &op) {
    return mlir::isa<mlir::memref::AllocaOp>(op) || // each part has its own
           (op.getNumRegions() == 0 && mlir::isMemoryEffectFree(&op));
  }

  /// What stands beside the loops of `block` and is done once: what touches memory, and what needs that.
  static llvm::SetVector<mlir::Operation *> besideOf(mlir::Block &block) {
    llvm::SetVector<mlir::Operation *> beside;
    for (mlir::Operation &op : block.without_terminator()) {
      const bool needsOthers = llvm::any_of(op.getOperands(), [&](mlir::Value operand) {
        return operand.getDefiningOp() && beside.contains(operand.getDefiningOp());
      });
      if (!isParallel(op) && (needsOthers || !staysOutside(op)))
        beside.insert(&op);
    }
    return beside;
  }

  /// What stands beside the loops of `block` goes to one part: no loop may use it. In memory it may touch what no loop does: rests of tiles have elements of their own.
  bool canSplit(mlir::Block &block) const {
    bool hasLoop = false;
    for (mlir::Operation &op : block.without_terminator()) {
      if (!isParallel(op))
        continue;
      hasLoop = true;
      auto loop = mlir::cast<mlir::scf::ForOp>(op);
      if (loop.getNumResults() != 0)
        return false;
    }
    for (mlir::Operation *op : besideOf(block))
      for (mlir::Operation *user : op->getUsers())
        if (mlir::Operation *here = block.findAncestorOpInBlock(*user); !here || isParallel(*here))
          return false;
    return hasLoop;
  }

  // ---- cutting -----------------------------------------------------------------------------------------------------------

  void split(mlir::Block &block, mlir::Value part, mlir::Value parts) {
    const llvm::SetVector<mlir::Operation *> beside = besideOf(block);
    for (mlir::Operation &op : llvm::make_early_inc_range(block.without_terminator()))
      if (auto loop = mlir::dyn_cast<mlir::scf::ForOp>(op); loop && isParallel(op)) {
        if (isCut(loop))
          cut(loop, part, parts);
        else
          split(*loop.getBody(), part, parts);
      }
    if (beside.empty())
      return;
    mlir::OpBuilder builder(block.getTerminator());
    const mlir::Location location = beside.front()->getLoc();
    const mlir::Value one = builder.create<mlir::arith::ConstantIndexOp>(location, 1);
    const mlir::Value next = builder.create<mlir::arith::AddIOp>(location, part, one);
    const mlir::Value isLast =
        builder.create<mlir::arith::CmpIOp>(location, mlir::arith::CmpIPredicate::eq, next, parts);
    auto branch = builder.create<mlir::scf::IfOp>(location, isLast);
    for (mlir::Operation *op : beside)
      op->moveBefore(branch.thenBlock()->getTerminator());
  }

  /// Steps [steps * part / parts, steps * (part + 1) / parts) of the loop.
  static void cut(mlir::scf::ForOp loop, mlir::Value part, mlir::Value parts) {
    mlir::OpBuilder builder(loop);
    const mlir::Location location = loop.getLoc();
    const mlir::Value low = loop.getLowerBound(), high = loop.getUpperBound(), step = loop.getStep();
    const mlir::Value length = builder.createOrFold<mlir::arith::SubIOp>(location, high, low);
    const mlir::Value steps = builder.createOrFold<mlir::arith::CeilDivSIOp>(location, length, step);
    const auto border = [&](mlir::Value of) -> mlir::Value {
      const mlir::Value product = builder.create<mlir::arith::MulIOp>(location, steps, of);
      const mlir::Value first = builder.create<mlir::arith::DivUIOp>(location, product, parts);
      const mlir::Value distance = builder.create<mlir::arith::MulIOp>(location, first, step);
      return builder.create<mlir::arith::AddIOp>(location, low, distance);
    };
    const mlir::Value one = builder.create<mlir::arith::ConstantIndexOp>(location, 1);
    const mlir::Value begin = border(part),
                      end = border(builder.create<mlir::arith::AddIOp>(location, part, one));
    loop.setLowerBound(begin);
    loop.setUpperBound(builder.create<mlir::arith::MinSIOp>(location, end, high));
  }

  /// Calls of what was cut do all of it.
  void callWhole() {
    getOperation().walk([&](mlir::func::CallOp call) {
      auto function = getOperation().lookupSymbol<mlir::func::FuncOp>(call.getCallee());
      if (!function || !function->hasAttr(kWork))
        return;
      mlir::OpBuilder builder(call);
      for (const int64_t number : {0, 1})
        call->insertOperands(call->getNumOperands(),
                             builder.create<mlir::arith::ConstantIndexOp>(call.getLoc(), number).getResult());
    });
  }

  CpuTarget target_;
  double work_ = 0;   ///< of the function at hand, in vector operations
  int64_t bytes_ = 0; ///< of its arrays
};

} // namespace

std::unique_ptr<mlir::Pass> createSplitPass(const CpuTarget &target) {
  return std::make_unique<SplitPass>(target);
}

} // namespace tessera::compiler::cpu
