#include "import/onnx/quantised/tosa_form.h"

#include "form/requantise.h"
#include "import/onnx/emitter_impl.h"

#include "tessera/isa/numerics.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

namespace tessera::compiler::onnx_import {

namespace {

namespace tosa = mlir::tosa;
using Extents = std::vector<int64_t>;

Extents extentsOf(const Tensor &x) {
  Extents extents;
  for (const Extent &extent : x.shape())
    extents.push_back(extent.value());
  return extents;
}

Extents inner(Extents shape) {
  return shape.size() == 4 ? Extents{shape[0], shape[2], shape[3], shape[1]} : shape;
}

/// What is made in its life belongs to no node.
class NoNode {
public:
  explicit NoNode(Emitter::Impl &impl) : impl_(impl), before_(impl.location) {
    impl.location = impl.builder.getUnknownLoc();
  }
  ~NoNode() { impl_.location = before_; }
  NoNode(const NoNode &) = delete;
  NoNode &operator=(const NoNode &) = delete;

private:
  Emitter::Impl &impl_;
  mlir::Location before_;
};

class Maker {
public:
  explicit Maker(const Tensor &x) : Maker(x.emitter()) {}
  explicit Maker(Emitter &owner) : emitter(owner), impl(owner.impl()), builder(impl.builder) {}

  Emitter &emitter;
  Emitter::Impl &impl;
  mlir::OpBuilder &builder;

  mlir::RankedTensorType type(const Extents &shape, unsigned bits) {
    return mlir::RankedTensorType::get(shape, builder.getIntegerType(bits));
  }
  template <class T> mlir::Value constant(const Extents &shape, const std::vector<T> &values) {
    const auto tensor = type(shape, 8 * sizeof(T));
    return builder.create<tosa::ConstOp>(impl.location, tensor,
                                         mlir::DenseElementsAttr::get(tensor, llvm::ArrayRef<T>(values)));
  }
  mlir::Value turnTopBit(mlir::Value bytes) {
    const auto tensor = mlir::cast<mlir::RankedTensorType>(bytes.getType());
    const std::vector<int8_t> topBit{int8_t(-128)};
    return builder.create<tosa::BitwiseXorOp>(impl.location, tensor, bytes,
                                              constant(Extents(size_t(tensor.getRank()), 1), topBit));
  }
  mlir::Value transpose(mlir::Value x, const std::vector<int32_t> &permutation) {
    const auto from = mlir::cast<mlir::RankedTensorType>(x.getType());
    Extents shape;
    for (int32_t axis : permutation)
      shape.push_back(from.getDimSize(unsigned(axis)));
    return builder.create<tosa::TransposeOp>(
        impl.location, from.clone(shape), x,
        constant({static_cast<int64_t>(permutation.size())}, permutation));
  }
  mlir::Value reshape(mlir::Value x, const Extents &shape) {
    const auto from = mlir::cast<mlir::RankedTensorType>(x.getType());
    if (from.getShape() == llvm::ArrayRef<int64_t>(shape))
      return x;
    return builder.create<tosa::ReshapeOp>(impl.location, from.clone(shape), x,
                                           builder.getDenseI64ArrayAttr(shape));
  }
  mlir::Value rescale(mlir::Value x, int32_t zeroPoint, int32_t multiplier, int32_t shift) {
    const auto from = mlir::cast<mlir::RankedTensorType>(x.getType());
    return builder.create<tosa::RescaleOp>(
        impl.location, from.clone(from.getShape(), builder.getI32Type()), x,
        builder.getI32IntegerAttr(zeroPoint), builder.getI32IntegerAttr(0),
        builder.getDenseI32ArrayAttr({multiplier}), builder.getDenseI8ArrayAttr({int8_t(shift)}),
        builder.getBoolAttr(true), builder.getBoolAttr(true), builder.getBoolAttr(false));
  }

  /// The tensor's signed bytes, a picture's channels last. The change of form is no node's.
  mlir::Value signedBytes(const Tensor &x) {
    Tensor::State &state = x.state();
    if (state.innerBytes)
      return state.innerBytes;
    mlir::Value bytes = valueOf(x);
    const NoNode noNode(impl);
    if (x.rank() == 4)
      bytes = transpose(bytes, {0, 2, 3, 1});
    if (x.type() == Type::Uint8)
      bytes = turnTopBit(bytes);
    state.innerBytes = bytes;
    return bytes;
  }
  Tensor bytes(Type type, const Extents &shape, mlir::Value innerBytes) {
    Tensor result = tensorOf(emitter, type, Shape(shape.begin(), shape.end()), nullptr);
    result.state().innerBytes = innerBytes;
    return result;
  }
  Tensor sums(mlir::Value value) { return tensorOf(emitter, Type::Int32, value); }

  tosa::ConvOpQuantizationAttr quantisation(const Quantisation &q, const tosa_form::Filter &filter) {
    return tosa::ConvOpQuantizationAttr::get(builder.getContext(), q.signedZeroPoint(), filter.zeroPoint);
  }

  template <class Convolution>
  Tensor convolve(const Tensor &x, const Quantisation &q, const tosa_form::Filter &filter,
                  const tosa_form::Sliding &s, mlir::Value weights) {
    const Extents shape{x.extent(0).value(), s.output[0], s.output[1], filter.outputs};
    const mlir::Value bytes = signedBytes(x), biases = constant({filter.outputs}, filter.bias);
    return sums(builder.create<Convolution>(
        impl.location, type(shape, 32), bytes, weights, biases, builder.getDenseI64ArrayAttr(s.pad),
        builder.getDenseI64ArrayAttr(s.stride), builder.getDenseI64ArrayAttr(s.dilation),
        quantisation(q, filter), builder.getBoolAttr(false)));
  }
};

/// Weights [outputs][inputs][taps] with the inputs last.
std::vector<int8_t> inputsLast(const tosa_form::Filter &filter) {
  const size_t taps = size_t(filter.height * filter.width), inputs = size_t(filter.inputs);
  std::vector<int8_t> result(filter.weights.size());
  for (size_t o = 0; o < size_t(filter.outputs); ++o)
    for (size_t i = 0; i < inputs; ++i)
      for (size_t tap = 0; tap < taps; ++tap)
        result[(o * taps + tap) * inputs + i] = filter.weights[(o * inputs + i) * taps + tap];
  return result;
}

} // namespace

mlir::Value plainBytes(const Tensor &tensor) {
  Maker make(tensor);
  mlir::OpBuilder::InsertionGuard guard(make.builder);
  mlir::Value bytes = tensor.state().innerBytes;
  make.builder.setInsertionPointAfterValue(bytes);
  const NoNode noNode(make.impl);
  if (tensor.type() == Type::Uint8)
    bytes = make.turnTopBit(bytes);
  return tensor.rank() == 4 ? make.transpose(bytes, {0, 3, 1, 2}) : bytes;
}

namespace tosa_form {

bool isPossible(Emitter &emitter) {
  return emitter.impl().builder.getInsertionBlock() == emitter.impl().entry;
}

Tensor convolutionSums(const Tensor &x, const Quantisation &q, const Filter &f, const Sliding &sliding) {
  Maker make(x);
  return make.convolve<tosa::Conv2DOp>(
      x, q, f, sliding, make.constant({f.outputs, f.height, f.width, f.inputs}, inputsLast(f)));
}

Tensor depthwiseSums(const Tensor &x, const Quantisation &q, const Filter &f, const Sliding &sliding) {
  Maker make(x);
  const size_t taps = size_t(f.height * f.width), channels = size_t(f.outputs);
  std::vector<int8_t> weights(f.weights.size());
  for (size_t c = 0; c < channels; ++c)
    for (size_t tap = 0; tap < taps; ++tap)
      weights[tap * channels + c] = f.weights[c * taps + tap];
  return make.convolve<tosa::DepthwiseConv2DOp>(x, q, f, sliding,
                                                make.constant({f.height, f.width, f.outputs, 1}, weights));
}

Tensor denseSums(const Tensor &x, const Quantisation &q, const Filter &f) {
  Maker make(x);
  // A picture that was flattened: its bytes are at hand with the channels last, and the weights can follow.
  if (const auto &picture = x.state().flattened) {
    const Tensor from(picture);
    Filter last{
        f.weights, f.bias, f.outputs, from.extent(1).value(), from.extent(2).value(), from.extent(3).value()};
    const mlir::Value flat = make.reshape(make.signedBytes(from), {x.extent(0).value(), f.inputs});
    return make.sums(make.builder.create<tosa::FullyConnectedOp>(
        make.impl.location, make.type({x.extent(0).value(), f.outputs}, 32), flat,
        make.constant({f.outputs, f.inputs}, inputsLast(last)), make.constant({f.outputs}, f.bias),
        make.quantisation(q, f)));
  }
  return make.sums(make.builder.create<tosa::FullyConnectedOp>(
      make.impl.location, make.type({x.extent(0).value(), f.outputs}, 32), make.signedBytes(x),
      make.constant({f.outputs, f.inputs}, f.weights), make.constant({f.outputs}, f.bias),
      make.quantisation(q, f)));
}

Tensor addedSums(const Tensor &a, const Quantisation &qa, const Tensor &b, const Quantisation &qb,
                 double &scale) {
  Maker make(a);
  // Both sides to half of the greater scale with 20 bits below the point, as the machine's VEC ADD has them.
  const double common = 2 * std::max(static_cast<double>(qa.scale), static_cast<double>(qb.scale));
  scale = common / (1 << isa::kOperandLeftShift);
  const auto side = [&](const Tensor &x, const Quantisation &q) {
    const auto factor = isa::quantizeMultiplier(static_cast<double>(q.scale) / common);
    const mlir::Value raised =
        make.rescale(make.signedBytes(x), q.signedZeroPoint(), 1 << 30, 30 - isa::kOperandLeftShift);
    return make.rescale(raised, 0, static_cast<int32_t>(factor.multiplier), 31 - factor.shift);
  };
  const mlir::Value left = side(a, qa), right = side(b, qb);
  return make.sums(make.builder.create<tosa::AddOp>(make.impl.location, left.getType(), left, right));
}

Tensor multipliedSums(const Tensor &a, const Quantisation &qa, const Tensor &b, const Quantisation &qb) {
  Maker make(a);
  const auto side = [&](const Tensor &x, const Quantisation &q) {
    return make.rescale(make.signedBytes(x), q.signedZeroPoint(), 1 << 30, 30);
  };
  const mlir::Value left = side(a, qa), right = side(b, qb);
  return make.sums(make.builder.create<tosa::MulOp>(make.impl.location, left.getType(), left, right,
                                                    make.builder.getI8IntegerAttr(0)));
}

Tensor withBias(const Tensor &sums, const std::vector<int32_t> &bias) {
  Maker make(sums);
  mlir::Operation *layer = valueOf(sums).getDefiningOp();
  mlir::DenseIntElementsAttr before;
  mlir::matchPattern(layer->getOperand(2), mlir::m_Constant(&before));
  std::vector<int32_t> total(bias);
  size_t i = 0;
  for (int32_t value : before.getValues<int32_t>())
    total[i++] = isa::wrapAdd(total[i], value);
  const int64_t outputs = static_cast<int64_t>(total.size());
  const mlir::Value constant = make.constant({outputs}, total);
  mlir::Operation *copy = make.builder.clone(*layer);
  copy->setOperand(2, constant);
  return make.sums(copy->getResult(0));
}

Tensor windowMaximum(const Tensor &x, std::array<int64_t, 2> kernel, const Sliding &s) {
  Maker make(x);
  const Extents shape{x.extent(0).value(), x.extent(1).value(), s.output[0], s.output[1]};
  return make.bytes(x.type(), shape,
                    make.builder.create<tosa::MaxPool2dOp>(make.impl.location, make.type(inner(shape), 8),
                                                           make.signedBytes(x),
                                                           make.builder.getDenseI64ArrayAttr(kernel),
                                                           make.builder.getDenseI64ArrayAttr(s.stride),
                                                           make.builder.getDenseI64ArrayAttr(s.pad)));
}

Tensor requantised(const Tensor &sums, const std::vector<float> &scale, const Quantisation &q, int32_t low,
                   int32_t high) {
  Maker make(sums);
  const int32_t toSigned = q.signedZeroPoint() - q.zeroPoint;
  mlir::Value bytes =
      makeRequantise(make.builder, make.impl.location, valueOf(sums), scale, q.signedZeroPoint());
  low += toSigned, high += toSigned;
  if (low > INT8_MIN || high < INT8_MAX)
    bytes = make.builder.create<tosa::ClampOp>(
        make.impl.location, bytes.getType(), bytes, make.builder.getI64IntegerAttr(low),
        make.builder.getI64IntegerAttr(high), make.builder.getF32FloatAttr(0),
        make.builder.getF32FloatAttr(0));
  const Extents from = extentsOf(sums);
  return make.bytes(q.type, from.size() == 4 ? Extents{from[0], from[3], from[1], from[2]} : from, bytes);
}

Tensor viewed(const Tensor &x, const std::vector<int64_t> &shape) {
  Maker make(x);
  return make.bytes(x.type(), shape, make.reshape(make.signedBytes(x), inner(shape)));
}

Tensor asPicture(const Tensor &x) {
  Maker make(x);
  const int64_t channels = x.rank() == 0 ? 1 : x.extent(x.rank() - 1).value();
  const int64_t pixels = channels == 0 ? 0 : x.count() / channels;
  return make.bytes(x.type(), {1, channels, 1, pixels},
                    make.reshape(make.signedBytes(x), {1, 1, pixels, channels}));
}

Tensor reshaped(const Tensor &x, const std::vector<int64_t> &shape) {
  Maker make(x);
  // Channels last or not, it is the same order where a picture has one pixel or one channel.
  const auto isPlain = [](const Extents &s) { return s.size() != 4 || s[2] * s[3] == 1 || s[1] == 1; };
  if (isPlain(extentsOf(x)) && isPlain(shape))
    return viewed(x, shape);
  Tensor result = make.emitter.reshape(x, Shape(shape.begin(), shape.end()));
  if (x.rank() == 4 && shape.size() == 2 && x.extent(0).value() == shape[0])
    result.state().flattened = x.shared();
  return result;
}

Tensor transposed(const Tensor &x, const std::vector<int64_t> &permutation) {
  Maker make(x);
  Extents shape;
  for (int64_t axis : permutation)
    shape.push_back(x.extent(axis).value());
  // The signed bytes are plain bytes of this order, or the other way round: nothing moves.
  const auto turned = [&](mlir::Value bytes) {
    return x.type() == Type::Uint8 ? make.turnTopBit(bytes) : bytes;
  };
  if (permutation == std::vector<int64_t>{0, 3, 1, 2})
    return make.bytes(x.type(), shape, turned(valueOf(x)));
  if (permutation == std::vector<int64_t>{0, 2, 3, 1} && x.state().innerBytes)
    return tensorOf(make.emitter, x.type(), Shape(shape.begin(), shape.end()), turned(x.state().innerBytes));
  const Extents order(permutation.begin(), permutation.end());
  return make.emitter.transpose(x, order);
}

Tensor concatenated(const Tensors &parts, int64_t axis) {
  Maker make(parts[0]);
  Extents shape = extentsOf(parts[0]);
  shape[size_t(axis)] = 0;
  llvm::SmallVector<mlir::Value> bytes;
  for (const Tensor &part : parts) {
    shape[size_t(axis)] += part.extent(axis).value();
    bytes.push_back(make.signedBytes(part));
  }
  const int64_t moved = shape.size() != 4 || axis == 0 ? axis : axis == 1 ? 3 : axis - 1;
  return make.bytes(parts[0].type(), shape,
                    make.builder.create<tosa::ConcatOp>(make.impl.location, make.type(inner(shape), 8), bytes,
                                                        static_cast<uint32_t>(moved)));
}

} // namespace tosa_form

} // namespace tessera::compiler::onnx_import
