/// What the files of followers share: the bytes beneath a node's inputs, sums and what becomes of them, and how a node says that it
/// stays in float.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_NODE_H
#define TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_NODE_H

#include "import/onnx/emitter_impl.h"
#include "import/onnx/operators/window.h"
#include "import/onnx/quantised/constants.h"
#include "import/onnx/quantised/tosa_form.h"

namespace tessera::compiler::onnx_import {

/// Why a node stays in float; thrown by followers, caught by followIntegers().
struct Stays {
  std::string why;
};
template <class... Parts> [[noreturn]] void stay(const Parts &...parts) { throw Stays{textOf(parts...)}; }

/// What lies beneath a real tensor, or null.
inline const Beneath *beneath(const Tensor &x) { return x.state().beneath.get(); }
void note(const Value &real, Beneath what);

/// Bytes and their quantisation.
struct Bytes {
  Tensor tensor;
  Quantisation q;
};

/// What lies beneath input i, where it is bytes of one scale. Stays in float where it is anything else.
Bytes bytesOf(Call &call, size_t i);
/// The operands of a QLinear operator: bytes, scale and zero point at inputs i, i + 1, i + 2, and the output's scale and zero point.
Bytes statedBytes(Call &call, size_t i);
Quantisation statedQuantisation(Call &call, size_t i);

Beneath sumsOf(const Tensor &sums, std::vector<float> scale, Beneath::Kind kind = Beneath::Kind::Sums);
Beneath stepsOf(const Bytes &bytes);
/// Bytes as sums of one: byte - zero point.
Beneath asSums(const Bytes &x);
/// Bytes of several quantisations behind each other along the channels (of rank 4 axis 1, else the last), as asSums(): a scale a channel.
Beneath joinedSums(const std::vector<Bytes> &parts, int64_t axis);
/// Sums of windows, as a depthwise convolution with weights of 1; their scale makes averages of them.
Beneath averageOf(const Bytes &x, int64_t height, int64_t width, const tosa_form::Sliding &sliding);
/// The sums as bytes of the shape of `like`.
Tensor requantisedAs(const Beneath &what, const Quantisation &q, const Tensor &like);

std::vector<int64_t> extentsOf(const Tensor &x);
tosa_form::Sliding slidingOf(const Window &window);
void checkPicture(const Tensor &x);

// Layers with weights (weighted.cpp).
void followConv(Call &call, Values &outputs);
void followGemm(Call &call, Values &outputs);
void followMatMul(Call &call, Values &outputs);
void followQLinearConv(Call &call, Values &outputs);
void followQLinearMatMul(Call &call, Values &outputs);
/// A constant added to the sums of a dense layer becomes its bias; false where that is not what the node does.
bool followBias(Call &call, Values &outputs);

} // namespace tessera::compiler::onnx_import

#endif
