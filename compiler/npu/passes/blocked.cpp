// Blocked host work. A CPU segment that stands between launches alone and whose operations can do without the order of channels (element-wise ones with single
// constants; pads, slices and concatenations of rows and columns; slices from a block on, channels padded at their end) is rewritten to the arena's layout: [blocks of
// channels][height][width][batch rows, channels of a block]. Host code then uses the arena's bytes and nothing is converted on either side (npu-layout). Channels
// past the last hold anything before and behind, so no operation may be one that some value stops. A segment that others of the host share tensors with, or whose blocks would be mostly empty, stays as it is. Refuses nothing.
#include "passes/blocked.h"

#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

namespace tessera::compiler::npu {
namespace {

namespace tosa = mlir::tosa;

// Blocked tensors of more than so many times the dense bytes are not worth it.
constexpr uint64_t kMostTimesDense = 2;

// Before and behind the rows and columns, behind the last channel, and with what; nothing for other pads.
struct Padding {
  int32_t above, below, left, right, channels;
  int8_t value;
};

std::optional<Padding> paddingOf(tosa::PadOp pad) {
  mlir::DenseIntElementsAttr widths, value;
  if (!mlir::matchPattern(pad.getPadding(), mlir::m_Constant(&widths)) || pad.getQuantizationInfo() ||
      (pad.getPadConst() && !mlir::matchPattern(pad.getPadConst(), mlir::m_Constant(&value))) ||
      !mlir::cast<mlir::ShapedType>(pad.getType()).getElementType().isInteger(8))
    return std::nullopt;
  std::vector<int32_t> all;
  for (const llvm::APInt &width : widths.getValues<llvm::APInt>())
    all.push_back(int32_t(width.getSExtValue()));
  if (all.size() != 8 || all[0] != 0 || all[1] != 0 || all[6] != 0 || *llvm::min_element(all) < 0)
    return std::nullopt;
  return Padding{
      all[2], all[3], all[4],
      all[5], all[7], value ? int8_t((*value.getValues<llvm::APInt>().begin()).getSExtValue()) : int8_t{0}};
}

// One number for all elements.
std::optional<mlir::Attribute> singleConstant(mlir::Value v) {
  mlir::DenseElementsAttr values;
  if (!mlir::matchPattern(v, mlir::m_Constant(&values)) || !values.isSplat())
    return std::nullopt;
  return values.getSplatValue<mlir::Attribute>();
}

class BlockedPass : public mlir::PassWrapper<BlockedPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(BlockedPass)
  explicit BlockedPass(const Target *target) : target_(target) {}
  llvm::StringRef getArgument() const final { return "npu-blocked"; }
  llvm::StringRef getDescription() const final { return "host work between launches on blocked tensors"; }
  void getDependentDialects(mlir::DialectRegistry &registry) const final {
    registry.insert<tosa::TosaDialect>();
  }

  void runOnOperation() final {
    auto main = getOperation().lookupSymbol<mlir::func::FuncOp>("main");
    if (!main)
      return;
    std::vector<mlir::func::CallOp> found;
    for (auto call : main.getOps<mlir::func::CallOp>())
      if (!isLaunch(call) && fits(calleeOf(call)))
        found.push_back(call);
    // What one takes from a launch another that stays as it is may not share, so each that falls may take others with it.
    for (bool changed = true; changed;) {
      std::vector<mlir::func::CallOp> left;
      llvm::copy_if(found, std::back_inserter(left),
                    [&](mlir::func::CallOp call) { return standsBetweenLaunches(call, found); });
      changed = left.size() != found.size();
      found = std::move(left);
    }
    for (auto call : found)
      rewrite(calleeOf(call));
  }

private:
  // The type in the arena of a tensor [1][height][width][channels].
  mlir::RankedTensorType blocked(mlir::Type type) const {
    auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || tensor.getRank() != 4 || !shapeOf(type))
      return {};
    const Shape s = *shapeOf(type);
    const int64_t shape[] = {int64_t(target_->channelBlocks(s.channels)), s.height, s.width,
                             int64_t(target_->batch()) * target_->blockOut()};
    return mlir::RankedTensorType::get(shape, tensor.getElementType());
  }

  bool isTensor(mlir::Value v) const {
    return blocked(v.getType()) && !mlir::matchPattern(v, mlir::m_Constant());
  }
  static uint32_t channelsOf(mlir::Value v) { return shapeOf(v.getType())->channels; }

  // Whether an operation does the same on blocked tensors.
  bool fits(mlir::Operation &op) const {
    if (op.hasTrait<mlir::OpTrait::ConstantLike>())
      return true;
    if (op.getNumResults() != 1 || !blocked(op.getResult(0).getType()))
      return false;
    if (auto pad = llvm::dyn_cast<tosa::PadOp>(op))
      return paddingOf(pad).has_value() && isTensor(pad.getInput1());
    if (auto slice = llvm::dyn_cast<tosa::SliceOp>(op))
      return isTensor(slice.getInput()) && slice.getStart()[3] % target_->blockOut() == 0;
    if (auto concat = llvm::dyn_cast<tosa::ConcatOp>(op)) // along channels is the accelerator's
      return (concat.getAxis() == 1 || concat.getAxis() == 2) &&
             llvm::all_of(concat.getOperands(), [&](mlir::Value part) { return isTensor(part); });
    if (auto rescale = llvm::dyn_cast<tosa::RescaleOp>(op); rescale && rescale.getPerChannel())
      return false;
    const bool isUnary = llvm::isa<tosa::RescaleOp, tosa::CastOp, tosa::TableOp>(op);
    if (!isUnary &&
        (!op.hasTrait<mlir::OpTrait::ResultsBroadcastableShape>() || llvm::isa<tosa::IntDivOp>(op)))
      return false;
    const auto shape = llvm::cast<mlir::ShapedType>(op.getResult(0).getType()).getShape();
    auto isSame = [&](mlir::Value v) {
      return isTensor(v) && llvm::cast<mlir::ShapedType>(v.getType()).getShape() == shape;
    };
    if (isUnary)
      return isSame(op.getOperand(0));
    return llvm::any_of(op.getOperands(), isSame) &&
           llvm::all_of(op.getOperands(), [&](mlir::Value v) { return singleConstant(v) || isSame(v); });
  }

  bool fits(mlir::func::FuncOp function) const {
    uint64_t dense = 0, inBlocks = 0;
    bool isDense = true;
    for (mlir::Type type :
         llvm::concat<const mlir::Type>(function.getArgumentTypes(), function.getResultTypes())) {
      if (!blocked(type) || !llvm::cast<mlir::ShapedType>(type).getElementType().isInteger(8))
        return false;
      const Shape s = *shapeOf(type);
      dense += uint64_t(s.height) * s.width * s.channels;
      inBlocks += target_->activationBytes(s.height, s.width, s.channels);
      isDense = isDense && target_->isDense(s.height, s.width, s.channels);
    }
    if (isDense || inBlocks > kMostTimesDense * dense)
      return false; // blocked already, or mostly empty
    mlir::Block &body = function.getBody().front();
    return llvm::all_of(body.without_terminator(), [&](mlir::Operation &op) { return fits(op); }) &&
           llvm::none_of(body.getTerminator()->getOperands(),
                         [](mlir::Value v) { return mlir::matchPattern(v, mlir::m_Constant()); });
  }

  // The launch uses the value as it lies in the arena, neither gathered nor as a part of something.
  static bool takesAsItLies(mlir::OpOperand &use) {
    auto call = llvm::dyn_cast<mlir::func::CallOp>(use.getOwner());
    return call && isLaunch(call) &&
           llvm::none_of(calleeOf(call).getArgument(use.getOperandNumber()).getUsers(),
                         [](mlir::Operation *user) {
                           return llvm::isa<WindowsOp, ConcatOp, ViewOp, mlir::func::ReturnOp>(user);
                         });
  }

  static bool standsBetweenLaunches(mlir::func::CallOp call, llvm::ArrayRef<mlir::func::CallOp> found) {
    for (mlir::Value operand : call.getOperands()) {
      auto maker = operand.getDefiningOp<mlir::func::CallOp>();
      if (!maker || !isLaunch(maker))
        return false;
      for (mlir::OpOperand &use : operand.getUses())
        if (!takesAsItLies(use) && !llvm::is_contained(found, use.getOwner()))
          return false;
    }
    return llvm::all_of(call.getResults(), [](mlir::Value result) {
      return !result.use_empty() && llvm::all_of(result.getUses(), takesAsItLies);
    });
  }

  mlir::Value constant(mlir::OpBuilder &b, mlir::Location location, mlir::DenseElementsAttr values) const {
    return b.create<tosa::ConstOp>(location, values.getType(), values);
  }

  mlir::Value padded(mlir::OpBuilder &b, tosa::PadOp pad, mlir::Value input) const {
    const mlir::Location location = pad.getLoc();
    const Padding padding = *paddingOf(pad);
    const auto from = mlir::cast<mlir::RankedTensorType>(input.getType()), to = blocked(pad.getType());
    const int64_t blocks = to.getDimSize(0), lanes = to.getDimSize(3);
    const mlir::Type byte = b.getI8Type();
    if (from != to) { // rows, columns, and whole blocks behind the last
      const int32_t widths[] = {0,
                                int32_t(blocks - from.getDimSize(0)),
                                padding.above,
                                padding.below,
                                padding.left,
                                padding.right,
                                0,
                                0};
      const auto pairs = mlir::RankedTensorType::get({4, 2}, b.getI32Type());
      const auto single = mlir::RankedTensorType::get({}, byte);
      input = b.create<tosa::PadOp>(
          location, to, input,
          constant(b, location, mlir::DenseElementsAttr::get(pairs, llvm::ArrayRef<int32_t>(widths))),
          constant(b, location, mlir::DenseElementsAttr::get(single, padding.value)));
    }
    const uint32_t used = channelsOf(pad.getInput1()) % target_->blockOut();
    if (used == 0 || padding.channels == 0)
      return input;
    // In the last block of the input: those channels that it did not use.
    std::vector<int8_t> kept(size_t(blocks * lanes), -1), filled(kept.size(), 0);
    for (int64_t lane = 0; lane < lanes; ++lane)
      if (lane % target_->blockOut() >= used) {
        const size_t place = size_t((from.getDimSize(0) - 1) * lanes + lane);
        kept[place] = 0, filled[place] = padding.value;
      }
    const auto lanesOnly = mlir::RankedTensorType::get({blocks, 1, 1, lanes}, byte);
    auto lane = [&](const std::vector<int8_t> &values) {
      return constant(b, location, mlir::DenseElementsAttr::get(lanesOnly, llvm::ArrayRef<int8_t>(values)));
    };
    input = b.create<tosa::BitwiseAndOp>(location, to, input, lane(kept));
    return padding.value == 0 ? input
                              : b.create<tosa::BitwiseOrOp>(location, to, input, lane(filled)).getResult();
  }

  void rewrite(mlir::func::FuncOp function) const {
    mlir::Block &body = function.getBody().front();
    std::vector<mlir::Operation *> before;
    for (mlir::Operation &op : body.without_terminator())
      before.push_back(&op);
    mlir::OpBuilder b(body.getTerminator());
    mlir::IRMapping map;
    for (mlir::BlockArgument argument : body.getArguments())
      map.map(argument, b.create<mlir::UnrealizedConversionCastOp>(argument.getLoc(),
                                                                   blocked(argument.getType()), argument)
                            .getResult(0));
    for (mlir::Operation *op : before) {
      if (op->hasTrait<mlir::OpTrait::ConstantLike>())
        continue;
      if (auto pad = llvm::dyn_cast<tosa::PadOp>(op)) {
        map.map(pad.getResult(), padded(b, pad, map.lookup(pad.getInput1())));
        continue;
      }
      for (auto [index, v] : llvm::enumerate(op->getOperands()))
        if (auto number = singleConstant(v); number && !(llvm::isa<tosa::TableOp>(op) && index == 1)) {
          const auto type = mlir::RankedTensorType::get(
              {1, 1, 1, 1}, llvm::cast<mlir::ShapedType>(v.getType()).getElementType());
          map.map(v, constant(b, op->getLoc(), mlir::DenseElementsAttr::get(type, *number)));
        }
      mlir::Operation *twin = b.clone(*op, map);
      const mlir::RankedTensorType type = blocked(op->getResult(0).getType());
      twin->getResult(0).setType(type);
      if (auto slice = llvm::dyn_cast<tosa::SliceOp>(twin)) {
        const llvm::ArrayRef<int64_t> start = slice.getStart();
        slice.setStart({start[3] / target_->blockOut(), start[1], start[2], 0});
        slice.setSize(type.getShape());
      }
    }
    for (mlir::OpOperand &result : body.getTerminator()->getOpOperands())
      result.set(b.create<mlir::UnrealizedConversionCastOp>(function.getLoc(), result.get().getType(),
                                                            map.lookup(result.get()))
                     .getResult(0));
    for (mlir::Operation *op : llvm::reverse(before))
      if (op->use_empty())
        op->erase();
    function->setAttr(kBlocked, b.getUnitAttr());
  }

  const Target *target_;
};

} // namespace

void dropCasts(mlir::func::FuncOp segment) {
  mlir::Block &body = segment.getBody().front();
  for (mlir::BlockArgument argument : body.getArguments()) {
    // Of an argument that is used once, as every one is.
    auto cast = llvm::cast<mlir::UnrealizedConversionCastOp>(*argument.getUsers().begin());
    cast.getResult(0).replaceAllUsesWith(argument);
    argument.setType(cast.getResult(0).getType());
    cast.erase();
  }
  for (mlir::OpOperand &result : body.getTerminator()->getOpOperands()) {
    auto cast = result.get().getDefiningOp<mlir::UnrealizedConversionCastOp>();
    result.set(cast.getOperand(0));
    cast.erase();
  }
  segment.setFunctionType(mlir::FunctionType::get(segment.getContext(), body.getArgumentTypes(),
                                                  body.getTerminator()->getOperandTypes()));
  segment->removeAttr(kBlocked);
}

std::unique_ptr<mlir::Pass> createBlockedPass(const Target *target) {
  return std::make_unique<BlockedPass>(target);
}

} // namespace tessera::compiler::npu
