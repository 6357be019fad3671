#include "dialect/convert.h"

#include "core/shift_exit.h"

#include "mlir/IR/Matchers.h"

namespace tessera::compiler::npu {
namespace {

Exit exitOf(llvm::ArrayRef<int32_t> a) { return {isa::ExitMode(a[0]), a[1], a[2], a[3]}; }

void readWindow(llvm::ArrayRef<int64_t> kernel, llvm::ArrayRef<int64_t> stride, llvm::ArrayRef<int64_t> pad,
                Window &w) {
  w.kernelHeight = uint32_t(kernel[0]), w.kernelWidth = uint32_t(kernel[1]);
  w.strideHeight = uint32_t(stride[0]), w.strideWidth = uint32_t(stride[1]);
  w.padTop = uint32_t(pad[0]), w.padBottom = uint32_t(pad[1]), w.padLeft = uint32_t(pad[2]),
  w.padRight = uint32_t(pad[3]);
}

} // namespace

void readMagnitudes(Layer &layer, mlir::Value weights, mlir::Value bias) {
  mlir::DenseIntElementsAttr values;
  if (mlir::matchPattern(weights, mlir::m_Constant(&values)) && values.isSplat())
    layer.mostWeight = std::abs(values.getSplatValue<llvm::APInt>().getSExtValue());
  if (mlir::matchPattern(bias, mlir::m_Constant(&values)))
    for (int32_t value : values.getValues<int32_t>())
      layer.mostBias = std::max<int64_t>(layer.mostBias, std::abs(int64_t(value)));
}

namespace {

std::string nameOf(mlir::Operation *op) {
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(op->getLoc()))
    return name.getName().str();
  return op->getName().getStringRef().str();
}

} // namespace

std::optional<Shape> shapeOf(mlir::Type type) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getRank() < 1 || tensor.getRank() > 4)
    return std::nullopt;
  auto dims = tensor.getShape();
  for (int64_t dim : dims)
    if (dim <= 0 || dim > (1 << 20))
      return std::nullopt;
  Shape shape;
  shape.channels = uint32_t(dims.back());
  if (dims.size() == 4) {
    if (dims[0] != 1)
      return std::nullopt;
    shape.height = uint32_t(dims[1]), shape.width = uint32_t(dims[2]);
    return shape;
  }
  int64_t rows = 1;
  for (int64_t dim : dims.drop_back())
    rows *= dim;
  shape.height = uint32_t(rows);
  return shape;
}

bool isLayer(mlir::Operation *op) { return llvm::isa<ConvOp, PoolOp, EltwiseOp>(op); }

// Whether the next layer reads what this one gives, and nobody else does.
static bool handsOn(mlir::Operation *op) {
  if (!op->getResult(0).hasOneUse())
    return false;
  mlir::Operation *next = op->getNextNode();
  while (next && !isLayer(next))
    next = next->getNextNode();
  return *op->getResult(0).user_begin() == next;
}

Layer layerOf(mlir::Operation *op) {
  Layer layer;
  layer.name = nameOf(op);
  layer.handsOn = handsOn(op);
  layer.output = *shapeOf(op->getResult(0).getType());
  if (auto conv = llvm::dyn_cast<ConvOp>(op)) {
    auto shape = conv.getInputShape();
    layer.kind = conv.getDepthwise() ? LayerKind::Depthwise : LayerKind::Conv;
    layer.input = {uint32_t(shape[0]), uint32_t(shape[1]), uint32_t(shape[2])};
    readWindow(conv.getKernel(), conv.getStride(), conv.getPad(), layer.window);
    layer.window.dilationHeight = uint32_t(conv.getDilation()[0]),
    layer.window.dilationWidth = uint32_t(conv.getDilation()[1]);
    layer.padValue = int32_t(conv.getInputZp());
    layer.exit = exitOf(conv.getExit());
    layer.weightParts = uint32_t(conv.getWeightParts().value_or(1));
    if (auto blocks = conv.getBlockParts())
      layer.blockParts.assign(blocks->begin(), blocks->end());
    readMagnitudes(layer, conv.getWeights(), conv.getBias());
    resolveShift(layer, conv.getMultiplier(), conv.getShift());
  } else if (auto pool = llvm::dyn_cast<PoolOp>(op)) {
    bool max = pool.getKind() == "max";
    layer.kind = max ? LayerKind::MaxPool : LayerKind::AveragePool;
    layer.input = *shapeOf(pool.getInput().getType());
    readWindow(pool.getKernel(), pool.getStride(), pool.getPad(), layer.window);
    layer.padValue = max ? INT8_MIN : 0;
    layer.exit = exitOf(pool.getExit());
    resolveShift(layer, {}, {});
  } else if (auto add = llvm::dyn_cast<EltwiseOp>(op)) {
    layer.kind = LayerKind::Add;
    layer.input = *shapeOf(add.getLhs().getType());
    auto lhs = add.getLhsScale(), rhs = add.getRhsScale();
    layer.lhs = {lhs[0], uint32_t(lhs[1]), lhs[2]};
    layer.rhs = {rhs[0], uint32_t(rhs[1]), rhs[2]};
    layer.exit = exitOf(add.getExit());
    auto scale = add.getScale();
    resolveShift(layer, scale.take_front(1), scale.drop_front(1));
  }
  if (auto places = op->getAttrOfType<mlir::DenseI64ArrayAttr>("places")) {
    auto p = places.asArrayRef();
    layer.inputPlace = {kArena, uint32_t(p[0])};
    layer.rhsPlace = {kArena, uint32_t(p[1])};
    layer.outputPlace = {kArena, uint32_t(p[2])};
    layer.weightPlace = {kConstants, uint32_t(p[3])};
    layer.parameterPlace = {kConstants, uint32_t(p[4])};
  }
  return layer;
}

void setPlaces(mlir::Operation *op, const Layer &l) {
  op->setAttr("places", mlir::DenseI64ArrayAttr::get(
                            op->getContext(), {l.inputPlace.offset, l.rhsPlace.offset, l.outputPlace.offset,
                                               l.weightPlace.offset, l.parameterPlace.offset}));
}

std::optional<LayerPlan> planOf(mlir::Operation *op) {
  auto attribute = op->getAttrOfType<mlir::DenseI64ArrayAttr>("tiling");
  if (!attribute || attribute.size() != 5)
    return std::nullopt;
  auto t = attribute.asArrayRef();
  LayerPlan plan{
      {uint32_t(t[0]), uint32_t(t[1]), uint32_t(t[2]), uint32_t(t[3]), t[4] != 0, 0}, {}, false, false};
  if (auto share = op->getAttrOfType<mlir::DenseI64ArrayAttr>("share"); share && share.size() == 8) {
    auto s = share.asArrayRef();
    auto range = [&](size_t i) { return Share::Range{uint32_t(s[i]), uint32_t(s[i + 1])}; };
    plan.share = Share{range(0), range(2), range(4), range(6)};
  }
  plan.joins = op->hasAttr("joins");
  plan.chained = op->hasAttr("chained");
  return plan;
}

void setPlan(mlir::Operation *op, const LayerPlan &plan) {
  mlir::Builder builder(op->getContext());
  const Tiling &t = plan.tiling;
  op->setAttr("tiling",
              builder.getDenseI64ArrayAttr({t.rows, t.columns, t.blocks, t.kBlocks, t.weightsOuter}));
  if (plan.share) {
    const Share &s = *plan.share;
    op->setAttr("share", builder.getDenseI64ArrayAttr({s.inp.base, s.inp.size, s.wgt.base, s.wgt.size,
                                                       s.acc.base, s.acc.size, s.par.base, s.par.size}));
  }
  if (plan.joins)
    op->setAttr("joins", builder.getUnitAttr());
  if (plan.chained)
    op->setAttr("chained", builder.getUnitAttr());
}

} // namespace tessera::compiler::npu
