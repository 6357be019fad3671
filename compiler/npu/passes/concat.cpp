// Concatenation. Each tosa.concat that placement gave to the NPU becomes npu.concat, whose parts the layout pass places as slices of its
// result. A slice begins at a channel block: where a part but the last does not fill its blocks, a convolution of 1x1 with one weight
// of 1 a channel closes the gaps; a value that already is a part elsewhere is copied by a depthwise one. Refuses nothing.
#include "passes/concat.h"

#include "core/shift_exit.h"
#include "core/tiling.h"
#include "dialect/convert.h"
#include "passes/match.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

namespace tessera::compiler::npu {
namespace {

namespace tosa = mlir::tosa;

constexpr int32_t kHalf = 1 << 30, kDouble = 1; // a rescale by 1
constexpr uint64_t kMostWeights = 1 << 26;      // that close the gaps of a module: no file has paid for them

// The value whose bytes these are.
mlir::Value sourceOf(mlir::Value value) {
  for (mlir::Operation *from = value.getDefiningOp(); from && (llvm::isa<ViewOp>(from) || isView(from));
       from = value.getDefiningOp())
    value = from->getOperand(0);
  return value;
}

bool isAlongChannels(tosa::ConcatOp op) {
  return int64_t(op.getAxis()) + 1 == llvm::cast<mlir::ShapedType>(op.getOutput().getType()).getRank();
}

// Channels of the parts as slices: all but the last filled up.
uint32_t gappedChannels(const Target &target, tosa::ConcatOp op) {
  uint32_t channels = 0;
  for (mlir::Value part : op.getInput1())
    channels = target.channelBlocks(channels) * target.blockOut() + shapeOf(part.getType())->channels;
  return channels;
}

// A convolution of 1x1 that changes no value: a depthwise one copies, another takes channels to other places.
Layer movingLayer(LayerKind kind, Shape picture, uint32_t fromChannels, uint32_t toChannels) {
  Layer layer;
  layer.kind = kind;
  layer.input = {picture.height, picture.width, fromChannels};
  layer.output = {picture.height, picture.width, toChannels};
  layer.exit.mode = isa::ExitMode::Tflite;
  resolveShift(layer, std::vector<int32_t>(toChannels, kHalf), std::vector<int32_t>(toChannels, kDouble));
  return layer;
}

// Output channel c is the input channel from[c]; with no `from`, c.
mlir::Value move(mlir::OpBuilder &builder, mlir::Operation *op, mlir::Value value, mlir::Type type,
                 const std::vector<uint32_t> &from = {}) {
  Shape in = *shapeOf(value.getType()), out = *shapeOf(type);
  bool copy = from.empty();
  Layer layer = movingLayer(copy ? LayerKind::Depthwise : LayerKind::Conv, in, in.channels, out.channels);
  std::vector<int8_t> weights(copy ? out.channels : size_t(out.channels) * in.channels, copy ? 1 : 0);
  for (size_t c = 0; c < from.size(); ++c)
    weights[c * in.channels + from[c]] = 1;
  std::vector<int64_t> shape{1, 1, out.channels};
  if (!copy)
    shape = {out.channels, 1, 1, in.channels};
  std::vector<int32_t> bias(out.channels, 0), multiplier(out.channels, kHalf), shift(out.channels, kDouble);
  auto constant = [&](mlir::Type element, llvm::ArrayRef<int64_t> shape, auto values) {
    auto tensor = mlir::RankedTensorType::get(shape, element);
    return builder.create<tosa::ConstOp>(op->getLoc(), tensor, mlir::DenseElementsAttr::get(tensor, values));
  };
  mlir::Value w = constant(builder.getI8Type(), shape, llvm::ArrayRef(weights)),
              b = constant(builder.getI32Type(), {out.channels}, llvm::ArrayRef(bias));
  const std::vector<int64_t> one{1, 1}, none{0, 0, 0, 0};
  const Exit &e = layer.exit;
  return builder.create<ConvOp>(
      op->getLoc(), type, value, w, b, copy, one, one, one, none,
      llvm::ArrayRef<int64_t>{in.height, in.width, in.channels}, 0u, multiplier, shift,
      llvm::ArrayRef<int32_t>{int32_t(e.mode), e.zeroPoint, e.clampMin, e.clampMax},
      llvm::ArrayRef<int64_t>{layerIndex(op)}, mlir::DenseI64ArrayAttr(), mlir::DenseI64ArrayAttr(),
      mlir::DenseI64ArrayAttr(), false, false, mlir::IntegerAttr(), mlir::DenseI64ArrayAttr());
}

class ConcatPass : public mlir::PassWrapper<ConcatPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConcatPass)
  explicit ConcatPass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-concat"; }
  llvm::StringRef getDescription() const final {
    return "make slices of one tensor of the parts of concatenations placed on the NPU";
  }
  void getDependentDialects(mlir::DialectRegistry &registry) const final {
    registry.insert<NpuDialect, tosa::TosaDialect>();
  }

  void runOnOperation() final {
    auto main = getOperation().lookupSymbol<mlir::func::FuncOp>("main");
    llvm::DenseSet<mlir::Value> parts; // membership only
    for (auto op : llvm::to_vector(main.getBody().front().getOps<tosa::ConcatOp>()))
      if (auto where = op->getAttrOfType<mlir::StringAttr>("npu.where"); where && where.getValue() == "npu")
        rewrite(op, parts);
  }

private:
  void rewrite(tosa::ConcatOp op, llvm::DenseSet<mlir::Value> &known) {
    mlir::OpBuilder builder(op);
    auto type = llvm::cast<mlir::RankedTensorType>(op.getOutput().getType());
    std::vector<mlir::Value> parts;
    std::vector<uint32_t> places; // of the result's channels among the slices'
    uint32_t next = 0;
    for (mlir::Value part : op.getInput1()) {
      uint32_t channels = shapeOf(part.getType())->channels;
      next = target_->channelBlocks(next) * target_->blockOut();
      for (uint32_t c = 0; c < channels; ++c)
        places.push_back(next++);
      if (!known.insert(sourceOf(part)).second) {
        part = move(builder, op, part, part.getType());
        known.insert(part);
      }
      parts.push_back(part);
    }
    std::vector<int64_t> shape = type.getShape().vec();
    bool gaps = isAlongChannels(op) && next != shape.back();
    if (gaps)
      shape.back() = next;
    mlir::Value result =
        builder.create<ConcatOp>(op.getLoc(), mlir::RankedTensorType::get(shape, type.getElementType()),
                                 parts, llvm::ArrayRef<int64_t>{layerIndex(op)});
    if (gaps)
      result = move(builder, op, result, type, places);
    op.getOutput().replaceAllUsesWith(result);
    op.erase();
  }

  const Target *target_;
};

} // namespace

std::string concatRefusal(const Target &target, mlir::Operation *operation, uint64_t &weights) {
  auto op = llvm::dyn_cast<tosa::ConcatOp>(operation);
  auto type = op ? llvm::cast<mlir::RankedTensorType>(op.getOutput().getType()) : mlir::RankedTensorType();
  if (!type || !type.getElementType().isInteger(8))
    return "a concatenation of something other than int8";
  std::optional<Shape> shape = shapeOf(type);
  if (!shape || !llvm::all_of(op.getInput1(), [](mlir::Value part) { return shapeOf(part.getType()); }) ||
      target.activationBytes(shape->height, shape->width, gappedChannels(target, op)) > UINT32_MAX)
    return "batch or shape that the npu does not take";
  uint64_t all = weights;
  if (!isAlongChannels(op)) {
    bool outer = llvm::all_of(type.getShape().take_front(op.getAxis()), [](int64_t d) { return d == 1; });
    if (!outer || target.channelBlocks(shape->channels) != 1)
      return "a concatenation along pixels of more channels than a block";
  } else if (uint32_t gapped = gappedChannels(target, op); gapped != shape->channels) {
    const std::string gaps = "parts of channels that fill no blocks, and ";
    all += uint64_t(gapped) * shape->channels;
    if (all > kMostWeights)
      return gaps + std::to_string(gapped) + " x " + std::to_string(shape->channels) +
             " weights bring those of all concatenations to " + std::to_string(all) + ", more than " +
             std::to_string(kMostWeights);
    Layer closing = movingLayer(LayerKind::Conv, *shape, gapped, shape->channels);
    if (std::string why = refusal(target, closing); !why.empty())
      return gaps + why;
  }
  llvm::DenseSet<mlir::Value> parts;
  for (mlir::Value part : op.getInput1()) {
    if (mlir::matchPattern(part, mlir::m_Constant()))
      return "a part is constant"; // nothing writes it to the arena
    mlir::Value source = sourceOf(part);
    bool copied = !parts.insert(source).second || llvm::any_of(source.getUsers(), [&](mlir::Operation *user) {
      return llvm::isa<tosa::ConcatOp, tosa::ReshapeOp>(user) && user != operation;
    });
    Shape s = *shapeOf(part.getType());
    std::string why =
        copied ? refusal(target, movingLayer(LayerKind::Depthwise, s, s.channels, s.channels)) : "";
    if (!why.empty())
      return "a part that is wanted twice, and " + why;
  }
  weights = all;
  return "";
}

std::unique_ptr<mlir::Pass> createConcatPass(const Target *target) {
  return std::make_unique<ConcatPass>(target);
}

} // namespace tessera::compiler::npu
