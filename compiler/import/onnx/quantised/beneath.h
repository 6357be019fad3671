/// What the real tensors of a quantised network are beneath: integers and a scale.
///
/// Networks from ONNX tools say `DequantizeLinear, Conv, Relu, QuantizeLinear` and mean one integer convolution. The importer emits
/// every node in float as it is written, and notes beside the real tensor what it is beneath; a QuantizeLinear that finds sums
/// there takes them, and the float operations before it, which nobody uses then, are dropped (onnx_import.cpp).
#ifndef TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_BENEATH_H
#define TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_BENEATH_H

#include "import/onnx/tensor.h"

#include <limits>

namespace tessera::compiler::onnx_import {

/// One scale and zero point for a whole tensor of bytes: real = scale * (byte - zeroPoint).
struct Quantisation {
  Type type = Type::Int8; ///< or Uint8
  float scale = 1;
  int32_t zeroPoint = 0; ///< in the type's own range
  friend bool operator==(const Quantisation &, const Quantisation &) = default;
  /// The zero point of the signed bytes that the accelerator computes with.
  int32_t signedZeroPoint() const { return zeroPoint - (type == Type::Uint8 ? 128 : 0); }
};

/// real = scale * (integers - zeroPoint).
struct Beneath {
  /// Steps: the tensor that DequantizeLinear read, in ONNX's order. Sums: int32, a picture's channels last. Products: sums of a dense
  /// layer, which may get a bias yet.
  enum class Kind { Steps, Sums, Products } kind = Kind::Steps;
  Tensor integers;
  std::vector<float> scale;       ///< one; or one a slice along `axis`, which is a sum's last
  std::vector<int32_t> zeroPoint; ///< as many; none for sums
  int64_t axis = 0;
  /// Bounds that Relu and Clip put behind sums.
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();

  /// The one quantisation of steps that are bytes; nothing for others.
  std::optional<Quantisation> asBytes() const {
    if (kind != Kind::Steps || scale.size() != 1 ||
        (integers.type() != Type::Int8 && integers.type() != Type::Uint8))
      return std::nullopt;
    return Quantisation{integers.type(), scale[0], zeroPoint[0]};
  }
};

} // namespace tessera::compiler::onnx_import

#endif
