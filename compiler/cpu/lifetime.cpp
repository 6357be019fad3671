#include "cpu/lifetime.h"

#include "mlir/Interfaces/LoopLikeInterface.h"

namespace tessera::compiler::cpu {

namespace {

int64_t number(mlir::Operation *op, int64_t next,
               llvm::DenseMap<mlir::Operation *, std::pair<int64_t, int64_t>> &spans) {
  const int64_t first = next++;
  for (mlir::Region &region : op->getRegions())
    for (mlir::Block &block : region)
      for (mlir::Operation &inner : block)
        next = number(&inner, next, spans);
  spans[op] = {first, next - 1};
  return next;
}

bool isBuffer(mlir::Value value) { return mlir::isa<mlir::BaseMemRefType>(value.getType()); }

} // namespace

Positions::Positions(mlir::func::FuncOp function) { number(function, 0, spans_); }

Lifetime lifetimeOf(mlir::memref::AllocOp alloc, const Positions &positions) {
  Lifetime life;
  mlir::Block *home = alloc->getBlock();
  life.first = life.last = positions.first(alloc);
  llvm::SmallVector<mlir::Value> work{alloc.getResult()};
  llvm::DenseSet<mlir::Value> known{alloc.getResult()};
  const auto add = [&](mlir::Value value) {
    if (isBuffer(value) && known.insert(value).second)
      work.push_back(value);
  };
  const auto addArguments = [&](mlir::Operation *op) {
    for (mlir::Region &region : op->getRegions())
      for (mlir::Block &block : region)
        for (mlir::Value argument : block.getArguments())
          add(argument);
  };
  while (!work.empty()) {
    mlir::Value value = work.pop_back_val();
    // Another name may belong to an outer block (a branch's result) or an inner one (a loop's argument).
    mlir::Block *block = value.getParentBlock();
    for (mlir::Operation *user : value.getUsers()) {
      mlir::Operation *here = block->findAncestorOpInBlock(*user);
      life.last = std::max(life.last, positions.last(here));
      if (mlir::Operation *mine = home->findAncestorOpInBlock(*user)) {
        if (!life.lastUser || life.lastUser->isBeforeInBlock(mine))
          life.lastUser = mine;
      } else {
        life.leavesBlock = true;
      }
      for (mlir::Value result : user->getResults())
        add(result);
      addArguments(user);
      mlir::Operation *parent = user->getParentOp();
      if (!user->hasTrait<mlir::OpTrait::IsTerminator>() || mlir::isa<mlir::func::FuncOp>(parent))
        continue;
      for (mlir::Value result : parent->getResults())
        add(result);
      addArguments(parent);
      life.leavesBlock = life.leavesBlock || parent->isAncestor(alloc);
      life.isCarried =
          life.isCarried || (parent->isProperAncestor(alloc) && mlir::isa<mlir::LoopLikeOpInterface>(parent));
    }
  }
  return life;
}

} // namespace tessera::compiler::cpu
