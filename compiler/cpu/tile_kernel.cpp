#include "cpu/tile_kernel.h"

#include "cpu/flat_buffer.h"
#include "cpu/pack_constant.h"
#include "cpu/parts.h"
#include "cpu/tile_positions.h"
#include "cpu/vector_body.h"
#include "cpu/vector_memory.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <map>

namespace tessera::compiler::cpu {

namespace {

using mlir::Location;
using mlir::OpBuilder;
using mlir::Value;
using Values = llvm::SmallVector<Value>;
namespace arith = mlir::arith;
namespace vector = mlir::vector;

/// An array as the kernel reads it.
struct Source {
  Value flat; ///< one dimension, from the first element
  int64_t offset = 0;
  std::vector<int64_t> outer; ///< strides of the loops' indices
  std::vector<int64_t> inner; ///< strides of the steps within a tile
  bool isPadded = false;      ///< whole vectors may be read where the loop has fewer
};

class Writer {
public:
  Writer(OpBuilder &builder, mlir::linalg::LinalgOp op, const NestOf &source, const Tile &tile,
         const CpuTarget &target)
      : builder_(builder), location_(op.getLoc()), op_(op), source_(source), nest_(source.nest), tile_(tile),
        target_(target), lanes_(target.vectorBytes / source.nest.output.elementBytes),
        body_(builder, op.getLoc(), lanes_), memory_(builder, op.getLoc(), lanes_) {}

  /// Makes the products dots of four bytes.
  void useDots(const ByteDot &dot) { dot_ = &dot; }

  /// Makes each product a dot of two int16.
  void useProducts(const WordProducts &products) { products_ = &products; }

  void run() {
    orderLoops();
    for (const NestInput &input : source_.inputs)
      sources_.push_back(input.array ? sourceOf(input) : Source());
    const Array &output = nest_.last ? nest_.last->output : nest_.output;
    mlir::linalg::LinalgOp last = source_.last;
    output_ = {flat(last ? last.getDpsInits()[0] : source_.output->get()), 0, output.strides, output.strides,
               false};
    for (const NestInput &input : source_.lastInputs)
      lastSources_.push_back(input.array ? Source{flat(input.operand->get()), input.offset,
                                                  nest_.last->inputs[*input.array].strides,
                                                  nest_.last->inputs[*input.array].strides, false}
                                         : Source());
    if (isOffset())
      excess_ = excessOf();
    if (mlir::linalg::LinalgOp first = source_.first; first && nest_.start)
      start_ = {flat(first.getDpsInputs()[0]), 0, nest_.start->strides, nest_.start->strides, false};
    indices_.assign(nest_.loops.size(), Value());
    if (std::any_of(nest_.loops.begin(), nest_.loops.end(),
                    [](const Loop &loop) { return loop.extent == LoopNest::kUnknown; }))
      for (const mlir::Range &range : op_.createLoopRanges(builder_, location_))
        ranges_.push_back(range.size);
    writeParallel(0, tile_.sizes);
  }

private:
  // ---- loops -------------------------------------------------------------------------------------------------------------

  void orderLoops() {
    const bool isInside = constantsAreInside(nest_, target_) != tile_.otherOrder;
    const auto rank = [&](unsigned loop) {
      bool all = nest_.output.strides[loop] != 0, constant = false;
      for (const Array &input : nest_.inputs) {
        all = all && input.strides[loop] != 0;
        constant = constant || (input.isConstant && input.strides[loop] != 0);
      }
      return all || nest_.loops[loop].extent == LoopNest::kUnknown ? 0 : constant != isInside ? 1 : 2;
    };
    for (unsigned loop = 0; loop < nest_.loops.size(); ++loop)
      (nest_.loops[loop].isReduction ? reductions_ : parallel_).push_back(loop);
    std::sort(parallel_.begin(), parallel_.end(),
              [&](unsigned a, unsigned b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
    // Neighbours in memory innermost.
    const auto step = [&](unsigned loop) {
      for (const Array &input : nest_.inputs)
        if (!input.isConstant)
          return std::abs(input.strides[loop]);
      return int64_t{0};
    };
    std::sort(reductions_.begin(), reductions_.end(),
              [&](unsigned a, unsigned b) { return std::pair(-step(a), a) < std::pair(-step(b), b); });
  }

  void writeParallel(size_t depth, std::vector<int64_t> sizes) {
    if (depth == parallel_.size()) {
      writeKernel(sizes);
      return;
    }
    const unsigned loop = parallel_[depth];
    const int64_t extent = nest_.loops[loop].extent, size = tile_.sizes[loop];
    if (extent == LoopNest::kUnknown) {
      const Value end =
          mlir::getValueOrCreateConstantIndexOp(builder_, location_, ranges_[nest_.loops[loop].source]);
      inLoop(loop, end, 1, [&] { writeParallel(depth + 1, sizes); });
      return;
    }
    const int64_t whole = extent / size * size;
    sizes[loop] = size;
    if (whole == size) {
      indices_[loop] = index(0);
      writeParallel(depth + 1, sizes);
    } else if (whole > 0) {
      inLoop(loop, index(whole), size, [&] { writeParallel(depth + 1, sizes); });
    }
    if (whole == extent)
      return;
    sizes[loop] = extent - whole;
    indices_[loop] = index(whole);
    writeParallel(depth + 1, sizes);
  }

  void inLoop(unsigned loop, Value end, int64_t step, llvm::function_ref<void()> body) {
    auto created = builder_.create<mlir::scf::ForOp>(location_, index(0), end, index(step));
    created->setAttr(kParallelLoop, builder_.getUnitAttr());
    created->setAttr(kExchange, builder_.getI64IntegerAttr(exchangedBytes(nest_, loop)));
    indices_[loop] = created.getInductionVar();
    OpBuilder::InsertionGuard guard(builder_);
    builder_.setInsertionPointToStart(created.getBody());
    body();
  }

  // ---- one tile ----------------------------------------------------------------------------------------------------------

  void writeKernel(const std::vector<int64_t> &sizes) {
    const std::vector<Position> positions = positionsOf(nest_, tile_, sizes, lanes_);
    Values bases;
    for (const Source &source : sources_)
      bases.push_back(source.flat ? base(source) : Value());
    const Value outputBase = base(output_);
    Values sums;
    started_.clear();
    for (const Position &position : positions)
      sums.push_back(start(outputBase, position));
    if (isOffset()) {
      const Value excessBase = base(excess_);
      for (const auto &[position, sum] : llvm::zip(positions, sums))
        sum = builder_.create<arith::SubIOp>(
            location_, sum,
            memory_.load(excess_.flat, plus(excessBase, index(position.steps[dot_->filters])), 1, lanes_));
    }
    places_.clear();
    if (dot_ && dot_->zeroPoint != 0)
      for (const Position &position : positions)
        if (position.steps[dot_->filters] == 0)
          places_.push_back(position);
    sums.append(places_.size(),
                asVector(builder_.create<arith::ConstantOp>(location_, builder_.getZeroAttr(sumType()))));
    sums = writeReduction(0, bases, sums, positions);
    addPictureSums(positions, sums);
    Values lastBases;
    for (const Source &source : lastSources_)
      lastBases.push_back(source.flat ? base(source) : Value());
    read_.clear();
    const bool isLater = finishesLater();
    for (const auto &[position, value] : llvm::zip(positions, sums))
      store(outputBase, position, source_.last && !isLater ? finish(position, lastBases, value) : value);
    if (isLater)
      finishInLoops(0, sizes, outputBase, lastBases, lanes_);
  }

  /// Whether the reader of the sums is long (it approximates a function): then it is written once, in loops over the tile, which reads the sums where it writes. Unrolled
  /// into each place of a tile and of each rest it would be most of the code.
  bool finishesLater() {
    mlir::linalg::LinalgOp last = source_.last;
    return last && output_.inner[tile_.vector] == 1 &&
           mlir::cast<mlir::MemRefType>(output_.flat.getType()).getElementType() == sumType() &&
           approximatesFunction(last);
  }

  void finishInLoops(unsigned loop, const std::vector<int64_t> &sizes, Value place, const Values &bases,
                     int64_t lanes) {
    if (loop == sizes.size()) {
      const Position here{std::vector<int64_t>(sizes.size(), 0), lanes};
      read_.clear();
      store(place, here, finish(here, bases, asVector(memory_.load(output_.flat, place, 1, lanes))));
      return;
    }
    const auto at = [&](Value step, int64_t within) {
      Values moved = bases;
      for (auto [value, source] : llvm::zip(moved, lastSources_))
        if (value)
          value = plus(value, times(step, source.inner[loop]));
      finishInLoops(loop + 1, sizes, plus(place, times(step, output_.inner[loop])), moved, within);
    };
    const int64_t each = loop == tile_.vector ? lanes_ : 1, whole = sizes[loop] / each * each;
    if (whole > each) {
      auto created = builder_.create<mlir::scf::ForOp>(location_, index(0), index(whole), index(each));
      OpBuilder::InsertionGuard guard(builder_);
      builder_.setInsertionPointToStart(created.getBody());
      at(created.getInductionVar(), lanes);
    } else if (whole == each) {
      at(index(0), lanes);
    }
    if (whole < sizes[loop])
      at(index(whole), sizes[loop] - whole);
  }

  /// To each sum the weights' zero point times the sum of its place in the picture, which stands behind the others.
  void addPictureSums(const std::vector<Position> &positions, Values &sums) {
    if (places_.empty())
      return;
    const Value zeroPoint = asVector(builder_.create<arith::ConstantIntOp>(location_, dot_->zeroPoint, 32));
    for (size_t place = 0; place < places_.size(); ++place) {
      const Value more = builder_.create<arith::MulIOp>(location_, sums[positions.size() + place], zeroPoint);
      for (size_t i = 0; i < positions.size(); ++i) {
        std::vector<int64_t> steps = positions[i].steps;
        steps[dot_->filters] = 0;
        if (steps == places_[place].steps)
          sums[i] = builder_.create<arith::AddIOp>(location_, sums[i], more);
      }
    }
  }

  Values writeReduction(size_t depth, Values bases, Values sums, const std::vector<Position> &positions) {
    int64_t steps = 1;
    for (size_t i = depth; i < reductions_.size(); ++i) {
      const int64_t extent = nest_.loops[reductions_[i]].extent;
      steps = extent == LoopNest::kUnknown || steps > target_.unrolledOperations
                  ? target_.unrolledOperations + 1
                  : steps * extent;
    }
    if (depth == reductions_.size() ||
        steps * static_cast<int64_t>(positions.size()) <= target_.unrolledOperations) {
      std::vector<int64_t> at(nest_.loops.size(), 0);
      writeSteps(depth, at, bases, sums, positions);
      return sums;
    }
    const unsigned loop = reductions_[depth];
    const int64_t extent = nest_.loops[loop].extent;
    const Value end =
        extent == LoopNest::kUnknown
            ? mlir::getValueOrCreateConstantIndexOp(builder_, location_, ranges_[nest_.loops[loop].source])
            : index(hasShortEnd(loop) ? extent - 1 : extent);
    auto created = builder_.create<mlir::scf::ForOp>(location_, index(0), end, index(1), sums);
    const auto moved = [&](Value step) {
      Values result = bases;
      for (auto [value, source] : llvm::zip(result, sources_))
        if (value)
          value = plus(value, times(step, source.outer[loop]));
      return result;
    };
    {
      OpBuilder::InsertionGuard guard(builder_);
      builder_.setInsertionPointToStart(created.getBody());
      Values inner(created.getRegionIterArgs());
      builder_.create<mlir::scf::YieldOp>(
          location_, writeReduction(depth + 1, moved(created.getInductionVar()), inner, positions));
    }
    Values results(created.getResults());
    if (!hasShortEnd(loop))
      return results;
    isShort_ = true;
    results = writeReduction(depth + 1, moved(index(extent - 1)), results, positions);
    isShort_ = false;
    return results;
  }

  /// Whether the last step of a loop of groups has fewer elements than a group.
  bool hasShortEnd(unsigned loop) const {
    return dot_ && loop == dot_->run && dot_->elements % dot_->group != 0;
  }

  /// Elements of the group that the step `at` takes.
  int64_t elementsOf(const std::vector<int64_t> &at) const {
    const bool isLast =
        isShort_ || (hasShortEnd(dot_->run) && at[dot_->run] == nest_.loops[dot_->run].extent - 1);
    return isLast ? dot_->elements % dot_->group : dot_->group;
  }

  void writeSteps(size_t depth, std::vector<int64_t> &at, const Values &bases, Values &sums,
                  const std::vector<Position> &positions) {
    if (depth < reductions_.size()) {
      const unsigned loop = reductions_[depth];
      for (at[loop] = 0; at[loop] < nest_.loops[loop].extent; ++at[loop])
        writeSteps(depth + 1, at, bases, sums, positions);
      at[loop] = 0;
      return;
    }
    loaded_.clear();
    for (size_t i = 0; i < positions.size(); ++i)
      sums[i] = writeBody(positions[i], at, bases, sums[i]);
    for (size_t i = 0; i < places_.size(); ++i) {
      const Value ones = builder_.create<arith::ConstantIntOp>(
          location_, 0x01010101 >> 8 * (dot_->group - elementsOf(at)), 32);
      Value &sum = sums[positions.size() + i];
      sum = writeDot(sum, load(dot_->picture, places_[i], at, bases[dot_->picture]), ones);
    }
  }

  Value writeDot(Value sum, Value picture, Value weights) {
    const auto factor = [&](Value words) {
      const auto bytes = mlir::VectorType::get({4 * lanes_}, builder_.getI8Type());
      return target_.byteDotIsSigned ? builder_.create<vector::BitCastOp>(location_, bytes, asVector(words))
                                     : asVector(words);
    };
    const std::string &name = dot_ && dot_->group == 4 ? target_.byteDot : target_.wordDot;
    return builder_
        .create<mlir::LLVM::CallIntrinsicOp>(location_, sum.getType(), builder_.getStringAttr(name),
                                             mlir::ValueRange{sum, factor(picture), factor(weights)},
                                             mlir::LLVM::FastmathFlagsAttr())
        ->getResult(0);
  }

  // ---- one step of one vector of sums ------------------------------------------------------------------------------------

  Value writeBody(const Position &position, const std::vector<int64_t> &at, const Values &bases, Value sum) {
    if (dot_)
      return writeDot(sum, load(dot_->picture, position, at, bases[dot_->picture]),
                      load(dot_->weights, position, at, bases[dot_->weights]));
    if (products_) {
      const Value picture = load(products_->picture, position, at, bases[products_->picture]);
      const mlir::Type word = builder_.getI32Type();
      const mlir::Type wide =
          mlir::isa<mlir::VectorType>(picture.getType()) ? mlir::VectorType::get({lanes_}, word) : word;
      const Value words = products_->isUnsigned
                              ? builder_.create<arith::ExtUIOp>(location_, wide, picture).getResult()
                              : builder_.create<arith::ExtSIOp>(location_, wide, picture).getResult();
      return writeDot(sum, words, load(products_->weights, position, at, bases[products_->weights]));
    }
    mlir::IRMapping mapping;
    for (size_t i = 0; i < sources_.size(); ++i) {
      const NestInput &input = source_.inputs[i];
      mapping.map(op_.getMatchingBlockArgument(input.operand),
                  input.array ? load(i, position, at, bases[i]) : input.operand->get());
    }
    mapping.map(op_.getMatchingBlockArgument(source_.output), sum);
    return body_.writeFused(*op_.getBlock(), mapping);
  }

  Value asVector(Value value) { return body_.asVector(value); }

  // ---- memory ------------------------------------------------------------------------------------------------------------

  Value load(size_t number, const Position &position, const std::vector<int64_t> &at, Value base) {
    const Source &source = sources_[number];
    int64_t offset = 0;
    for (size_t loop = 0; loop < nest_.loops.size(); ++loop)
      offset += position.steps[loop] * source.inner[loop] + at[loop] * source.outer[loop];
    const int64_t stride = source.inner[tile_.vector];
    Value &known = loaded_[{number, offset, stride == 0 ? 0 : position.lanes}];
    if (known)
      return known;
    if (dot_ && number == dot_->picture)
      return known = loadGroup(source.flat, plus(base, index(offset)), elementsOf(at));
    return known = memory_.load(source.flat, plus(base, index(offset)), stride,
                                source.isPadded ? lanes_ : position.lanes);
  }

  /// Whether the dots take the picture's bytes as 128 more than they are.
  bool isOffset() const { return dot_ && dot_->group == 4 && !target_.byteDotIsSigned && !dot_->isUnsigned; }

  /// The same group in each lane, the top bits of bytes flipped where that is so. Where it has `count` elements alone the others lie before it, and are shifted out.
  Value loadGroup(Value flat, Value place, int64_t count) {
    const int64_t whole = dot_->group;
    const auto run =
        mlir::VectorType::get({whole}, mlir::cast<mlir::MemRefType>(flat.getType()).getElementType());
    const mlir::Type word = builder_.getI32Type();
    const Value elements =
        builder_.create<vector::LoadOp>(location_, run, flat, plus(place, index(count - whole)));
    Value group = builder_.create<vector::ExtractOp>(
        location_, builder_.create<vector::BitCastOp>(location_, mlir::VectorType::get({1}, word), elements),
        0);
    if (count < whole)
      group = builder_.create<arith::ShRUIOp>(
          location_, group,
          builder_.create<arith::ConstantIntOp>(location_, 32 / whole * (whole - count), 32));
    if (!isOffset())
      return asVector(group);
    const Value tops = builder_.create<arith::ConstantIntOp>(location_, static_cast<int32_t>(0x80808080), 32);
    return builder_.create<arith::XOrIOp>(location_, asVector(group), asVector(tops));
  }

  Value outputPlace(Value base, const Position &position) {
    return plus(base, index(offsetOf(output_, position)));
  }

  Value start(Value base, const Position &position) {
    mlir::linalg::LinalgOp first = source_.first;
    if (auto fill = mlir::dyn_cast_if_present<mlir::linalg::FillOp>(first.getOperation()))
      return asVector(fill.getInputs()[0]);
    if (first)
      return spread(position);
    return memory_.load(output_.flat, outputPlace(base, position), output_.inner[tile_.vector],
                        position.lanes);
  }

  mlir::Type sumType() {
    return mlir::cast<mlir::MemRefType>(source_.output->get().getType()).getElementType();
  }

  /// The first values of a vector of sums, from the constant that was spread.
  Value spread(const Position &position) {
    const int64_t offset = offsetOf(start_, position);
    Value &known = started_[{offset, start_.inner[tile_.vector] == 0 ? 0 : position.lanes}];
    return known ? known
                 : known = asVector(memory_.load(start_.flat, plus(base(start_), index(offset)),
                                                 start_.inner[tile_.vector], position.lanes));
  }

  /// What the element-wise reader of the finished sums makes of a vector of them.
  Value finish(const Position &position, const Values &bases, Value sum) {
    mlir::linalg::LinalgOp last = source_.last;
    mlir::IRMapping mapping;
    for (const auto &[i, input] : llvm::enumerate(source_.lastInputs)) {
      Value value = input.array                                     ? Value()
                    : input.operand->get() == source_.output->get() ? sum
                                                                    : input.operand->get();
      if (!value) {
        const Source &source = lastSources_[i];
        const int64_t offset = offsetOf(source, position);
        Value &known = read_[{i, offset, source.inner[tile_.vector] == 0 ? 0 : position.lanes}];
        if (!known)
          known = memory_.load(source.flat, plus(bases[i], index(offset)), source.inner[tile_.vector],
                               position.lanes);
        value = known;
      }
      mapping.map(last.getMatchingBlockArgument(input.operand), value);
    }
    return body_.write(*last.getBlock(), mapping);
  }

  int64_t offsetOf(const Source &source, const Position &position) const {
    int64_t offset = 0;
    for (size_t loop = 0; loop < nest_.loops.size(); ++loop)
      offset += position.steps[loop] * source.inner[loop];
    return offset;
  }

  void store(Value base, const Position &position, Value value) {
    memory_.store(output_.flat, outputPlace(base, position), output_.inner[tile_.vector], position.lanes,
                  value);
  }

  Source sourceOf(const NestInput &input) {
    const Array &array = nest_.inputs[*input.array];
    const bool isGroups = dot_ && *input.array == dot_->weights;
    const bool isWords = products_ && *input.array == products_->weights;
    const llvm::ArrayRef<char> held =
        isGroups  ? llvm::ArrayRef<char>(dot_->groups)
        : isWords ? llvm::ArrayRef<char>(reinterpret_cast<const char *>(products_->values.data()),
                                         4 * products_->values.size())
                  : llvm::ArrayRef<char>();
    if (!isPacked(nest_, array, tile_)) {
      if (isGroups || isWords)
        return {constant(makeConstant(constantOf(input.operand->get()), builder_.getI32Type(), held)),
                isWords ? input.offset : 0, array.strides, array.strides, false};
      return {flat(input.operand->get()), input.offset, array.strides, array.strides, false};
    }
    mlir::memref::GlobalOp origin = constantOf(input.operand->get());
    const ConstantData data =
        isGroups || isWords ? ConstantData{held, false, builder_.getI32Type()} : dataOf(origin);
    Packed packed = packConstant(origin, data, nest_, array, input.offset, tile_, reductions_);
    Source source{constant(packed.global), 0, packed.strides, packed.strides, true};
    source.inner[packed.loop] = 1;
    return source;
  }

  /// What the sums of each filter are too large by; whole tiles of it.
  Source excessOf() {
    const int64_t size = tile_.sizes[dot_->filters];
    std::vector<uint32_t> values = dot_->excess;
    values.resize((values.size() + static_cast<size_t>(size) - 1) / static_cast<size_t>(size) *
                  static_cast<size_t>(size));
    const llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()), values.size() * 4);
    std::vector<int64_t> strides(nest_.loops.size(), 0);
    strides[dot_->filters] = 1;
    const auto weights = constantOf(source_.inputs[dot_->weights].operand->get());
    return {constant(makeConstant(weights, builder_.getI32Type(), bytes)), 0, strides, strides, true};
  }

  Value constant(mlir::memref::GlobalOp global) {
    return builder_.create<mlir::memref::GetGlobalOp>(location_, global.getType(), global.getSymName());
  }

  Value flat(Value buffer) { return flatBuffer(builder_, location_, buffer); }

  // ---- index arithmetic --------------------------------------------------------------------------------------------------

  Value base(const Source &source) {
    Value result = index(source.offset);
    for (const unsigned loop : parallel_)
      result = plus(result, times(indices_[loop], source.outer[loop]));
    return result;
  }
  Value index(int64_t value) { return builder_.create<arith::ConstantIndexOp>(location_, value); }
  Value plus(Value a, Value b) { return builder_.createOrFold<arith::AddIOp>(location_, a, b); }
  Value times(Value a, int64_t b) {
    return b == 0 ? index(0) : builder_.createOrFold<arith::MulIOp>(location_, a, index(b));
  }

  OpBuilder &builder_;
  Location location_;
  mlir::linalg::LinalgOp op_;
  const NestOf &source_;
  const LoopNest &nest_;
  const Tile &tile_;
  const CpuTarget &target_;
  int64_t lanes_;
  VectorBody body_;
  VectorMemory memory_;
  std::vector<unsigned> parallel_, reductions_; ///< from the outermost to the innermost
  std::vector<Source> sources_;                 ///< of each input; empty ones are scalars
  Source output_, excess_, start_;
  std::vector<Source>
      lastSources_; ///< of each input of the reader of the sums; empty ones are the sums and scalars
  const ByteDot *dot_ = nullptr;
  const WordProducts *products_ = nullptr;
  std::map<std::pair<int64_t, int64_t>, Value> started_; ///< of this tile: offset, lanes
  std::map<std::tuple<size_t, int64_t, int64_t>, Value>
      read_;                     ///< of this tile, by the reader: input, offset, lanes
  bool isShort_ = false;         ///< in the last step of a loop of groups
  std::vector<Position> places_; ///< of the picture, whose sums stand behind the tile's
  Values indices_;
  llvm::SmallVector<mlir::OpFoldResult> ranges_;
  std::map<std::tuple<size_t, int64_t, int64_t>, Value> loaded_; ///< of this step: input, offset, lanes
};

} // namespace

void writeTiles(OpBuilder &builder, mlir::linalg::LinalgOp op, const NestOf &source, const Tile &tile,
                const CpuTarget &target) {
  Writer(builder, op, source, tile, target).run();
}

void writeByteDots(OpBuilder &builder, mlir::linalg::LinalgOp op, const ByteDot &dot, const Tile &tile,
                   const CpuTarget &target) {
  Writer writer(builder, op, dot.source, tile, target);
  writer.useDots(dot);
  writer.run();
}

void writeWordProducts(OpBuilder &builder, mlir::linalg::LinalgOp op, const WordProducts &products,
                       const Tile &tile, const CpuTarget &target) {
  Writer writer(builder, op, products.source, tile, target);
  writer.useProducts(products);
  writer.run();
}

} // namespace tessera::compiler::cpu
