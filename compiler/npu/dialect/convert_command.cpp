#include "dialect/convert.h"

namespace tessera::compiler::npu {
namespace {

std::vector<int32_t> exitArray(const Exit &e) {
  return {int32_t(e.mode), e.zeroPoint, e.clampMin, e.clampMax};
}
std::vector<int32_t> operandArray(const Operand &o) { return {o.zeroPoint, int32_t(o.multiplier), o.shift}; }

void kernelArrays(const Kernel &kernel, std::vector<int32_t> &extents, std::vector<int32_t> &strides) {
  for (const Kernel::Loop &loop : kernel.loops) {
    extents.push_back(int32_t(loop.extent));
    for (uint32_t step : {loop.dst, loop.src, loop.wgt})
      strides.push_back(int32_t(step));
  }
}

Kernel kernelOf(llvm::ArrayRef<int32_t> extents, llvm::ArrayRef<int32_t> strides, uint32_t reduceLoops) {
  Kernel kernel;
  for (size_t l = 0; l < extents.size() && 3 * l + 2 < strides.size(); ++l)
    kernel.loops.push_back({uint32_t(extents[l]), uint32_t(strides[3 * l]), uint32_t(strides[3 * l + 1]),
                            uint32_t(strides[3 * l + 2])});
  kernel.reduceLoops = reduceLoops;
  return kernel;
}

template <class Transfer> void readTransfer(Transfer op, Command &c) {
  c.memory = MemoryType(op.getMemory());
  c.sramBase = op.getSram();
  c.place = {op.getRegion(), uint32_t(op.getOffset())};
  c.rows = op.getRows(), c.columns = op.getColumns(), c.stride = op.getStride();
  c.dependencies = op.getDependencies();
}

Exit exitOf(llvm::ArrayRef<int32_t> a) { return {isa::ExitMode(a[0]), a[1], a[2], a[3]}; }
Operand operandOf(llvm::ArrayRef<int32_t> a) { return {a[0], uint32_t(a[1]), a[2]}; }

bool isCommand(mlir::Operation &op) {
  return llvm::isa<LoadOp, StoreOp, ReduceOp, VecOp, GemmOp, AluOp, SyncOp, MarkOp>(op);
}

} // namespace

mlir::Operation *buildCommand(mlir::OpBuilder &b, mlir::Location loc, const Command &c) {
  std::vector<int32_t> extents, strides;
  kernelArrays(c.kernel, extents, strides);
  switch (c.kind) {
  case Command::Kind::Load: {
    std::vector<int32_t> pads(c.pads.begin(), c.pads.end());
    return b.create<LoadOp>(loc, uint32_t(c.memory), c.sramBase, c.place.region, c.place.offset, c.rows,
                            c.columns, c.stride, pads, uint32_t(c.padValue), c.dependencies);
  }
  case Command::Kind::Store:
    return b.create<StoreOp>(loc, uint32_t(c.memory), c.sramBase, c.place.region, c.place.offset, c.rows,
                             c.columns, c.stride, c.dependencies);
  case Command::Kind::Reduce:
    return b.create<ReduceOp>(loc, c.op, c.taps, uint32_t(c.init), uint32_t(c.destination), c.dstBase,
                              c.srcBase, c.wgtBase, c.par, c.overlap, extents, strides, c.kernel.reduceLoops,
                              exitArray(c.exit), c.dependencies);
  case Command::Kind::Vec:
    return b.create<VecOp>(loc, c.op, uint32_t(c.destination), c.dstBase, c.srcBase, c.wgtBase, c.par,
                           c.overlap, extents, strides, exitArray(c.exit), operandArray(c.lhs),
                           operandArray(c.rhs), c.dependencies);
  case Command::Kind::Gemm:
    return b.create<GemmOp>(loc, c.reset, c.dstBase, c.srcBase, c.wgtBase, extents, strides,
                            c.kernel.reduceLoops, c.dependencies);
  case Command::Kind::Alu:
    return b.create<AluOp>(loc, c.op, c.useImmediate, uint32_t(c.immediate), c.dstBase, c.srcBase, extents,
                           strides, c.dependencies);
  case Command::Kind::Sync:
    return b.create<SyncOp>(loc, c.dependencies);
  case Command::Kind::Mark:
    return b.create<MarkOp>(loc, c.layer, c.dependencies);
  }
  return nullptr;
}

Command commandOf(mlir::Operation *op) {
  Command c;
  if (auto load = llvm::dyn_cast<LoadOp>(op)) {
    c.kind = Command::Kind::Load;
    readTransfer(load, c);
    for (size_t i = 0; i < c.pads.size() && i < load.getPads().size(); ++i)
      c.pads[i] = uint32_t(load.getPads()[i]);
    c.padValue = int32_t(load.getPadValue());
  } else if (auto store = llvm::dyn_cast<StoreOp>(op)) {
    c.kind = Command::Kind::Store;
    readTransfer(store, c);
  } else if (auto reduce = llvm::dyn_cast<ReduceOp>(op)) {
    c.kind = Command::Kind::Reduce;
    c.op = reduce.getOp(), c.taps = reduce.getTaps();
    c.init = isa::ReduceInit(reduce.getInit());
    c.destination = isa::Destination(reduce.getDestination());
    c.dstBase = reduce.getDst(), c.srcBase = reduce.getSrc(), c.wgtBase = reduce.getWgt(),
    c.par = reduce.getPar();
    c.overlap = reduce.getOverlap();
    c.kernel = kernelOf(reduce.getExtents(), reduce.getStrides(), reduce.getReduceLoops());
    c.exit = exitOf(reduce.getExit());
    c.dependencies = reduce.getDependencies();
  } else if (auto vec = llvm::dyn_cast<VecOp>(op)) {
    c.kind = Command::Kind::Vec;
    c.op = vec.getOp();
    c.destination = isa::Destination(vec.getDestination());
    c.dstBase = vec.getDst(), c.srcBase = vec.getLhs(), c.wgtBase = vec.getRhs(), c.par = vec.getPar();
    c.overlap = vec.getOverlap();
    c.kernel = kernelOf(vec.getExtents(), vec.getStrides(), 0);
    c.exit = exitOf(vec.getExit());
    c.lhs = operandOf(vec.getLhsScale()), c.rhs = operandOf(vec.getRhsScale());
    c.dependencies = vec.getDependencies();
  } else if (auto gemm = llvm::dyn_cast<GemmOp>(op)) {
    c.kind = Command::Kind::Gemm;
    c.reset = gemm.getReset();
    c.dstBase = gemm.getDst(), c.srcBase = gemm.getSrc(), c.wgtBase = gemm.getWgt();
    c.kernel = kernelOf(gemm.getExtents(), gemm.getStrides(), gemm.getReduceLoops());
    c.dependencies = gemm.getDependencies();
  } else if (auto alu = llvm::dyn_cast<AluOp>(op)) {
    c.kind = Command::Kind::Alu;
    c.op = alu.getOp();
    c.useImmediate = alu.getUseImmediate(), c.immediate = int32_t(alu.getImmediate());
    c.dstBase = alu.getDst(), c.srcBase = alu.getSrc();
    c.kernel = kernelOf(alu.getExtents(), alu.getStrides(), 0);
    c.dependencies = alu.getDependencies();
  } else if (auto mark = llvm::dyn_cast<MarkOp>(op)) {
    c.kind = Command::Kind::Mark;
    c.layer = mark.getLayer();
    c.dependencies = mark.getDependencies();
  } else if (auto sync = llvm::dyn_cast<SyncOp>(op)) {
    c.dependencies = sync.getDependencies();
  }
  return c;
}

std::vector<Command> readCommands(mlir::Block &block) {
  std::vector<Command> commands;
  for (mlir::Operation &op : block)
    if (isCommand(op))
      commands.push_back(commandOf(&op));
  return commands;
}

void replaceCommands(mlir::Block &block, const std::vector<Command> &commands) {
  mlir::Location location = block.getParentOp()->getLoc();
  for (mlir::Operation &op : llvm::make_early_inc_range(block))
    if (isCommand(op))
      op.erase();
  mlir::OpBuilder builder = mlir::OpBuilder::atBlockTerminator(&block);
  for (const Command &command : commands)
    buildCommand(builder, location, command);
}

} // namespace tessera::compiler::npu
