#include "passes/match.h"

#include "core/average.h"
#include "core/shift_exit.h"
#include "dialect/convert.h"
#include "form/requantise.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Matchers.h"

#include <algorithm>
#include <bit>

namespace tessera::compiler::npu {
namespace {

namespace tosa = mlir::tosa;

// The only operation that uses the value, or null.
mlir::Operation *onlyUser(mlir::Value value) {
  return value.hasOneUse() ? *value.getUsers().begin() : nullptr;
}

bool isConstant(mlir::Value value) { return mlir::matchPattern(value, mlir::m_Constant()); }

struct Matcher {
  LayerMatch m;

  bool fail(const std::string &why) {
    m.why = why;
    return false;
  }

  bool shapes(mlir::Value input, mlir::Value output) {
    auto from = shapeOf(input.getType()), to = shapeOf(output.getType());
    if (!from || !to)
      return fail("batch or shape that the npu does not take");
    m.layer.input = *from;
    m.layer.output = *to;
    return true;
  }

  void window(llvm::ArrayRef<int64_t> stride, llvm::ArrayRef<int64_t> pad, llvm::ArrayRef<int64_t> dilation) {
    Window &w = m.layer.window;
    w.strideHeight = uint32_t(stride[0]), w.strideWidth = uint32_t(stride[1]);
    w.padTop = uint32_t(pad[0]), w.padBottom = uint32_t(pad[1]), w.padLeft = uint32_t(pad[2]),
    w.padRight = uint32_t(pad[3]);
    w.dilationHeight = uint32_t(dilation[0]), w.dilationWidth = uint32_t(dilation[1]);
  }

  bool quantisation(std::optional<tosa::ConvOpQuantizationAttr> info) {
    m.layer.padValue = info ? int32_t(info->getInputZp()) : 0;
    if (m.layer.padValue < INT8_MIN || m.layer.padValue > INT8_MAX)
      return fail("input zero point outside int8");
    if (!isConstant(m.weights) || !isConstant(m.bias))
      return fail("weights or bias are not constant");
    auto weights = llvm::cast<mlir::RankedTensorType>(m.weights.getType());
    auto bias = llvm::cast<mlir::RankedTensorType>(m.bias.getType());
    if (!weights.getElementType().isInteger(8) || !bias.getElementType().isInteger(32))
      return fail("weights are not int8 or bias is not int32");
    return weightParts(info ? int32_t(info->getWeightZp()) : 0);
  }

  // Weights less their zero point may need more than a byte: two, and three where 255 is left, which is more than twice 127.
  bool weightParts(int32_t zeroPoint) {
    mlir::DenseIntElementsAttr values;
    if (zeroPoint == 0 || !mlir::matchPattern(m.weights, mlir::m_Constant(&values)))
      return true;
    if (zeroPoint < INT8_MIN || zeroPoint > INT8_MAX)
      return fail("weights have a zero point outside int8");
    m.weightZeroPoint = zeroPoint;
    int32_t parts = 1;
    for (int8_t value : values.getValues<int8_t>())
      while (value - zeroPoint > parts * INT8_MAX || value - zeroPoint < parts * INT8_MIN)
        ++parts;
    m.layer.weightParts = uint32_t(parts);
    return true;
  }

  // multiplier and shift of a rescale as record.h has them (positive to the left).
  bool scales(tosa::RescaleOp rescale, size_t channels) {
    if (!rescale.getScale32())
      return fail("rescale with 16-bit multipliers");
    auto multiplier = rescale.getMultiplier();
    auto shift = rescale.getShift();
    if (multiplier.size() != shift.size() || (multiplier.size() != 1 && multiplier.size() != channels))
      return fail("rescale with a number of multipliers that is not the channels'");
    m.multiplier.clear(), m.shift.clear();
    for (size_t c = 0; c < channels; ++c) {
      size_t from = multiplier.size() == 1 ? 0 : c;
      int32_t left = 31 - int32_t(shift[from]);
      if (left < -31 || left > 31)
        return fail("rescale shift " + std::to_string(int(shift[from])) + " outside the npu's range");
      m.multiplier.push_back(multiplier[from]);
      m.shift.push_back(left);
    }
    return true;
  }

  void clampBehind(mlir::Value value) {
    if (auto clamp = llvm::dyn_cast_or_null<tosa::ClampOp>(onlyUser(value))) {
      m.layer.exit.clampMin = int32_t(std::max<int64_t>(clamp.getMinInt(), INT8_MIN));
      m.layer.exit.clampMax = int32_t(std::min<int64_t>(clamp.getMaxInt(), INT8_MAX));
      m.operations.push_back(clamp);
    }
  }

  // The requantisation of mode onnx behind an accumulator, and the clamp behind that.
  bool leaveInFloat(const Requantise &requantise, size_t channels) {
    m.multiplier.clear();
    m.shift.assign(channels, 0);
    for (size_t c = 0; c < channels; ++c)
      m.multiplier.push_back(
          std::bit_cast<int32_t>(requantise.scales[requantise.scales.size() == 1 ? 0 : c]));
    m.layer.exit.mode = isa::ExitMode::Onnx;
    m.layer.exit.zeroPoint = requantise.zeroPoint;
    m.operations.push_back(requantise.op);
    clampBehind(requantise.op->getResult(0));
    return true;
  }

  // The rescale to int8 behind an accumulator, and the clamp behind that.
  bool leave(mlir::Value accumulator, size_t channels) {
    if (auto requantise = readRequantise(onlyUser(accumulator)))
      return leaveInFloat(*requantise, channels);
    auto rescale = llvm::dyn_cast_or_null<tosa::RescaleOp>(onlyUser(accumulator));
    if (!rescale ||
        !llvm::cast<mlir::ShapedType>(rescale.getOutput().getType()).getElementType().isInteger(8))
      return fail("no rescale to int8 behind it");
    if (rescale.getInputZp() != 0)
      return fail("the accumulator has a zero point");
    if (!scales(rescale, channels))
      return false;
    Exit &exit = m.layer.exit;
    exit.mode = rescale.getDoubleRound() ? isa::ExitMode::Tflite : isa::ExitMode::TfliteSingle;
    exit.zeroPoint = int32_t(rescale.getOutputZp());
    m.operations.push_back(rescale);
    clampBehind(rescale.getOutput());
    return true;
  }

  // A constant padding in front, of rows and columns with the input's zero point.
  void padInFront() {
    auto pad = m.input.getDefiningOp<tosa::PadOp>();
    if (!pad || !m.input.hasOneUse())
      return;
    mlir::DenseIntElementsAttr amounts, value;
    if (!mlir::matchPattern(pad.getPadding(), mlir::m_Constant(&amounts)) || amounts.getNumElements() != 8)
      return;
    int64_t filled = 0;
    if (pad.getPadConst()) {
      if (!mlir::matchPattern(pad.getPadConst(), mlir::m_Constant(&value)))
        return;
      filled = (*value.getValues<llvm::APInt>().begin()).getSExtValue();
    } else if (pad.getQuantizationInfo()) {
      filled = pad.getQuantizationInfo()->getInputZp();
    }
    std::vector<int64_t> a;
    for (const llvm::APInt &amount : amounts.getValues<llvm::APInt>())
      a.push_back(amount.getSExtValue());
    if (filled != m.layer.padValue || a[0] || a[1] || a[6] || a[7] ||
        *std::min_element(a.begin(), a.end()) < 0)
      return;
    auto shape = shapeOf(pad.getInput1().getType());
    if (!shape)
      return;
    Window &w = m.layer.window;
    w.padTop += uint32_t(a[2]), w.padBottom += uint32_t(a[3]), w.padLeft += uint32_t(a[4]),
        w.padRight += uint32_t(a[5]);
    m.layer.input = *shape;
    m.input = pad.getInput1();
    m.operations.insert(m.operations.begin(), pad);
  }

  bool conv(tosa::Conv2DOp op) {
    m.layer.kind = LayerKind::Conv;
    m.input = op.getInput(), m.weights = op.getWeight(), m.bias = op.getBias();
    if (!shapes(op.getInput(), op.getOutput()) || !quantisation(op.getQuantizationInfo()))
      return false;
    auto weights = llvm::cast<mlir::RankedTensorType>(op.getWeight().getType()).getShape();
    if (weights[3] != int64_t(m.layer.input.channels))
      return fail("grouped convolution");
    m.layer.window.kernelHeight = uint32_t(weights[1]), m.layer.window.kernelWidth = uint32_t(weights[2]);
    window(op.getStride(), op.getPad(), op.getDilation());
    m.operations.push_back(op);
    padInFront();
    return leave(op.getOutput(), m.layer.output.channels);
  }

  bool depthwise(tosa::DepthwiseConv2DOp op) {
    m.input = op.getInput(), m.weights = op.getWeight(), m.bias = op.getBias();
    if (!shapes(op.getInput(), op.getOutput()) || !quantisation(op.getQuantizationInfo()))
      return false;
    auto weights = llvm::cast<mlir::RankedTensorType>(op.getWeight().getType()).getShape();
    m.transposeWeights = weights[2] == 1 && weights[3] != 1;
    if (weights[3] != 1 && !m.transposeWeights)
      return fail("depthwise with a multiplier of " + std::to_string(weights[3]) + " outputs a channel");
    m.layer.kind = m.transposeWeights ? LayerKind::Conv : LayerKind::Depthwise;
    m.layer.window.kernelHeight = uint32_t(weights[0]), m.layer.window.kernelWidth = uint32_t(weights[1]);
    window(op.getStride(), op.getPad(), op.getDilation());
    m.operations.push_back(op);
    padInFront();
    return leave(op.getOutput(), m.layer.output.channels);
  }

  bool dense(tosa::FullyConnectedOp op) {
    m.layer.kind = LayerKind::Conv;
    m.input = op.getInput(), m.weights = op.getWeight(), m.bias = op.getBias();
    if (!shapes(op.getInput(), op.getOutput()) || !quantisation(op.getQuantizationInfo()))
      return false;
    // A flattened picture: the kernel is as large as the picture, and the order of the weights is the same.
    while (auto reshape = m.input.getDefiningOp<tosa::ReshapeOp>()) {
      auto from = shapeOf(reshape.getInput1().getType());
      if (m.layer.output.height != 1 || !reshape->hasOneUse() || !from)
        break;
      m.input = reshape.getInput1();
      m.layer.input = *from;
      m.layer.window.kernelHeight = from->height, m.layer.window.kernelWidth = from->width;
      m.operations.insert(m.operations.begin(), reshape);
    }
    m.operations.push_back(op);
    return leave(op.getOutput(), m.layer.output.channels);
  }

  template <class Pool> bool pool(Pool op, LayerKind kind) {
    m.layer.kind = kind;
    m.input = op.getInput();
    if (!shapes(op.getInput(), op.getOutput()))
      return false;
    if (!llvm::cast<mlir::ShapedType>(op.getInput().getType()).getElementType().isInteger(8))
      return fail("pooling of something other than int8");
    m.layer.window.kernelHeight = uint32_t(op.getKernel()[0]),
    m.layer.window.kernelWidth = uint32_t(op.getKernel()[1]);
    window(op.getStride(), op.getPad(), {1, 1});
    m.layer.padValue = kind == LayerKind::MaxPool ? INT8_MIN : 0;
    m.operations.push_back(op);
    clampBehind(op.getOutput());
    return true;
  }

  // A sum over windows by weights of 1, which the exit divides.
  bool ones(int32_t bias, mlir::Value sum) {
    m.layer.kind = LayerKind::Depthwise;
    m.ones = bias;
    m.layer.mostWeight = 1;
    m.layer.mostBias = std::abs(int64_t(bias));
    return !sum || leave(sum, m.layer.output.channels);
  }

  // The mean of a picture's rows, columns or both: bytes less their zero point, summed along the axes, and the rescale behind.
  bool mean(tosa::ReduceSumOp op) {
    auto raise = op.getInput().getDefiningOp<tosa::RescaleOp>();
    if (!raise.getOutput().hasOneUse() || raise.getMultiplier() != llvm::ArrayRef<int32_t>{1 << 30} ||
        raise.getShift() != llvm::ArrayRef<int8_t>{30} || raise.getOutputZp() != 0)
      return fail("a sum of scaled values");
    m.input = raise.getInput();
    m.operations.push_back(raise);
    bool summed[4] = {};
    mlir::Value sum;
    for (auto next = op; next; next = llvm::dyn_cast_or_null<tosa::ReduceSumOp>(onlyUser(sum))) {
      if (llvm::cast<mlir::ShapedType>(m.input.getType()).getRank() != 4 || next.getAxis() > 2 ||
          next.getAxis() < 1)
        return fail("a mean of other axes than a picture's rows and columns");
      summed[next.getAxis()] = true;
      m.operations.push_back(next);
      sum = next.getOutput();
    }
    if (!shapes(m.input, sum))
      return false;
    m.layer.padValue = int32_t(raise.getInputZp());
    m.layer.window.kernelHeight = summed[1] ? m.layer.input.height : 1;
    m.layer.window.kernelWidth = summed[2] ? m.layer.input.width : 1;
    return ones(0, sum);
  }

  // An average that rounds halves up, as uint8 files have it: of bytes raised by 128, none of which is negative, multiplied by the
  // reciprocal rounded up.
  bool averageUp(tosa::AvgPool2dOp op) {
    if (!pool(op, LayerKind::AveragePool))
      return false;
    std::vector<uint32_t> counts = averageCounts(m.layer);
    if (counts.size() != 1 || counts[0] > kMostAveraged)
      return fail("average of uint8 whose windows have different numbers of pixels");
    int32_t bits = 30 + std::bit_width(counts[0] - 1);
    uint64_t reciprocal = ((uint64_t(1) << bits) + counts[0] - 1) / counts[0];
    Exit &exit = m.layer.exit;
    exit.mode = isa::ExitMode::TfliteSingle;
    exit.zeroPoint = INT8_MIN;
    m.multiplier.assign(m.layer.output.channels, int32_t(reciprocal));
    m.shift.assign(m.layer.output.channels, 31 - bits);
    return ones(-INT8_MIN * int32_t(counts[0]), {});
  }
  static constexpr uint32_t kMostAveraged = 1 << 16; // far below where the reciprocal's last bit would count

  // One side of an addition: rescale to int32 with << 20, then to the common scale.
  bool addend(mlir::Value value, mlir::Value &source, Operand &operand) {
    auto scale = value.getDefiningOp<tosa::RescaleOp>();
    auto raise = scale ? scale.getInput().getDefiningOp<tosa::RescaleOp>() : tosa::RescaleOp();
    if (!raise || !scale->hasOneUse() || !raise->hasOneUse())
      return fail("addends are not scaled as TFLite does");
    if (raise.getMultiplier() != llvm::ArrayRef<int32_t>{1 << 30} ||
        raise.getShift() != llvm::ArrayRef<int8_t>{10} || raise.getOutputZp() != 0 ||
        scale.getInputZp() != 0 || scale.getOutputZp() != 0)
      return fail("addends are not raised by 20 bits");
    if (!llvm::cast<mlir::ShapedType>(raise.getInput().getType()).getElementType().isInteger(8))
      return fail("addends are not int8");
    if (!scales(scale, 1))
      return false;
    if (m.shift[0] > 0 || m.shift[0] < -31)
      return fail("an addend is scaled by 2 or more");
    m.layer.exit.mode = scale.getDoubleRound() ? isa::ExitMode::Tflite : isa::ExitMode::TfliteSingle;
    operand = {int32_t(raise.getInputZp()), uint32_t(m.multiplier[0]), m.shift[0]};
    source = raise.getInput();
    m.operations.push_back(raise);
    m.operations.push_back(scale);
    return true;
  }

  bool add(tosa::AddOp op) {
    m.layer.kind = LayerKind::Add;
    if (!llvm::cast<mlir::ShapedType>(op.getOutput().getType()).getElementType().isInteger(32))
      return fail("addition of something other than int8");
    if (!addend(op.getInput1(), m.input, m.layer.lhs) || !addend(op.getInput2(), m.rhs, m.layer.rhs))
      return false;
    if (m.input.getType() != m.rhs.getType() || !shapes(m.input, op.getOutput()))
      return fail("addition with broadcast");
    isa::ExitMode mode = m.layer.exit.mode;
    m.operations.push_back(op);
    if (!leave(op.getOutput(), 1))
      return false;
    // Mode onnx rounds the operands twice (docs/instruction-set.md).
    bool fits = m.layer.exit.mode == mode ||
                (m.layer.exit.mode == isa::ExitMode::Onnx && mode == isa::ExitMode::Tflite);
    return fits || fail("addition with two roundings");
  }
};

} // namespace

bool isAnchor(mlir::Operation *op) {
  if (llvm::isa<tosa::AddOp>(op))
    return llvm::cast<mlir::ShapedType>(op->getResult(0).getType()).getElementType().isInteger(32);
  if (auto sum = llvm::dyn_cast<tosa::ReduceSumOp>(op)) {
    auto raise = sum.getInput().getDefiningOp<tosa::RescaleOp>();
    return raise && llvm::cast<mlir::ShapedType>(raise.getInput().getType()).getElementType().isInteger(8);
  }
  return llvm::isa<tosa::Conv2DOp, tosa::DepthwiseConv2DOp, tosa::FullyConnectedOp, tosa::AvgPool2dOp,
                   tosa::MaxPool2dOp>(op);
}

LayerMatch matchLayer(mlir::Operation *anchor) {
  Matcher matcher;
  matcher.m.anchor = anchor;
  if (auto name = llvm::dyn_cast<mlir::NameLoc>(anchor->getLoc()))
    matcher.m.layer.name = name.getName().str();
  if (auto conv = llvm::dyn_cast<tosa::Conv2DOp>(anchor))
    matcher.conv(conv);
  else if (auto depthwise = llvm::dyn_cast<tosa::DepthwiseConv2DOp>(anchor))
    matcher.depthwise(depthwise);
  else if (auto dense = llvm::dyn_cast<tosa::FullyConnectedOp>(anchor))
    matcher.dense(dense);
  else if (auto maxPool = llvm::dyn_cast<tosa::MaxPool2dOp>(anchor))
    matcher.pool(maxPool, LayerKind::MaxPool);
  else if (auto add = llvm::dyn_cast<tosa::AddOp>(anchor))
    matcher.add(add);
  else if (auto sum = llvm::dyn_cast<tosa::ReduceSumOp>(anchor))
    matcher.mean(sum);
  else if (auto averagePool = llvm::dyn_cast<tosa::AvgPool2dOp>(anchor)) {
    auto rounding = averagePool->getAttrOfType<mlir::StringAttr>("tessera.rounding");
    matcher.m.layer.exit.mode = isa::ExitMode::Average;
    if (rounding && rounding.getValue() == "half_away")
      matcher.pool(averagePool, LayerKind::AveragePool);
    else if (rounding && rounding.getValue() == "half_up")
      matcher.averageUp(averagePool);
    else
      matcher.fail("average that does not round halves away from zero");
  } else {
    matcher.fail("no layer of the npu");
  }
  if (matcher.m && (isConstant(matcher.m.input) || (matcher.m.rhs && isConstant(matcher.m.rhs))))
    matcher.fail("an input is constant"); // nothing writes it to the arena
  if (matcher.m && matcher.m.bias && !matcher.m.ones) {
    readMagnitudes(matcher.m.layer, matcher.m.weights, matcher.m.bias);
    if (matcher.m.weightZeroPoint != 0)
      matcher.m.layer.mostWeight = Layer().mostWeight;
  }
  if (matcher.m)
    resolveShift(matcher.m.layer, matcher.m.multiplier, matcher.m.shift);
  return std::move(matcher.m);
}

bool isView(mlir::Operation *op) {
  auto reshape = llvm::dyn_cast<tosa::ReshapeOp>(op);
  if (!reshape || !llvm::cast<mlir::ShapedType>(reshape.getInput1().getType()).getElementType().isInteger(8))
    return false;
  auto from = shapeOf(reshape.getInput1().getType()), to = shapeOf(reshape.getOutput().getType());
  return from && to && from->channels == to->channels && from->height * from->width == to->height * to->width;
}

int64_t layerIndex(mlir::Operation *op) {
  int64_t index = -1;
  op->getLoc()->walk([&](mlir::Location inner) {
    auto name = llvm::dyn_cast<mlir::NameLoc>(inner);
    if (!name || name.getName().getValue().split(':').first.getAsInteger(10, index)) {
      index = -1;
      return mlir::WalkResult::advance();
    }
    return mlir::WalkResult::interrupt();
  });
  return index;
}

} // namespace tessera::compiler::npu
