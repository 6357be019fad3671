#include "cpu/layout_choice.h"

#include "cpu/nest_of.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/EquivalenceClasses.h"

#include <map>

namespace tessera::compiler::cpu {

namespace {

using mlir::Value;
using mlir::linalg::GenericOp;

/// A picture, or a constant that is given the layout of one.
bool mayBecomePicture(Value value) {
  const auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && type.getRank() == 4 && type.hasStaticShape() &&
         mlir::isa<mlir::FloatType>(type.getElementType());
}

bool isPicture(Value value) {
  return mayBecomePicture(value) && !mlir::matchPattern(value, mlir::m_Constant());
}

/// Whether the body reads a tensor itself, not only the elements that its maps name.
bool readsTensors(GenericOp op) {
  return op.getRegion()
      .walk([](mlir::Operation *inner) {
        return llvm::any_of(inner->getOperandTypes(),
                            [](mlir::Type type) { return mlir::isa<mlir::TensorType>(type); })
                   ? mlir::WalkResult::interrupt()
                   : mlir::WalkResult::advance();
      })
      .wasInterrupted();
}

double elementsOf(Value value) {
  return static_cast<double>(mlir::cast<mlir::RankedTensorType>(value.getType()).getNumElements());
}

/// Each element is loaded and stored by itself.
double transposeCost(Value value, const CpuTarget &target) {
  return static_cast<double>(target.elementCost) * elementsOf(value);
}

bool hasOnePixel(Value value) {
  const auto shape = mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
  return shape[2] == 1 && shape[3] == 1;
}

/// A convolution or pooling whose channels stand before rows and columns: its output is (n, o, y, x), and of an input the last two dimensions move with y
/// and x, the second one with the output's or with a reduction alone.
bool isChannelsFirst(GenericOp op) {
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1 || op.getNumDpsInputs() < 1)
    return false;
  const mlir::AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0)),
                        in = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  if (out.getNumResults() != 4 || in.getNumResults() != 4 || !out.isProjectedPermutation())
    return false;
  const auto uses = [&](unsigned result, unsigned dimension) {
    return in.getResult(result).isFunctionOfDim(out.getDimPosition(dimension));
  };
  const auto isParallel = [&](unsigned dimension) {
    return op.getIteratorTypesArray()[dimension] == mlir::utils::IteratorType::parallel;
  };
  auto channel = mlir::dyn_cast<mlir::AffineDimExpr>(in.getResult(1));
  return channel && uses(2, 2) && uses(3, 3) && !uses(2, 1) && !uses(3, 1) &&
         (!isParallel(channel.getPosition()) || channel.getPosition() == out.getDimPosition(1));
}

/// Cost of the operation's loop nest with those operands that `isLast` names with channels last.
double costOf(GenericOp op, llvm::function_ref<bool(mlir::OpOperand &)> isLast, const CpuTarget &target) {
  const Relaid relaid = relay(op, isLast);
  if (op.getNumReductionLoops() == 0)
    return llvm::all_of(
               relaid.maps,
               [&](mlir::AffineMap map) { return !map.isPermutation() || map == relaid.maps.back(); })
               ? 0
               : transposeCost(op->getResult(0), target);
  LoopNest nest;
  double steps = 1;
  for (const unsigned loop : relaid.loops) {
    const bool isReduction = op.getIteratorTypesArray()[loop] == mlir::utils::IteratorType::reduction;
    nest.loops.push_back({op.getStaticLoopRanges()[loop], isReduction, loop});
    steps *= static_cast<double>(nest.loops.back().extent);
  }
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    const auto type = mlir::dyn_cast<mlir::RankedTensorType>(operand.get().getType());
    const bool isOutput = operand.getOperandNumber() >= op.getNumDpsInputs();
    if (!type || (!isOutput && op.getMatchingBlockArgument(&operand).use_empty()))
      continue;
    const llvm::SmallVector<int64_t> shape =
        isLast(operand) ? channelsLast(type.getShape()) : llvm::SmallVector<int64_t>(type.getShape());
    llvm::SmallVector<int64_t> strides(shape.size());
    int64_t stride = 1, offset = 0;
    for (size_t i = shape.size(); i-- > 0;) {
      strides[i] = stride;
      stride *= shape[i];
    }
    const auto array = linearArray(relaid.maps[operand.getOperandNumber()], strides,
                                   (type.getElementTypeBitWidth() + 7) / 8, offset);
    if (!array)
      return static_cast<double>(target.elementCost) * steps;
    Array ordered = *array;
    for (size_t i = 0; i < relaid.loops.size(); ++i)
      ordered.strides[i] = array->strides[relaid.loops[i]];
    ordered.isConstant = mlir::matchPattern(operand.get(), mlir::m_Constant());
    if (isOutput)
      nest.output = ordered;
    else
      nest.inputs.push_back(ordered);
  }
  nest.normalise();
  return leastCost(nest, target);
}

class Chooser {
public:
  Chooser(mlir::func::FuncOp function, const CpuTarget &target) : target_(target) {
    for (mlir::Operation &op : function.getBody().front())
      connect(&op);
    for (const Value argument : function.getArguments())
      addBorder(argument);
    for (mlir::Operation &op : function.getBody().front())
      addCosts(&op);
  }

  llvm::DenseSet<Value> run() {
    llvm::DenseSet<Value> result;
    if (nests_.empty())
      return result;
    isLast_.assign(classes_.size(), false);
    flip();
    const double first = cost();
    const std::vector<bool> kept = isLast_;
    // From the other end: a single flip in the middle of a network costs two transposes.
    for (size_t i = 0; i < classes_.size(); ++i)
      isLast_[i] = canFlip_[i];
    flip();
    if (cost() >= first)
      isLast_ = kept;
    for (const auto &[value, number] : numbers_)
      if (isLast_[number])
        result.insert(value);
    return result;
  }

private:
  using Classes = llvm::EquivalenceClasses<void *>;

  /// A loop nest, whose cost depends on the layouts of these classes.
  struct Nest {
    GenericOp op;
    std::vector<size_t> classes;
    std::map<std::vector<bool>, double> costs;
  };

  void join(Value a, Value b) {
    if (isPicture(a) && isPicture(b))
      joined_.unionSets(a.getAsOpaquePointer(), b.getAsOpaquePointer());
  }

  /// What must have one layout: results and what they start from, and what element-wise operations, pads and slices connect.
  void connect(mlir::Operation *op) {
    for (const Value result : op->getResults())
      if (isPicture(result))
        joined_.insert(result.getAsOpaquePointer());
    if (!canBeRelaid(op) || op->getNumResults() != 1)
      return;
    auto generic = mlir::dyn_cast<GenericOp>(op);
    if (!generic) {
      for (const Value operand : op->getOperands())
        join(operand, op->getResult(0));
      return;
    }
    join(generic.getDpsInits()[0], op->getResult(0));
    if (generic.getNumReductionLoops() == 0)
      for (mlir::OpOperand *operand : generic.getDpsInputOperands())
        if (generic.getMatchingIndexingMap(operand) == generic.getIndexingMapsArray().back())
          join(operand->get(), op->getResult(0));
  }

  /// Of a value that can have another layout the number of its class.
  std::optional<size_t> classOf(Value value) {
    if (!isPicture(value) || joined_.findValue(value.getAsOpaquePointer()) == joined_.end())
      return std::nullopt;
    void *leader = joined_.getLeaderValue(value.getAsOpaquePointer());
    const auto [known, isNew] = classes_.try_emplace(leader, classes_.size());
    if (isNew) {
      canFlip_.push_back(false);
      borders_.push_back(0);
    }
    numbers_[value] = known->second;
    return known->second;
  }

  void addCosts(mlir::Operation *op) {
    auto generic = mlir::dyn_cast<GenericOp>(op);
    if (generic && canBeRelaid(op)) {
      Nest nest{generic, {}, {}};
      for (const Value value : op->getOperands())
        if (const auto number = classOf(value)) {
          if (!llvm::is_contained(nest.classes, *number))
            nest.classes.push_back(*number);
          const bool isFirst = value == op->getOperand(0) || value == generic.getDpsInits()[0];
          if (isFirst && isChannelsFirst(generic))
            canFlip_[*number] = true;
        }
      nests_.push_back(std::move(nest));
    }
    if (canBeRelaid(op)) {
      for (const Value result : op->getResults())
        classOf(result);
      return;
    }
    for (const Value result : op->getResults())
      addBorder(result);
    for (const Value operand : op->getOperands())
      addBorder(operand);
  }

  void addBorder(Value value) {
    const auto number = classOf(value);
    if (number && !hasOnePixel(value))
      borders_[*number] += transposeCost(value, target_);
  }

  double costOfNest(Nest &nest) {
    std::vector<bool> key;
    for (const size_t number : nest.classes)
      key.push_back(isLast_[number]);
    const auto [known, isNew] = nest.costs.try_emplace(key, 0);
    if (isNew)
      known->second = costOf(
          nest.op,
          [&](mlir::OpOperand &operand) {
            const auto number = classOf(operand.get());
            return number && isLast_[*number];
          },
          target_);
    return known->second;
  }

  double cost() {
    double total = 0;
    for (Nest &nest : nests_)
      total += costOfNest(nest);
    for (size_t i = 0; i < classes_.size(); ++i)
      total += isLast_[i] ? borders_[i] : 0;
    return total;
  }

  /// Flips single classes for as long as one makes it cheaper.
  void flip() {
    std::vector<std::vector<Nest *>> nestsOf(classes_.size());
    for (Nest &nest : nests_)
      for (const size_t number : nest.classes)
        nestsOf[number].push_back(&nest);
    const auto costAt = [&](size_t number) {
      double total = isLast_[number] ? borders_[number] : 0;
      for (Nest *nest : nestsOf[number])
        total += costOfNest(*nest);
      return total;
    };
    for (bool isBetter = true; isBetter;) {
      isBetter = false;
      for (size_t i = 0; i < classes_.size(); ++i) {
        if (!canFlip_[i])
          continue;
        const double before = costAt(i);
        isLast_[i] = !isLast_[i];
        if (costAt(i) < before)
          isBetter = true;
        else
          isLast_[i] = !isLast_[i];
      }
    }
  }

  const CpuTarget &target_;
  Classes joined_;
  std::map<void *, size_t> classes_;      ///< leader: number
  llvm::DenseMap<Value, size_t> numbers_; ///< of a value's class
  std::vector<bool> canFlip_, isLast_;    ///< of each class
  std::vector<double> borders_;           ///< of each class, when its channels are last
  std::vector<Nest> nests_;
};

} // namespace

Relaid relay(GenericOp op, llvm::function_ref<bool(mlir::OpOperand &)> isLast) {
  Relaid result;
  for (mlir::OpOperand &operand : op->getOpOperands()) {
    mlir::AffineMap map = op.getMatchingIndexingMap(&operand);
    if (isLast(operand))
      map = mlir::AffineMap::get(map.getNumDims(), 0, channelsLast(map.getResults()), op.getContext());
    result.maps.push_back(map);
  }
  llvm::SmallVector<bool> isTaken(op.getNumLoops(), false);
  const auto take = [&](mlir::AffineMap map, mlir::utils::IteratorType kind) {
    for (const mlir::AffineExpr expression : map.getResults())
      for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
        if (!isTaken[loop] && op.getIteratorTypesArray()[loop] == kind && expression.isFunctionOfDim(loop)) {
          isTaken[loop] = true;
          result.loops.push_back(loop);
        }
  };
  const auto takeAll = [&](mlir::utils::IteratorType kind) {
    for (unsigned loop = 0; loop < op.getNumLoops(); ++loop)
      if (!isTaken[loop] && op.getIteratorTypesArray()[loop] == kind) {
        isTaken[loop] = true;
        result.loops.push_back(loop);
      }
  };
  take(result.maps[op.getNumDpsInputs()], mlir::utils::IteratorType::parallel);
  takeAll(mlir::utils::IteratorType::parallel);
  take(result.maps[0], mlir::utils::IteratorType::reduction);
  takeAll(mlir::utils::IteratorType::reduction);
  return result;
}

bool canBeRelaid(mlir::Operation *op) {
  if (auto generic = mlir::dyn_cast<GenericOp>(op))
    return generic.hasPureTensorSemantics() && generic.getNumDpsInits() == 1 &&
           !generic.hasIndexSemantics() &&
           llvm::none_of(generic.getStaticLoopRanges(), mlir::ShapedType::isDynamic) &&
           !readsTensors(generic);
  if (mlir::isa<mlir::linalg::FillOp, mlir::tensor::EmptyOp>(op))
    return true;
  // Both sides of a slice or pad change together, or neither does.
  if (auto pad = mlir::dyn_cast<mlir::tensor::PadOp>(op))
    return pad.getConstantPaddingValue() && isPicture(pad.getSource()) && isPicture(pad.getResult());
  if (auto slice = mlir::dyn_cast<mlir::tensor::ExtractSliceOp>(op))
    return isPicture(slice.getSource()) && isPicture(slice.getResult());
  if (auto slice = mlir::dyn_cast<mlir::tensor::InsertSliceOp>(op))
    return isPicture(slice.getResult()) && mayBecomePicture(slice.getSource()) &&
           mayBecomePicture(slice.getDest());
  return false;
}

llvm::DenseSet<Value> chooseChannelsLast(mlir::func::FuncOp function, const CpuTarget &target) {
  return Chooser(function, target).run();
}

} // namespace tessera::compiler::cpu
