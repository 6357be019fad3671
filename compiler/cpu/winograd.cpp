// Winograd's convolutions F(4x4, 3x3). A float32 convolution of 3x3 with steps of 1 over pictures with channels last, whose weights are constant, becomes 36 products of matrices over tiles of 6x6
// pixels, of which each gives 4x4: a quarter of the multiply-adds. Pixels and sums are transformed by small constant matrices, rows first, then columns; weights when compiled. All five are
// reductions of linalg.generic, which the register tiles take as they take any other. Sums are of other terms than the convolution's: apart by some 1e-6 of the greatest. What stays
// is what the cost of the nests says is no faster so (few channels, small pictures, products that do not stay in the cache), integers, and other windows.
// Source: A. Lavin, S. Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, section 4.3.
#include "cpu/generic.h"
#include "cpu/loop_nest.h"
#include "cpu/passes.h"
#include "cpu/sum_of_products.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <array>

namespace tessera::compiler::cpu {

namespace {

using mlir::AffineExpr;
using mlir::Value;
using mlir::linalg::LinalgOp;
namespace tensor = mlir::tensor;

/// Pixels of a tile's side, what they give, and the window's side.
constexpr int64_t kTile = 6, kGives = 4, kWindow = 3;

constexpr std::array<float, kTile * kTile> kPixels = {4, 0, -5, 0,  1, 0, 0, -4, -4, 1,  1, 0,
                                                      0, 4, -4, -1, 1, 0, 0, -2, -1, 2,  1, 0,
                                                      0, 2, -1, -2, 1, 0, 0, 4,  0,  -5, 0, 1};
constexpr std::array<double, kTile * kWindow> kWeights = {
    1.0 / 4,  0,        0,       -1.0 / 6, -1.0 / 6,  -1.0 / 6, -1.0 / 6, 1.0 / 6, -1.0 / 6,
    1.0 / 24, 1.0 / 12, 1.0 / 6, 1.0 / 24, -1.0 / 12, 1.0 / 6,  0,        0,       1};
constexpr std::array<float, kGives * kTile> kSums = {1, 1, 1, 1, 1, 0, 0, 1, -1, 2, -2, 0,
                                                     0, 1, 1, 4, 4, 0, 0, 1, -1, 8, -8, 1};

/// A convolution that can be written so.
struct Convolution {
  LinalgOp op;
  mlir::DenseElementsAttr weights;
  std::array<unsigned, 4> weightDims; ///< of the weights' dimensions that are o, ky, kx, c
  int64_t batch = 0, height = 0, width = 0, channels = 0, filters = 0;

  int64_t rows() const { return (height + kGives - 1) / kGives; }
  int64_t columns() const { return (width + kGives - 1) / kGives; }
  int64_t tiles() const { return batch * rows() * columns(); }
};

bool isSumOfProducts(LinalgOp op) {
  const auto factors = factorsOf<mlir::arith::AddFOp, mlir::arith::MulFOp>(op);
  return factors && !(*factors)[0].extension && (*factors)[0].type().isF32();
}

std::optional<Convolution> convolutionOf(LinalgOp op) {
  Convolution result{op, {}, {}};
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumLoops() != 7 || op.getNumReductionLoops() != 3 || !isSumOfProducts(op) ||
      !mlir::matchPattern(op.getDpsInputs()[1], mlir::m_Constant(&result.weights)))
    return std::nullopt;
  const mlir::AffineMap in = op.getMatchingIndexingMap(op.getDpsInputOperand(0)),
                        kernel = op.getMatchingIndexingMap(op.getDpsInputOperand(1)),
                        out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (in.getNumResults() != 4 || kernel.getNumResults() != 4 || out.getNumResults() != 4 ||
      !kernel.isProjectedPermutation() || !out.isProjectedPermutation())
    return std::nullopt;
  mlir::MLIRContext *context = op.getContext();
  const auto loop = [&](unsigned dimension) { return mlir::getAffineDimExpr(dimension, context); };
  const AffineExpr n = out.getResult(0), y = out.getResult(1), x = out.getResult(2), o = out.getResult(3);
  const AffineExpr c = in.getResult(3);
  if (in.getResult(0) != n || !mlir::isa<mlir::AffineDimExpr>(c) ||
      kernel.isFunctionOfDim(out.getDimPosition(0)))
    return std::nullopt;
  // The two loops of the window are those reductions that are not the channels.
  AffineExpr ky, kx;
  for (unsigned i = 0; i < 7; ++i) {
    if (in.getResult(1) == y + loop(i) || in.getResult(1) == loop(i) + y)
      ky = loop(i);
    if (in.getResult(2) == x + loop(i) || in.getResult(2) == loop(i) + x)
      kx = loop(i);
  }
  if (!ky || !kx || ky == kx)
    return std::nullopt;
  const std::array<AffineExpr, 4> roles = {o, ky, kx, c};
  for (unsigned role = 0; role < 4; ++role) {
    const auto found = llvm::find(kernel.getResults(), roles[role]);
    if (found == kernel.getResults().end())
      return std::nullopt;
    result.weightDims[role] = static_cast<unsigned>(found - kernel.getResults().begin());
  }
  const auto shape = result.weights.getType().getShape();
  const auto outShape = mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType()).getShape();
  if (shape[result.weightDims[1]] != kWindow || shape[result.weightDims[2]] != kWindow ||
      !mlir::cast<mlir::RankedTensorType>(op->getResult(0).getType()).hasStaticShape())
    return std::nullopt;
  result.batch = outShape[0];
  result.height = outShape[1];
  result.width = outShape[2];
  result.filters = outShape[3];
  result.channels = shape[result.weightDims[3]];
  return result;
}

/// A nest of dense arrays, from the names of their dimensions: `extents` of parallel loops, then of the reduction, the last.
LoopNest nestOf(llvm::ArrayRef<int64_t> extents, llvm::ArrayRef<int64_t> picture,
                llvm::ArrayRef<int64_t> constant, llvm::ArrayRef<int64_t> output) {
  LoopNest nest;
  for (size_t i = 0; i < extents.size(); ++i)
    nest.loops.push_back({extents[i], i + 1 == extents.size(), static_cast<unsigned>(i)});
  const auto array = [](llvm::ArrayRef<int64_t> strides, bool isConstant) {
    return Array{{strides.begin(), strides.end()}, isConstant, 4};
  };
  nest.inputs = {array(picture, false), array(constant, true)};
  nest.output = array(output, false);
  nest.normalise();
  return nest;
}

/// Whether the five nests cost less than the convolution's one, with what the products between them need of memory.
bool isWorthIt(const Convolution &c, const CpuTarget &target) {
  const int64_t r = c.rows(), s = c.columns(), w = kGives * s + kTile - kGives, k = c.filters,
                ch = c.channels;
  const int64_t inWidth = c.width + kWindow - 1, tiles = c.tiles();
  const LoopNest direct = [&] {
    LoopNest nest;
    const int64_t extents[] = {c.batch, c.height, c.width, k, kWindow, kWindow, ch};
    for (unsigned i = 0; i < 7; ++i)
      nest.loops.push_back({extents[i], i > 3, i});
    const int64_t row = inWidth * ch;
    nest.inputs = {Array{{row * (c.height + 2), row, ch, 0, row, ch, 1}, false, 4},
                   Array{{0, 0, 0, 9 * ch, 3 * ch, ch, 1}, true, 4}};
    nest.output = Array{{c.height * c.width * k, c.width * k, k, 1, 0, 0, 0}, false, 4};
    nest.normalise();
    return nest;
  }();
  // (n r) i x c | a; i j (n r) s c | b; p t k | c; (n r) y j s k | i; (n r) y s x k | j
  const int64_t nr = c.batch * r;
  const LoopNest nests[] = {
      nestOf({nr, kTile, w, ch, kTile}, {kGives * w * ch, 0, ch, 1, w * ch}, {0, kTile, 0, 0, 1},
             {kTile * w * ch, w * ch, ch, 1, 0}),
      nestOf({kTile, kTile, nr, s, ch, kTile}, {w * ch, 0, kTile * w * ch, kGives * ch, 1, ch},
             {0, kTile, 0, 0, 0, 1}, {kTile * tiles * ch, tiles * ch, s * ch, ch, 1, 0}),
      nestOf({kTile * kTile, tiles, k, ch}, {tiles * ch, ch, 0, 1}, {ch * k, 0, 1, k}, {tiles * k, k, 1, 0}),
      nestOf({nr, kGives, kTile, s, k, kTile}, {s * k, 0, tiles * k, k, 1, kTile * tiles * k},
             {0, kTile, 0, 0, 0, 1}, {kGives * kTile * s * k, kTile * s * k, s * k, k, 1, 0}),
      nestOf({nr, kGives, s, kGives, k, kTile}, {kGives * kTile * s * k, kTile * s * k, k, 0, 1, s * k},
             {0, 0, 0, kTile, 0, 1}, {kGives * kGives * s * k, kGives * s * k, kGives * k, k, 1, 0})};
  double cost = 0;
  for (const LoopNest &nest : nests)
    cost += leastCost(nest, target);
  // What lies between is written and read again, and half of the cache keeps some of it; a border that is no whole tile is copied.
  const int64_t between[] = {nr * kTile * w * ch, kTile * kTile * tiles * ch, kTile * kTile * tiles * k,
                             nr * kGives * kTile * s * k};
  for (const int64_t elements : between)
    cost += static_cast<double>(std::max<int64_t>(2 * 4 * elements - target.residentBytes(), 0)) /
            static_cast<double>(target.memoryBytes);
  const int64_t lanes = target.vectorBytes / 4;
  if (c.height % kGives != 0 || c.width % kGives != 0)
    cost += static_cast<double>(2 * nr * kGives * w * (ch + k) / lanes);
  // Four times as many weights come from memory.
  return cost < target.worthOfMemory * leastCost(direct, target);
}

class Writer {
public:
  Writer(Convolution convolution) : c_(std::move(convolution)), builder_(c_.op), location_(c_.op.getLoc()) {}

  Value run() {
    const int64_t r = c_.rows(), s = c_.columns(), w = kGives * s + kTile - kGives;
    AffineExpr d[7];
    for (unsigned i = 0; i < 7; ++i)
      d[i] = mlir::getAffineDimExpr(i, builder_.getContext());
    // n r i x c | a
    const Value rows =
        reduce({c_.batch, r, kTile, w, c_.channels}, tiled(), {d[0], d[1] * kGives + d[5], d[3], d[4]},
               matrix(kPixels, kTile), {d[2], d[5]}, 5);
    // i j n r s c | b
    const Value pixels =
        reduce({kTile, kTile, c_.batch, r, s, c_.channels}, rows,
               {d[2], d[3], d[0], d[4] * kGives + d[6], d[5]}, matrix(kPixels, kTile), {d[1], d[6]}, 6);
    // p t k | c
    const Value factors = builder_.create<tensor::CollapseShapeOp>(
        location_, pixels, mlir::SmallVector<mlir::ReassociationIndices>{{0, 1}, {2, 3, 4}, {5}});
    const Value products = reduce({kTile * kTile, c_.tiles(), c_.filters}, factors, {d[0], d[1], d[3]},
                                  weights(), {d[0], d[3], d[2]}, 3);
    const auto apart =
        mlir::RankedTensorType::get({kTile, kTile, c_.batch, r, s, c_.filters}, builder_.getF32Type());
    const Value split = builder_.create<tensor::ExpandShapeOp>(
        location_, apart, products, mlir::SmallVector<mlir::ReassociationIndices>{{0, 1}, {2, 3, 4}, {5}});
    // n r y j s k | i
    const Value columns =
        reduce({c_.batch, r, kGives, kTile, s, c_.filters}, split, {d[6], d[3], d[0], d[1], d[4], d[5]},
               matrix(kSums, kGives), {d[2], d[6]}, 6);
    // n r y s x k | j
    const Value sums = reduce({c_.batch, r, kGives, s, kGives, c_.filters}, columns,
                              {d[0], d[1], d[2], d[6], d[3], d[5]}, matrix(kSums, kGives), {d[4], d[6]}, 6);
    Value result = builder_.create<tensor::CollapseShapeOp>(
        location_, sums, mlir::SmallVector<mlir::ReassociationIndices>{{0}, {1, 2}, {3, 4}, {5}});
    if (c_.height % kGives != 0 || c_.width % kGives != 0)
      result = builder_.create<tensor::ExtractSliceOp>(
          location_, mlir::cast<mlir::RankedTensorType>(c_.op->getResult(0).getType()), result,
          indices({0, 0, 0, 0}), indices({c_.batch, c_.height, c_.width, c_.filters}), indices({1, 1, 1, 1}));
    return plusStart(result);
  }

private:
  llvm::SmallVector<mlir::OpFoldResult> indices(llvm::ArrayRef<int64_t> values) {
    return mlir::getAsIndexOpFoldResult(builder_.getContext(), values);
  }

  /// The picture with as many rows and columns as the tiles reach over.
  Value tiled() {
    const Value picture = c_.op.getDpsInputs()[0];
    const auto type = mlir::cast<mlir::RankedTensorType>(picture.getType());
    const llvm::SmallVector<int64_t> shape{c_.batch, c_.rows() * kGives + kTile - kGives,
                                           c_.columns() * kGives + kTile - kGives, c_.channels};
    if (llvm::ArrayRef(shape) == type.getShape())
      return picture;
    return builder_.create<tensor::InsertSliceOp>(location_, picture, filled(shape), indices({0, 0, 0, 0}),
                                                  indices(type.getShape()), indices({1, 1, 1, 1}));
  }

  Value filled(llvm::ArrayRef<int64_t> shape) {
    const Value zero = builder_.create<mlir::arith::ConstantOp>(location_, builder_.getF32FloatAttr(0));
    const Value empty = makeEmpty(builder_, location_, shape, builder_.getF32Type());
    return builder_.create<mlir::linalg::FillOp>(location_, zero, empty).getResult(0);
  }

  Value constant(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> values) {
    const auto type = mlir::RankedTensorType::get(shape, builder_.getF32Type());
    return builder_.create<mlir::arith::ConstantOp>(location_, mlir::DenseElementsAttr::get(type, values));
  }
  Value matrix(llvm::ArrayRef<float> values, int64_t rows) { return constant({rows, kTile}, values); }

  /// The weights transformed: (36, c, o).
  Value weights() {
    const auto shape = c_.weights.getType().getShape();
    int64_t strides[4], stride = 1;
    for (unsigned i = 4; i-- > 0; stride *= shape[i])
      strides[i] = stride;
    const auto &[o, ky, kx, c] = c_.weightDims;
    const llvm::SmallVector<float> given(c_.weights.getValues<float>());
    std::vector<float> result(static_cast<size_t>(kTile * kTile * c_.channels * c_.filters));
    for (int64_t filter = 0; filter < c_.filters; ++filter)
      for (int64_t channel = 0; channel < c_.channels; ++channel) {
        const int64_t first = filter * strides[o] + channel * strides[c];
        for (int64_t i = 0; i < kTile; ++i)
          for (int64_t j = 0; j < kTile; ++j) {
            double sum = 0;
            for (int64_t y = 0; y < kWindow; ++y)
              for (int64_t x = 0; x < kWindow; ++x)
                sum += kWeights[static_cast<size_t>(i * kWindow + y)] *
                       kWeights[static_cast<size_t>(j * kWindow + x)] *
                       static_cast<double>(
                           given[static_cast<size_t>(first + y * strides[ky] + x * strides[kx])]);
            result[static_cast<size_t>(((i * kTile + j) * c_.channels + channel) * c_.filters + filter)] =
                static_cast<float>(sum);
          }
      }
    return constant({kTile * kTile, c_.channels, c_.filters}, result);
  }

  /// Sums of products of `input` and `factors` over the last loop, in a tensor of all loops before it.
  Value reduce(llvm::ArrayRef<int64_t> shape, Value input, llvm::ArrayRef<AffineExpr> in, Value factors,
               llvm::ArrayRef<AffineExpr> by, unsigned parallel) {
    mlir::MLIRContext *context = builder_.getContext();
    const auto map = [&](llvm::ArrayRef<AffineExpr> results) {
      return mlir::AffineMap::get(parallel + 1, 0, results, context);
    };
    llvm::SmallVector<AffineExpr> out;
    for (unsigned i = 0; i < parallel; ++i)
      out.push_back(mlir::getAffineDimExpr(i, context));
    return makeGeneric(
        builder_, location_, {input, factors}, filled(shape), {map(in), map(by), map(out)}, parallel, 1,
        [](mlir::OpBuilder &builder, mlir::Location location, mlir::ValueRange values) -> Value {
          const Value product = builder.create<mlir::arith::MulFOp>(location, values[0], values[1]);
          return builder.create<mlir::arith::AddFOp>(location, values[2], product);
        });
  }

  /// The convolution starts from something; mostly that is nothing.
  Value plusStart(Value sums) {
    const Value start = c_.op.getDpsInits()[0];
    if (auto fill = start.getDefiningOp<mlir::linalg::FillOp>();
        fill && mlir::matchPattern(fill.getInputs()[0], mlir::m_AnyZeroFloat()))
      return sums;
    const auto type = mlir::cast<mlir::RankedTensorType>(sums.getType());
    const Value empty = makeEmpty(builder_, location_, type.getShape(), type.getElementType());
    const auto all = builder_.getMultiDimIdentityMap(4);
    return makeGeneric(
        builder_, location_, {sums, start}, empty, {all, all, all}, 4, 0,
        [](mlir::OpBuilder &builder, mlir::Location location, mlir::ValueRange values) -> Value {
          return builder.create<mlir::arith::AddFOp>(location, values[0], values[1]);
        });
  }

  Convolution c_;
  mlir::OpBuilder builder_;
  mlir::Location location_;
};

class WinogradPass : public mlir::PassWrapper<WinogradPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WinogradPass)
  explicit WinogradPass(const CpuTarget &target) : target_(target) {}

  llvm::StringRef getArgument() const override { return "cpu-winograd"; }

  void runOnOperation() override {
    llvm::SmallVector<LinalgOp> operations;
    getOperation().walk([&](LinalgOp op) { operations.push_back(op); });
    for (LinalgOp op : operations) {
      auto convolution = convolutionOf(op);
      if (!convolution || !isWorthIt(*convolution, target_))
        continue;
      op->getResult(0).replaceAllUsesWith(Writer(std::move(*convolution)).run());
      op->erase();
    }
  }

private:
  CpuTarget target_;
};

} // namespace

std::unique_ptr<mlir::Pass> createWinogradPass(const CpuTarget &target) {
  return std::make_unique<WinogradPass>(target);
}

} // namespace tessera::compiler::cpu
