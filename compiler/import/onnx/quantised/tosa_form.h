/// Integer layers in the TOSA form (docs/tosa-input.md), for the operators of quantised networks.
///
/// Bytes go in and come out as ONNX has them: int8 or uint8, channels second. Inside they are signed and a picture's channels are last;
/// both forms of a tensor are kept beside each other, so that a chain of layers never leaves the inner one. Sums are int32
/// tensors in the inner form. All tensors are static. The functions check nothing: whoever calls them knows that shapes fit.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_TOSA_FORM_H
#define TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_TOSA_FORM_H

#include "import/onnx/emitter.h"
#include "import/onnx/quantised/beneath.h"

#include <array>

namespace tessera::compiler::onnx_import::tosa_form {

/// Weights [outputs][inputs][height][width], and a bias an output in steps of the sums.
struct Filter {
  std::vector<int8_t> weights;
  std::vector<int32_t> bias;
  int64_t outputs = 1, inputs = 1, height = 1, width = 1;
  int32_t zeroPoint = 0; ///< of the weights; the accelerator takes 0 alone
};

struct Sliding {
  std::array<int64_t, 2> stride{1, 1}, dilation{1, 1};
  std::array<int64_t, 4> pad{0, 0, 0, 0}; ///< top, bottom, left, right
  std::array<int64_t, 2> output{1, 1};    ///< rows, columns
};

/// Whether layers may be made where the emitter stands: in @main itself, not in a branch or loop.
bool isPossible(Emitter &emitter);

/// Picture [N, C, H, W] with `filter` over all channels.
Tensor convolutionSums(const Tensor &x, const Quantisation &q, const Filter &filter, const Sliding &sliding);
/// One filter of one input a channel.
Tensor depthwiseSums(const Tensor &x, const Quantisation &q, const Filter &filter, const Sliding &sliding);
/// [rows, inputs] with a filter of 1x1.
Tensor denseSums(const Tensor &x, const Quantisation &q, const Filter &filter);
/// Of one shape; one step of the sum is worth `scale`.
Tensor addedSums(const Tensor &a, const Quantisation &qa, const Tensor &b, const Quantisation &qb,
                 double &scale);

/// Products of bytes less their zero points, of one shape.
Tensor multipliedSums(const Tensor &a, const Quantisation &qa, const Tensor &b, const Quantisation &qb);

/// The sums of a layer with weights with `bias` added, one an output: the layer anew.
Tensor withBias(const Tensor &sums, const std::vector<int32_t> &bias);

/// Largest byte of each window; of the type of x.
Tensor windowMaximum(const Tensor &x, std::array<int64_t, 2> kernel, const Sliding &sliding);

/// Sums to bytes: saturate(roundHalfEven(float32(sum) * scale[c]) + zero point), then between `low` and `high` (in q's type).
Tensor requantised(const Tensor &sums, const std::vector<float> &scale, const Quantisation &q, int32_t low,
                   int32_t high);

/// Bytes under another shape or order; the inner form follows where that moves no byte.
/// Bytes under a shape whose inner form has the same order: of rank 4 only where both have one channel or one pixel.
Tensor viewed(const Tensor &x, const std::vector<int64_t> &shape);
/// Bytes of any rank but 4 as a picture of one row, the last dimension its channels.
Tensor asPicture(const Tensor &x);
Tensor reshaped(const Tensor &x, const std::vector<int64_t> &shape);
Tensor transposed(const Tensor &x, const std::vector<int64_t> &permutation);
Tensor concatenated(const Tensors &parts, int64_t axis);

} // namespace tessera::compiler::onnx_import::tosa_form

#endif
