// Layout. Gives every tensor of an NPU segment its place in the arena in the blocked layout of docs/architecture.md (places are
// reused when the last reader is done), packs weights and parameters into the constants, and notes on the segment where its inputs and
// results lie (`npu.inputs`, `npu.outputs`: offset, height, width, channels; for gathered windows their geometry too) for the host code
// that converts at the edges. Refuses an
// arena or constants beyond 32-bit addresses.
#include "core/pack.h"
#include "core/region.h"
#include "core/shift_exit.h"
#include "dialect/convert.h"
#include "passes/passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

namespace tessera::compiler::npu {
namespace {

template <class T> std::vector<T> constantValues(mlir::Value value) {
  mlir::DenseIntElementsAttr values;
  if (!mlir::matchPattern(value, mlir::m_Constant(&values)))
    return {};
  return {values.getValues<T>().begin(), values.getValues<T>().end()};
}

class LayoutPass : public mlir::PassWrapper<LayoutPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LayoutPass)
  LayoutPass(const Target *target, std::vector<uint8_t> *constants)
      : target_(target), constants_(constants) {}
  llvm::StringRef getArgument() const final { return "npu-layout"; }
  llvm::StringRef getDescription() const final { return "place tensors in device memory and pack constants"; }

  void runOnOperation() final {
    uint64_t arena = 0;
    for (auto function : getOperation().getOps<mlir::func::FuncOp>())
      if (function->hasAttr("npu.segment") && mlir::failed(layOut(function, arena)))
        return signalPassFailure();
    if (arena > UINT32_MAX || constants_->size() > UINT32_MAX) {
      getOperation().emitError("activations of ")
          << arena << " bytes and constants of " << constants_->size() << " bytes exceed 32-bit addresses";
      return signalPassFailure();
    }
    getOperation()->setAttr("npu.arena_bytes",
                            mlir::Builder(&getContext()).getI64IntegerAttr(int64_t(arena)));
  }

private:
  // Where a value's bytes lie: in a tensor of their own, its source's (a view), or at an offset in a concatenation.
  struct Home {
    mlir::Value value;
    uint64_t offset = 0;
  };
  using Homes = llvm::DenseMap<mlir::Value, Home>;

  uint64_t bytesOf(mlir::Value v) const {
    Shape s = *shapeOf(v.getType());
    return target_->activationBytes(s.height, s.width, s.channels);
  }

  Homes homesOf(mlir::Block &body) const {
    Homes homes;
    for (mlir::Operation &op : llvm::reverse(body)) {
      auto homeOf = [&](mlir::Value v) { return homes.try_emplace(v, Home{v, 0}).first->second; };
      for (mlir::Value v : op.getResults())
        homeOf(v);
      if (auto view = llvm::dyn_cast<ViewOp>(op)) {
        // A view that is a part takes its source into the concatenation.
        Home home = homeOf(view.getOutput());
        if (home.value != view.getOutput())
          homes[view.getInput()] = home;
      }
      uint64_t offset = 0;
      if (auto concat = llvm::dyn_cast<ConcatOp>(op))
        for (mlir::Value part : concat.getParts()) {
          Home home = homeOf(concat.getOutput());
          homes[part] = {home.value, home.offset + offset};
          offset += bytesOf(part);
        }
    }
    for (mlir::Value argument : body.getArguments())
      homes.try_emplace(argument, Home{argument, 0});
    for (mlir::Operation &op : body)
      if (auto view = llvm::dyn_cast<ViewOp>(op))
        homes[view.getOutput()] = homes[view.getInput()];
    return homes;
  }

  // What an operation reads of the arena: of a convolution the input alone; of windows nothing, the host gathers them.
  static mlir::ValueRange readsOf(mlir::Operation &op) {
    return llvm::isa<WindowsOp>(op)
               ? mlir::ValueRange()
               : mlir::ValueRange(op.getOperands()).take_front(llvm::isa<ConvOp>(op) ? 1 : SIZE_MAX);
  }

  mlir::LogicalResult checkSlices(ConcatOp concat) const {
    uint64_t bytes = 0, whole = bytesOf(concat.getOutput());
    for (mlir::Value part : concat.getParts())
      bytes += bytesOf(part);
    if (bytes != whole)
      return concat.emitOpError("has parts of ") << bytes << " bytes in a result of " << whole;
    return mlir::success();
  }

  mlir::LogicalResult layOut(mlir::func::FuncOp function, uint64_t &arena) {
    mlir::Block &body = function.getBody().front();
    Homes homes = homesOf(body);
    llvm::DenseMap<mlir::Value, size_t> tensorOf; // by home
    std::vector<TensorLife> lives;
    auto use = [&](mlir::Value v, int step) {
      mlir::Value home = homes.lookup(v).value;
      auto [it, fresh] = tensorOf.try_emplace(home, lives.size());
      if (fresh)
        lives.push_back({bytesOf(home), step, step});
      lives[it->second].last = std::max(lives[it->second].last, step);
    };
    // What the host writes before the launch: arguments, or their windows.
    auto written = [](mlir::Value argument) -> mlir::Value {
      auto windows =
          argument.hasOneUse() ? llvm::dyn_cast<WindowsOp>(*argument.getUsers().begin()) : WindowsOp();
      return windows ? windows.getOutput() : argument;
    };
    for (mlir::Value argument : body.getArguments())
      use(written(argument), -1);
    int step = 0;
    for (mlir::Operation &op : body) {
      for (mlir::Value v : op.getOperands()) // tensors alone; the next layer may run beside this one
        if (homes.count(v) && tensorOf.count(homes.lookup(v).value))
          use(v, step + 1);
      if (isLayer(&op))
        use(op.getResult(0), step++);
    }
    for (mlir::Operation &op : body) {
      auto concat = llvm::dyn_cast<ConcatOp>(op);
      if (concat && mlir::failed(checkSlices(concat)))
        return mlir::failure();
      for (mlir::Value v : readsOf(op))
        if (mlir::matchPattern(v, mlir::m_Constant()) || !tensorOf.count(homes.lookup(v).value))
          return op.emitOpError("reads a tensor that nothing writes to the arena");
    }
    uint64_t bytes = 0;
    std::vector<uint64_t> offsets = planArena(lives, target_->regionAlignment(), &bytes);
    arena = std::max(arena, bytes);
    auto place = [&](mlir::Value v) {
      const Home &home = homes.at(v);
      return uint32_t(offsets[tensorOf.at(home.value)] + home.offset);
    };
    for (mlir::Operation &op : body)
      if (isLayer(&op))
        if (mlir::failed(pack(&op, place)))
          return mlir::failure();

    mlir::Builder builder(&getContext());
    auto edge = [&](mlir::Value v) -> mlir::Attribute {
      Shape s = *shapeOf(v.getType());
      return builder.getDenseI64ArrayAttr({place(v), s.height, s.width, s.channels});
    };
    std::vector<mlir::Attribute> inputs, outputs;
    for (mlir::Value argument : body.getArguments()) {
      auto windows = written(argument).getDefiningOp<WindowsOp>();
      inputs.push_back(windows ? gathered(windows, place(windows.getOutput())) : edge(argument));
    }
    for (mlir::Value result : body.getTerminator()->getOperands())
      outputs.push_back(edge(result));
    function->setAttr("npu.inputs", builder.getArrayAttr(inputs));
    function->setAttr("npu.outputs", builder.getArrayAttr(outputs));
    return mlir::success();
  }

  // Offset, shape of the argument, then the numbers of tsr_runtime_write_windows and its fill.
  static mlir::Attribute gathered(WindowsOp op, uint32_t offset) {
    Shape in = *shapeOf(op.getInput().getType()), out = *shapeOf(op.getOutput().getType());
    std::vector<int64_t> numbers{offset, in.height, in.width, in.channels};
    for (auto list : {op.getKernel(), op.getStride(), op.getDilation(), op.getPad()})
      numbers.insert(numbers.end(), list.begin(), list.end());
    numbers.insert(numbers.end(), {out.height, out.width, int32_t(op.getFill())});
    return mlir::DenseI64ArrayAttr::get(op.getContext(), numbers);
  }

  uint32_t constantPlace(MemoryType memory) {
    uint32_t bytes = target_->elementBytes(memory);
    constants_->resize((constants_->size() + bytes - 1) / bytes * bytes, 0);
    return uint32_t(constants_->size());
  }

  // Blocks whose weights all fit the first parts need no more.
  void setBlockParts(ConvOp conv, const std::vector<int8_t> &weights, size_t channels) const {
    size_t count = weights.size() / size_t(*conv.getWeightParts()), perChannel = count / channels;
    std::vector<int64_t> parts(target_->channelBlocks(uint32_t(channels)), 1);
    for (size_t i = count; i < weights.size(); ++i)
      if (size_t at = i % count; weights[i] != 0)
        parts[(conv.getDepthwise() ? at % channels : at / perChannel) / target_->blockOut()] =
            int64_t(i / count) + 1;
    conv.setBlockParts(parts);
  }

  // Level vta: biases and what the exit wants in them.
  mlir::LogicalResult packShifted(mlir::Operation *op, Layer &layer, const std::vector<int32_t> &bias) {
    for (int32_t b : bias)
      layer.mostBias = std::max<int64_t>(layer.mostBias, std::abs(int64_t(b)));
    if (std::string why = sumRefusal(layer); !why.empty())
      return op->emitError(why);
    layer.parameterPlace.offset = constantPlace(MemoryType::Par);
    packBiases(*target_, bias, biasOffset(*layer.shiftExit), *constants_);
    setPlaces(op, layer);
    return mlir::success();
  }

  // Level vta: pools and additions, whose values go through the array on diagonals.
  template <class Place> mlir::LogicalResult packDiagonals(mlir::Operation *op, Layer &layer, Place place) {
    layer.weightPlace.offset = constantPlace(MemoryType::Wgt);
    std::vector<int32_t> bias(target_->blockOut(), 0);
    if (auto add = llvm::dyn_cast<EltwiseOp>(op)) {
      layer.rhsPlace.offset = place(add.getRhs());
      packUniformDiagonal(*target_, int8_t(layer.lhsStep), *constants_);
      packUniformDiagonal(*target_, int8_t(layer.rhsStep), *constants_);
      std::fill(bias.begin(), bias.end(),
                -(layer.lhs.zeroPoint * layer.lhsStep + layer.rhs.zeroPoint * layer.rhsStep));
    } else {
      for (uint32_t block = 0; block < target_->channelBlocks(layer.output.channels); ++block)
        packUniformDiagonal(*target_, 1, *constants_);
    }
    return packShifted(op, layer, bias);
  }

  template <class Place> mlir::LogicalResult pack(mlir::Operation *op, Place place) {
    Layer layer = layerOf(op);
    layer.inputPlace.offset = place(op->getOperand(0));
    layer.outputPlace.offset = place(op->getResult(0));
    if (auto conv = llvm::dyn_cast<ConvOp>(op)) {
      std::vector<int8_t> weights = constantValues<int8_t>(conv.getWeights());
      std::vector<int32_t> bias = constantValues<int32_t>(conv.getBias());
      size_t channels = layer.output.channels;
      size_t perChannel = size_t(layer.window.kernelHeight) * layer.window.kernelWidth *
                          (conv.getDepthwise() ? 1 : layer.input.channels);
      if (weights.size() != layer.weightParts * channels * perChannel ||
          (bias.size() != channels && bias.size() != 1))
        return op->emitError("has ") << weights.size() << " weights and " << bias.size() << " biases for "
                                     << channels << " channels of " << perChannel;
      ChannelParameters p{{}, conv.getMultiplier().vec(), conv.getShift().vec()};
      for (size_t c = 0; c < channels; ++c) {
        int64_t sum = 0;
        for (size_t part = 0; part < weights.size(); part += channels * perChannel)
          for (size_t i = 0; i < perChannel; ++i)
            sum += weights[part + (conv.getDepthwise() ? i * channels + c : c * perChannel + i)];
        p.bias.push_back(foldZeroPoint(bias[bias.size() == 1 ? 0 : c], layer.padValue, sum));
      }
      if (layer.weightParts > 1)
        setBlockParts(conv, weights, layer.output.channels);
      layer.weightPlace.offset = constantPlace(MemoryType::Wgt);
      if (conv.getDepthwise() && target_->isVta())
        packDiagonalWeights(*target_, layer, weights, *constants_);
      else if (conv.getDepthwise())
        packDepthwiseWeights(*target_, layer, weights, *constants_);
      else
        packConvWeights(*target_, layer, weights, *constants_);
      if (target_->isVta())
        return packShifted(op, layer, p.bias);
      layer.parameterPlace.offset = constantPlace(MemoryType::Par);
      packParameters(*target_, p, *constants_);
    } else if (target_->isVta()) {
      return packDiagonals(op, layer, place);
    } else if (layer.kind == LayerKind::AveragePool) {
      layer.parameterPlace.offset = constantPlace(MemoryType::Par);
      packAverageParameters(*target_, layer, *constants_);
    } else if (auto add = llvm::dyn_cast<EltwiseOp>(op)) {
      layer.rhsPlace.offset = place(add.getRhs());
      layer.parameterPlace.offset = constantPlace(MemoryType::Par);
      packUniformParameters(*target_, uint32_t(add.getScale()[0]), add.getScale()[1], *constants_);
    }
    setPlaces(op, layer);
    return mlir::success();
  }

  const Target *target_;
  std::vector<uint8_t> *constants_;
};

} // namespace

std::unique_ptr<mlir::Pass> createLayoutPass(const Target *target, std::vector<uint8_t> *constants) {
  return std::make_unique<LayoutPass>(target, constants);
}

} // namespace tessera::compiler::npu
