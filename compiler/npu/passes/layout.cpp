// Layout. Gives every tensor of the NPU segments its place in the arena in the blocked layout of docs/architecture.md (places are
// reused when the last reader is done), packs weights and parameters into the constants, and notes on each segment how its inputs and
// results cross between the arena and host code (`npu.inputs`, `npu.outputs`; docs/host-code.md). The plan is of the whole network: what one
// launch leaves for another stays where it is, and where the blocked layout is the dense array host code uses the arena's bytes themselves. Refuses an
// arena or constants beyond 32-bit addresses.
#include "core/pack.h"
#include "core/region.h"
#include "core/shift_exit.h"
#include "dialect/convert.h"
#include "passes/blocked.h"
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
    std::vector<Segment> segments;
    Plan plan;
    for (mlir::func::FuncOp function : getOperation().getOps<mlir::func::FuncOp>())
      if (function->hasAttr("npu.segment"))
        homes_[function] = homesOf(function.getBody().front());
    if (auto main = getOperation().lookupSymbol<mlir::func::FuncOp>("main")) {
      for (auto call : main.getOps<mlir::func::CallOp>())
        if (mlir::failed(addCall(call, plan, segments)))
          return signalPassFailure();
    } else {
      for (mlir::func::FuncOp function : getOperation().getOps<mlir::func::FuncOp>())
        if (function->hasAttr("npu.segment") && mlir::failed(addSegment(function, {}, plan, segments)))
          return signalPassFailure();
    }
    uint64_t arena = 0;
    plan.offsets = planArena(plan.lives, target_->regionAlignment(), &arena);
    for (const Segment &segment : segments)
      if (mlir::failed(finish(segment, plan)))
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

  // A tensor of the arena, or what begins at an offset in one.
  struct Tensor {
    size_t life = 0;
    uint64_t offset = 0;
  };
  // How a value comes to a launch or from it: by the host's hand between dense array and arena, in place because host code writes and reads it
  // where it lies, or not at all because only launches use it (or an earlier one has brought it).
  enum class Crossing { Converted, Shared, None };
  struct Segment {
    mlir::func::FuncOp function;
    llvm::DenseMap<mlir::Value, Tensor> tensors; // by home
    std::vector<Crossing> inputs, outputs;
  };
  // A value of @main that lies in the arena.
  struct Border {
    Tensor tensor;
    Crossing crossing = Crossing::None;
  };
  struct Plan {
    std::vector<TensorLife> lives; // steps of all segments, one after the other
    std::vector<uint64_t> offsets;
    int step = 0;
    llvm::DenseMap<mlir::Value, Border> borders;
    llvm::DenseMap<mlir::Value, int> made; // by host code: when
    int launch = 0;                        // first step of the last launch
    llvm::SmallVector<mlir::func::CallOp> beside;
  };

  // What the host writes before the launch: the argument, or its windows.
  static mlir::Value written(mlir::Value argument) {
    auto windows =
        argument.hasOneUse() ? llvm::dyn_cast<WindowsOp>(*argument.getUsers().begin()) : WindowsOp();
    return windows ? windows.getOutput() : argument;
  }

  // The segment reads the argument where it already lies: it wants no windows of it, and not in a slice of its own.
  bool readsInPlace(mlir::func::FuncOp function, unsigned index) {
    mlir::Value argument = function.getArgument(index);
    return written(argument) == argument && homes_[function].lookup(argument).value == argument;
  }

  static bool isResult(mlir::Value v) {
    return llvm::any_of(v.getUsers(),
                        [](mlir::Operation *user) { return llvm::isa<mlir::func::ReturnOp>(user); });
  }

  // Host code reads and writes the value as it lies in the arena. A result of the network goes to its caller's array.
  bool maySeeInPlace(mlir::Value v) const {
    std::optional<Shape> s = shapeOf(v.getType());
    return s && (target_->isDense(s->height, s->width, s->channels) || isBlocked(v)) && !isResult(v);
  }

  Crossing outputCrossing(mlir::Value result) {
    for (mlir::OpOperand &use : result.getUses()) {
      auto call = llvm::dyn_cast<mlir::func::CallOp>(use.getOwner());
      mlir::func::FuncOp callee = call ? calleeOf(call) : mlir::func::FuncOp();
      if (!callee || !callee->hasAttr("npu.segment") || !readsInPlace(callee, use.getOperandNumber()))
        return maySeeInPlace(result) ? Crossing::Shared : Crossing::Converted;
    }
    return Crossing::None;
  }

  mlir::LogicalResult addCall(mlir::func::CallOp call, Plan &plan, std::vector<Segment> &segments) {
    mlir::func::FuncOp function = calleeOf(call);
    // What host code reads in place lives until then, what it gives to a segment's host code too.
    for (mlir::Value operand : call.getOperands())
      if (auto border = plan.borders.find(operand);
          border != plan.borders.end() && border->second.crossing == Crossing::Shared) {
        int &last = plan.lives[border->second.tensor.life].last;
        last = std::max(last, plan.step);
      }
    if (function->hasAttr("npu.segment"))
      return addSegment(function, call, plan, segments);
    // What runs beside a launch writes while that reads and writes its own.
    for (mlir::Value result : call.getResults())
      plan.made[result] = llvm::is_contained(plan.beside, call) ? plan.launch : plan.step;
    ++plan.step;
    return mlir::success();
  }

  // Gives the tensors of a segment their lives. Steps of the plan: one for what the host writes, one a layer, one for what it reads.
  mlir::LogicalResult addSegment(mlir::func::FuncOp function, mlir::func::CallOp call, Plan &plan,
                                 std::vector<Segment> &segments) {
    mlir::Block &body = function.getBody().front();
    const Homes &homes = homes_[function];
    Segment segment;
    segment.function = function;
    auto &tensorOf = segment.tensors;
    const int begin = plan.step;
    auto use = [&](mlir::Value v, int step) {
      mlir::Value home = homes.lookup(v).value;
      auto [it, fresh] = tensorOf.try_emplace(home, Tensor{plan.lives.size(), 0});
      if (fresh)
        plan.lives.push_back({bytesOf(home), step, step});
      TensorLife &life = plan.lives[it->second.life];
      life.last = std::max(life.last, step);
    };
    for (mlir::BlockArgument argument : body.getArguments()) {
      mlir::Value value = call ? call.getOperand(argument.getArgNumber()) : mlir::Value();
      const bool inPlace = value && readsInPlace(function, argument.getArgNumber());
      Crossing crossing = Crossing::Converted;
      if (auto border = plan.borders.find(value); inPlace && border != plan.borders.end()) {
        tensorOf[argument] = border->second.tensor;
        crossing = Crossing::None;
      }
      use(written(argument), begin);
      if (inPlace && crossing != Crossing::None) {
        auto made = plan.made.find(value);
        if (made != plan.made.end() && maySeeInPlace(value)) {
          crossing = Crossing::Shared;
          plan.lives[tensorOf[argument].life].first = made->second;
        }
        plan.borders[value] = {tensorOf[argument], crossing};
      }
      segment.inputs.push_back(crossing);
    }
    int step = begin + 1;
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
    for (auto [index, result] : llvm::enumerate(body.getTerminator()->getOperands())) {
      const Crossing crossing = call ? outputCrossing(call.getResult(unsigned(index))) : Crossing::Converted;
      segment.outputs.push_back(crossing);
      if (!call)
        continue;
      const Home &home = homes.at(result);
      Tensor tensor = tensorOf.at(home.value);
      tensor.offset += home.offset;
      plan.borders[call.getResult(unsigned(index))] = {tensor, crossing};
    }
    plan.step = step + 2;
    plan.launch = begin;
    plan.beside = call ? callsBeside(call) : llvm::SmallVector<mlir::func::CallOp>();
    segments.push_back(std::move(segment));
    return mlir::success();
  }

  // Places, constants and edges of a segment.
  mlir::LogicalResult finish(const Segment &segment, const Plan &plan) {
    mlir::func::FuncOp function = segment.function;
    mlir::Block &body = function.getBody().front();
    const Homes &homes = homes_[function];
    auto place = [&](mlir::Value v) {
      const Home &home = homes.at(v);
      const Tensor &tensor = segment.tensors.at(home.value);
      return uint32_t(plan.offsets[tensor.life] + tensor.offset + home.offset);
    };
    for (mlir::Operation &op : body)
      if (isLayer(&op))
        if (mlir::failed(pack(&op, place)))
          return mlir::failure();

    mlir::Builder builder(&getContext());
    auto edge = [&](mlir::Value v, Crossing crossing) -> mlir::Attribute {
      if (crossing == Crossing::None)
        return builder.getDenseI64ArrayAttr({});
      Shape s = *shapeOf(v.getType());
      if (crossing == Crossing::Shared)
        return builder.getDenseI64ArrayAttr({place(v), target_->isDense(s.height, s.width, s.channels)
                                                           ? int64_t(s.height) * s.width * s.channels
                                                           : int64_t(bytesOf(v))});
      return builder.getDenseI64ArrayAttr({place(v), s.height, s.width, s.channels});
    };
    std::vector<mlir::Attribute> inputs, outputs;
    for (auto [argument, crossing] : llvm::zip_equal(body.getArguments(), segment.inputs)) {
      auto windows = written(argument).getDefiningOp<WindowsOp>();
      inputs.push_back(windows ? gathered(windows, place(windows.getOutput())) : edge(argument, crossing));
    }
    for (auto [result, crossing] : llvm::zip_equal(body.getTerminator()->getOperands(), segment.outputs))
      outputs.push_back(edge(result, crossing));
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
  llvm::DenseMap<mlir::Operation *, Homes> homes_;
};

} // namespace

std::unique_ptr<mlir::Pass> createLayoutPass(const Target *target, std::vector<uint8_t> *constants) {
  return std::make_unique<LayoutPass>(target, constants);
}

} // namespace tessera::compiler::npu
