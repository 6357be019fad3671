// Fusion. Each sequence that placement gave to the NPU becomes one operation of the npu dialect: npu.conv (convolution, depthwise,
// dense, mean), npu.pool, npu.eltwise; a reshape that moves no byte becomes npu.view. Padding in front, requantisation and clamp behind
// become attributes. Operations placed on the CPU stay as they are; a sequence that is marked for the NPU and does not match any
// more is an error.
#include "dialect/convert.h"
#include "passes/match.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

namespace tessera::compiler::npu {
namespace {

std::vector<int32_t> exitArray(const Exit &e) {
  return {int32_t(e.mode), e.zeroPoint, e.clampMin, e.clampMax};
}

std::vector<int64_t> layersOf(const LayerMatch &match) {
  std::vector<int64_t> layers{layerIndex(match.anchor)};
  for (mlir::Operation *op : match.operations)
    if (int64_t index = layerIndex(op); std::find(layers.begin(), layers.end(), index) == layers.end())
      layers.push_back(index);
  return layers;
}

template <class T>
mlir::Value constant(mlir::OpBuilder &builder, const LayerMatch &match, llvm::ArrayRef<int64_t> shape,
                     const std::vector<T> &values) {
  auto type = mlir::RankedTensorType::get(shape, builder.getIntegerType(8 * sizeof(T)));
  return builder.create<mlir::tosa::ConstOp>(match.anchor->getLoc(), type,
                                             mlir::DenseElementsAttr::get(type, llvm::ArrayRef<T>(values)));
}

// The weights as npu.conv has them: depthwise ones [KH][KW][1][M] of a convolution as [M][KH][KW][1]; less their zero point, and then
// as the bytes whose sum they are where they need more than one.
mlir::Value weightsOf(mlir::OpBuilder &builder, const LayerMatch &match) {
  if (!match.transposeWeights && match.weightZeroPoint == 0)
    return match.weights;
  mlir::DenseIntElementsAttr values;
  mlir::matchPattern(match.weights, mlir::m_Constant(&values));
  std::vector<int64_t> shape = llvm::cast<mlir::ShapedType>(match.weights.getType()).getShape().vec();
  std::vector<int8_t> weights(values.getValues<int8_t>().begin(), values.getValues<int8_t>().end());
  if (match.transposeWeights) {
    size_t outputs = size_t(shape[3]), taps = size_t(shape[0] * shape[1]);
    std::vector<int8_t> from = weights;
    for (size_t tap = 0; tap < taps; ++tap)
      for (size_t o = 0; o < outputs; ++o)
        weights[o * taps + tap] = from[tap * outputs + o];
    shape = {shape[3], shape[0], shape[1], 1};
  }
  size_t count = weights.size();
  weights.resize(count * match.layer.weightParts);
  for (size_t i = 0; i < count; ++i) {
    int32_t rest = weights[i] - match.weightZeroPoint;
    for (size_t part = 0; part < match.layer.weightParts; ++part) {
      int32_t byte = std::clamp(rest, INT8_MIN, INT8_MAX);
      weights[part * count + i] = int8_t(byte);
      rest -= byte;
    }
  }
  if (match.layer.weightParts > 1)
    shape.insert(shape.begin(), match.layer.weightParts);
  return constant(builder, match, shape, weights);
}

mlir::Operation *buildLayer(mlir::OpBuilder &builder, const LayerMatch &match) {
  const Layer &l = match.layer;
  const Window &w = l.window;
  mlir::Location loc = match.anchor->getLoc();
  mlir::Type type = match.operations.back()->getResult(0).getType();
  std::vector<int64_t> kernel{w.kernelHeight, w.kernelWidth}, stride{w.strideHeight, w.strideWidth},
      dilation{w.dilationHeight, w.dilationWidth}, pad{w.padTop, w.padBottom, w.padLeft, w.padRight};
  std::vector<int64_t> layers = layersOf(match);
  const mlir::DenseI64ArrayAttr unset;
  switch (l.kind) {
  case LayerKind::Conv:
  case LayerKind::Depthwise: {
    int64_t channels = l.output.channels;
    mlir::Value weights, bias = match.bias;
    if (match.ones) {
      weights = constant(builder, match, {w.kernelHeight, w.kernelWidth, channels},
                         std::vector<int8_t>(size_t(w.kernelHeight) * w.kernelWidth * size_t(channels), 1));
      bias = constant(builder, match, {channels}, std::vector<int32_t>(size_t(channels), *match.ones));
    } else {
      weights = weightsOf(builder, match);
    }
    std::vector<int64_t> shape{l.input.height, l.input.width, l.input.channels};
    mlir::IntegerAttr parts =
        l.weightParts > 1 ? builder.getI64IntegerAttr(l.weightParts) : mlir::IntegerAttr();
    return builder.create<ConvOp>(loc, type, match.input, weights, bias, l.kind == LayerKind::Depthwise,
                                  kernel, stride, dilation, pad, shape, uint32_t(l.padValue),
                                  match.multiplier, match.shift, exitArray(l.exit), layers, unset, unset,
                                  unset, false, false, parts, unset);
  }
  case LayerKind::AveragePool:
  case LayerKind::MaxPool:
    return builder.create<PoolOp>(loc, type, match.input, l.kind == LayerKind::MaxPool ? "max" : "average",
                                  kernel, stride, pad, exitArray(l.exit), layers, unset, unset, unset, false,
                                  false);
  case LayerKind::Add: {
    auto scale = [](const Operand &o) {
      return std::vector<int32_t>{o.zeroPoint, int32_t(o.multiplier), o.shift};
    };
    std::vector<int32_t> out{match.multiplier[0], match.shift[0]};
    return builder.create<EltwiseOp>(loc, type, match.input, match.rhs, "add", scale(l.lhs), scale(l.rhs),
                                     out, exitArray(l.exit), layers, unset, unset, unset, false, false);
  }
  }
  return nullptr;
}

bool placedOnNpu(mlir::Operation *op) {
  auto where = op->getAttrOfType<mlir::StringAttr>("npu.where");
  return where && where.getValue() == "npu";
}

class FusePass : public mlir::PassWrapper<FusePass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FusePass)
  llvm::StringRef getArgument() const final { return "npu-fuse"; }
  llvm::StringRef getDescription() const final {
    return "make layers of the npu dialect from TOSA sequences placed on the NPU";
  }
  void getDependentDialects(mlir::DialectRegistry &registry) const final {
    registry.insert<NpuDialect, mlir::tosa::TosaDialect>();
  }

  void runOnOperation() final {
    auto main = getOperation().lookupSymbol<mlir::func::FuncOp>("main");
    std::vector<mlir::Operation *> anchors, views;
    for (mlir::Operation &op : main.getBody().front()) {
      if (placedOnNpu(&op) && isAnchor(&op))
        anchors.push_back(&op);
    }
    for (mlir::Operation *anchor : anchors) {
      LayerMatch match = matchLayer(anchor);
      if (!match) {
        anchor->emitError("is placed on the npu but is no layer of it: ") << match.why;
        return signalPassFailure();
      }
      mlir::Operation *last = match.operations.back();
      mlir::OpBuilder builder(last);
      mlir::Operation *layer = buildLayer(builder, match);
      last->getResult(0).replaceAllUsesWith(layer->getResult(0));
      for (auto op = match.operations.rbegin(); op != match.operations.rend(); ++op)
        if ((*op)->use_empty())
          (*op)->erase();
    }
    for (mlir::Operation &op : llvm::make_early_inc_range(main.getBody().front()))
      if (placedOnNpu(&op) && isView(&op)) {
        mlir::OpBuilder builder(&op);
        auto view = builder.create<ViewOp>(op.getLoc(), op.getResult(0).getType(), op.getOperand(0),
                                           llvm::ArrayRef<int64_t>{layerIndex(&op)});
        op.getResult(0).replaceAllUsesWith(view.getOutput());
        op.erase();
      }
    // What only the replaced operations used.
    for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(main.getBody().front())))
      if (op.hasTrait<mlir::OpTrait::ConstantLike>() && op.use_empty())
        op.erase();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> createFusePass() { return std::make_unique<FusePass>(); }

} // namespace tessera::compiler::npu
