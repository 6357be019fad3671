#include "cpu/row_chain.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace tessera::compiler::cpu {

namespace {

using mlir::linalg::LinalgOp;

bool isReshape(mlir::Operation *op) {
  return mlir::isa<mlir::tensor::ExpandShapeOp, mlir::tensor::CollapseShapeOp>(op);
}

int64_t bytesOf(mlir::Value value) {
  const auto type = mlir::cast<mlir::ShapedType>(value.getType());
  return type.getNumElements() * ((type.getElementTypeBitWidth() + 7) / 8);
}

/// Which result of the map is each of the loops, where no other result moves with them.
std::optional<RowPlaces> placesIn(mlir::AffineMap map, llvm::ArrayRef<unsigned> loops) {
  RowPlaces places;
  for (const unsigned loop : loops) {
    std::optional<unsigned> found;
    for (auto [place, result] : llvm::enumerate(map.getResults())) {
      if (!result.isFunctionOfDim(loop))
        continue;
      if (found || !mlir::isa<mlir::AffineDimExpr>(result))
        return std::nullopt;
      found = static_cast<unsigned>(place);
    }
    if (!found)
      return std::nullopt;
    places.push_back(*found);
  }
  return places;
}

/// Which loop of the map each of these results is.
std::optional<RowPlaces> loopsAt(mlir::AffineMap map, llvm::ArrayRef<unsigned> places) {
  RowPlaces loops;
  for (const unsigned place : places) {
    const auto loop = mlir::dyn_cast<mlir::AffineDimExpr>(map.getResult(place));
    if (!loop || llvm::is_contained(loops, loop.getPosition()))
      return std::nullopt;
    loops.push_back(loop.getPosition());
  }
  return loops;
}

/// The dimensions of `from` that a reshape makes of those of `to`: each stands in its group beside dimensions of one element alone.
std::optional<RowPlaces> placesThrough(llvm::ArrayRef<mlir::ReassociationIndices> groups, bool isExpansion,
                                       mlir::Value to, llvm::ArrayRef<unsigned> places, mlir::Value from) {
  const auto shape = mlir::cast<mlir::ShapedType>(to.getType()).getShape(),
             origin = mlir::cast<mlir::ShapedType>(from.getType()).getShape();
  RowPlaces result;
  for (const unsigned place : places) {
    std::optional<unsigned> found;
    for (auto [narrow, group] : llvm::enumerate(groups))
      if (isExpansion && llvm::is_contained(group, static_cast<int64_t>(place)))
        found = static_cast<unsigned>(narrow);
      else if (!isExpansion && narrow == place)
        for (const int64_t wide : group)
          if (origin[static_cast<size_t>(wide)] == shape[place])
            found = static_cast<unsigned>(wide);
    if (!found || origin[*found] != shape[place])
      return std::nullopt;
    result.push_back(*found);
  }
  return result;
}

std::optional<RowPlaces> placesBehind(mlir::Operation *reshape, llvm::ArrayRef<unsigned> places) {
  const mlir::Value to = reshape->getResult(0), from = reshape->getOperand(0);
  if (auto expand = mlir::dyn_cast<mlir::tensor::ExpandShapeOp>(reshape))
    return placesThrough(expand.getReassociationIndices(), false, from, places, to);
  return placesThrough(mlir::cast<mlir::tensor::CollapseShapeOp>(reshape).getReassociationIndices(), true,
                       from, places, to);
}

} // namespace

std::optional<RowPlaces> placesBefore(mlir::Operation *reshape, llvm::ArrayRef<unsigned> places) {
  const mlir::Value to = reshape->getResult(0), from = reshape->getOperand(0);
  if (auto expand = mlir::dyn_cast<mlir::tensor::ExpandShapeOp>(reshape))
    return placesThrough(expand.getReassociationIndices(), true, to, places, from);
  return placesThrough(mlir::cast<mlir::tensor::CollapseShapeOp>(reshape).getReassociationIndices(), false,
                       to, places, from);
}

namespace {

class Finder {
public:
  explicit Finder(const CpuTarget &target) : target_(target) {}

  /// The chain that ends in `last`, whose loops `loops` are its rows.
  std::optional<RowChain> endingIn(LinalgOp last, const RowPlaces &loops) const {
    RowChain chain;
    const auto extents = last.getStaticLoopRanges();
    for (const unsigned loop : loops)
      chain.rows.push_back(extents[loop]);
    if (!fits(last, loops))
      return std::nullopt;
    const auto places = placesIn(last.getMatchingIndexingMap(last.getDpsInitOperand(0)), loops);
    if (!places)
      return std::nullopt;
    add(chain, last, *places, &loops);
    for (mlir::Operation *op = last->getPrevNode(); op; op = op->getPrevNode())
      join(chain, op);
    std::reverse(chain.members.begin(), chain.members.end());
    return chain;
  }

private:
  static void add(RowChain &chain, mlir::Operation *op, const RowPlaces &places, const RowPlaces *loops) {
    chain.members.push_back(op);
    chain.places[op->getResult(0)] = places;
    if (loops)
      chain.loops[op] = *loops;
  }

  /// Adds the operation where all who read it are of the chain and read the same rows.
  void join(RowChain &chain, mlir::Operation *op) const {
    auto linalg = mlir::dyn_cast<LinalgOp>(op);
    if (op->getNumResults() != 1 || op->use_empty() || (!linalg && !isReshape(op)))
      return;
    std::optional<RowPlaces> agreed;
    for (mlir::OpOperand &use : op->getUses()) {
      const auto places = readBy(chain, use);
      if (!places || (agreed && *agreed != *places))
        return;
      agreed = places;
    }
    if (!linalg) {
      if (placesBefore(op, *agreed))
        add(chain, op, *agreed, nullptr);
      return;
    }
    if (!linalg.hasPureTensorSemantics())
      return;
    const auto loops = loopsAt(linalg.getMatchingIndexingMap(linalg.getDpsInitOperand(0)), *agreed);
    if (loops && fits(linalg, *loops))
      add(chain, op, *agreed, &*loops);
  }

  static std::optional<RowPlaces> readBy(const RowChain &chain, mlir::OpOperand &use) {
    mlir::Operation *reader = use.getOwner();
    if (const auto loops = chain.loops.find(reader); loops != chain.loops.end())
      return placesIn(mlir::cast<LinalgOp>(reader).getMatchingIndexingMap(&use), loops->second);
    if (isReshape(reader))
      if (const auto places = chain.places.find(reader->getResult(0)); places != chain.places.end())
        return placesBefore(reader, places->second);
    return std::nullopt;
  }

  bool fits(LinalgOp op, llvm::ArrayRef<unsigned> loops) const {
    if (!op.hasPureTensorSemantics() || op.hasDynamicShape() || op.getNumDpsInits() != 1 ||
        mlir::isa<mlir::linalg::MapOp>(op) ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isProjectedPermutation(true))
      return false;
    const auto iterators = op.getIteratorTypesArray();
    for (const unsigned loop : loops)
      if (iterators[loop] != mlir::utils::IteratorType::parallel)
        return false;
    for (mlir::OpOperand &operand : op->getOpOperands())
      for (const mlir::AffineExpr result : op.getMatchingIndexingMap(&operand).getResults())
        for (const unsigned loop : loops)
          if (result.isFunctionOfDim(loop) && !mlir::isa<mlir::AffineDimExpr>(result))
            return false;
    const bool isPure = !op->walk([&](mlir::Operation *inner) {
                             return inner == op.getOperation() || mlir::isMemoryEffectFree(inner)
                                        ? mlir::WalkResult::advance()
                                        : mlir::WalkResult::interrupt();
                           }).wasInterrupted();
    return isPure && (op.getNumReductionLoops() > 0 ? isReduced(op, loops) : !readsSums(op));
  }

  /// A reduction that blocks of rows do no harm: of one tensor, or a product of tensors that stay in the cache.
  bool isReduced(LinalgOp op, llvm::ArrayRef<unsigned> loops) const {
    if (op.getNumDpsInputs() == 1)
      return true;
    for (mlir::OpOperand *operand : op.getDpsInputOperands()) {
      const mlir::AffineMap map = op.getMatchingIndexingMap(operand);
      if (!map.isProjectedPermutation(true) || mlir::matchPattern(operand->get(), mlir::m_Constant()))
        return false;
      int64_t bytes = bytesOf(operand->get());
      for (const unsigned loop : loops)
        if (map.isFunctionOfDim(loop))
          bytes /= op.getStaticLoopRanges()[loop];
      if (bytes > target_.residentBytes())
        return false;
    }
    return true;
  }

  /// Whether it reads the sums of a reduction that has no other reader and is none of rows: it is done while they are in registers.
  bool readsSums(LinalgOp op) const {
    return llvm::any_of(op.getDpsInputs(), [&](mlir::Value input) {
      auto sums = input.getDefiningOp<LinalgOp>();
      return sums && sums.getNumReductionLoops() > 0 && input.hasOneUse() && sums.getNumDpsInputs() > 1 &&
             llvm::any_of(sums.getDpsInputs(),
                          [](mlir::Value factor) { return mlir::matchPattern(factor, mlir::m_Constant()); });
    });
  }

  const CpuTarget &target_;
};

/// The only reader of the chain's result, behind reshapes that leave its rows, with the rows' loops.
std::pair<LinalgOp, RowPlaces> readerOf(const RowChain &chain) {
  mlir::Value value = chain.last()->getResult(0);
  RowPlaces places = chain.places.lookup(value);
  while (value.hasOneUse()) {
    mlir::OpOperand &use = *value.use_begin();
    if (use.getOwner()->getBlock() != chain.last()->getBlock())
      break;
    if (auto reader = mlir::dyn_cast<LinalgOp>(use.getOwner())) {
      const auto loops =
          reader.isDpsInput(&use) ? loopsAt(reader.getMatchingIndexingMap(&use), places) : std::nullopt;
      return loops ? std::pair(reader, *loops) : std::pair(LinalgOp(), RowPlaces());
    }
    const auto behind = isReshape(use.getOwner()) ? placesBehind(use.getOwner(), places) : std::nullopt;
    if (!behind)
      break;
    places = *behind;
    value = use.getOwner()->getResult(0);
  }
  return {};
}

bool isReduction(mlir::Operation *op) {
  auto linalg = mlir::dyn_cast<LinalgOp>(op);
  return linalg && linalg.getNumReductionLoops() > 0;
}

/// Element-wise members write where they read, where nobody reads that later.
void findPlaces(RowChain &chain) {
  llvm::DenseMap<mlir::Operation *, size_t> order;
  for (auto [i, op] : llvm::enumerate(chain.members))
    order[op] = i;
  const std::function<size_t(mlir::Value)> lastRead = [&](mlir::Value value) {
    size_t last = 0;
    for (mlir::Operation *user : value.getUsers()) {
      const size_t read = isReshape(user) ? lastRead(user->getResult(0)) : order.lookup(user);
      last = std::max(last, read);
    }
    return last;
  };
  for (mlir::Operation *op : chain.members) {
    auto linalg = mlir::dyn_cast<LinalgOp>(op);
    if (!linalg || op == chain.last() || linalg.getNumReductionLoops() > 0 ||
        !linalg.getDpsInits()[0].getDefiningOp<mlir::tensor::EmptyOp>())
      continue;
    const mlir::AffineMap written = linalg.getMatchingIndexingMap(linalg.getDpsInitOperand(0));
    for (mlir::OpOperand *operand : linalg.getDpsInputOperands()) {
      mlir::Operation *origin = operand->get().getDefiningOp();
      if (chain.loops.contains(origin) && operand->get().getType() == op->getResult(0).getType() &&
          linalg.getMatchingIndexingMap(operand) == written && lastRead(operand->get()) == order.lookup(op)) {
        chain.inPlace[op] = operand->get();
        break;
      }
    }
  }
}

} // namespace

int64_t RowChain::bytesOfRow() const {
  llvm::SetVector<mlir::Value> held;
  for (mlir::Operation *op : members) {
    const auto of = loops.find(op);
    if (of == loops.end())
      continue; // a reshape
    auto linalg = mlir::cast<LinalgOp>(op);
    const bool isStart = linalg.getNumDpsInputs() == 0 || mlir::isa<mlir::linalg::FillOp>(op); // its reader's
    if (!inPlace.contains(op) && !isStart)
      held.insert(op->getResult(0));
    for (mlir::OpOperand *operand : linalg.getDpsInputOperands())
      if (mlir::isa<mlir::ShapedType>(operand->get().getType()) && !places.contains(operand->get()) &&
          placesIn(linalg.getMatchingIndexingMap(operand), of->second))
        held.insert(operand->get());
  }
  int64_t bytes = 0;
  for (const mlir::Value value : held)
    bytes += bytesOf(value);
  for (const int64_t extent : rows)
    bytes /= extent;
  return bytes;
}

std::optional<RowChain> rowChainOf(LinalgOp spread, const CpuTarget &target) {
  if (!spread.hasPureTensorSemantics() || spread.hasDynamicShape() || spread.getNumReductionLoops() != 0)
    return std::nullopt;
  const auto extents = spread.getStaticLoopRanges();
  for (mlir::OpOperand *operand : spread.getDpsInputOperands()) {
    const mlir::AffineMap map = spread.getMatchingIndexingMap(operand);
    RowPlaces loops;
    bool isSpread = false;
    for (unsigned loop = 0; loop < extents.size(); ++loop) {
      if (extents[loop] > 1 && map.isFunctionOfDim(loop))
        loops.push_back(loop);
      isSpread = isSpread || (extents[loop] > 1 && !map.isFunctionOfDim(loop));
    }
    if (!isSpread || loops.empty() || mlir::matchPattern(operand->get(), mlir::m_Constant()))
      continue;
    const Finder finder(target);
    auto chain = finder.endingIn(spread, loops);
    if (!chain || !chain->places.contains(operand->get()) || !llvm::any_of(chain->members, isReduction))
      continue; // what is spread comes from elsewhere
    for (;;) {
      const auto [reader, rows] = readerOf(*chain);
      auto longer = reader ? finder.endingIn(reader, rows) : std::nullopt;
      if (!longer || longer->members.size() <= chain->members.size())
        break;
      chain = std::move(longer);
    }
    findPlaces(*chain);
    return chain;
  }
  return std::nullopt;
}

} // namespace tessera::compiler::cpu
