/// RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: where each output row and column lies in the picture is known here, so the
/// operation gets tables.

#include "import/operators.h"
#include "import/shape_text.h"

#include <algorithm>
#include <cmath>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// How the file wants corners and centres of pixels to lie.
struct Grid {
  bool alignsCorners = false;
  bool hasHalfPixels = false;
};

/// For each position along one dimension the two neighbours, and how far it is from the first to the second.
struct Neighbours {
  std::vector<int32_t> first, second;
  std::vector<int32_t> steps;   ///< of 1024, for signed bytes
  std::vector<float> distances; ///< for the others
};

/// As the reference kernel for signed bytes has it: 10 bits below the point.
Neighbours integerNeighbours(int64_t in, int64_t out, Grid grid) {
  const bool corners = grid.alignsCorners && out > 1;
  const int64_t from = corners ? in - 1 : in, to = corners ? out - 1 : out;
  const int64_t scale = (1024 * from + to / 2) / to;
  Neighbours result;
  for (int64_t i = 0; i < out; ++i) {
    const int64_t at = i * scale + (grid.hasHalfPixels ? scale / 2 - 512 : 0);
    const int64_t low = std::clamp<int64_t>(at / 1024, 0, in - 1);
    result.first.push_back(static_cast<int32_t>(low));
    result.second.push_back(static_cast<int32_t>(std::clamp<int64_t>((at + 1023) / 1024, 0, in - 1)));
    result.steps.push_back(static_cast<int32_t>(at - 1024 * low));
  }
  return result;
}

/// As the kernel for unsigned bytes and float32 has it: in float32.
Neighbours realNeighbours(int64_t in, int64_t out, Grid grid) {
  const bool corners = grid.alignsCorners && out > 1;
  const float scale = static_cast<float>(corners ? in - 1 : in) / static_cast<float>(corners ? out - 1 : out);
  Neighbours result;
  for (int64_t i = 0; i < out; ++i) {
    const auto position = static_cast<float>(i);
    const float at = grid.hasHalfPixels ? (position + 0.5f) * scale - 0.5f : position * scale;
    const auto low = static_cast<int32_t>(std::clamp(std::floor(at), 0.0f, static_cast<float>(in - 1)));
    result.first.push_back(low);
    result.second.push_back(
        static_cast<int32_t>(std::clamp(std::ceil(at), 0.0f, static_cast<float>(in - 1))));
    result.distances.push_back(at - static_cast<float>(low));
  }
  return result;
}

std::vector<int32_t> nearest(int64_t in, int64_t out, Grid grid) {
  const bool corners = grid.alignsCorners && out > 1;
  const float scale = static_cast<float>(corners ? in - 1 : in) / static_cast<float>(corners ? out - 1 : out);
  std::vector<int32_t> result;
  for (int64_t i = 0; i < out; ++i) {
    const float at = (static_cast<float>(i) + (grid.hasHalfPixels ? 0.5f : 0.0f)) * scale;
    const float whole = grid.alignsCorners ? std::round(at) : std::floor(at);
    result.push_back(static_cast<int32_t>(std::clamp(whole, 0.0f, static_cast<float>(in - 1))));
  }
  return result;
}

Expected<void> checkPictures(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 2, 2); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  if (input.shape.size() != 4 || output.shape.size() != 4 || input.shape[0] != output.shape[0] ||
      input.shape[3] != output.shape[3])
    return Error{prefixOf(op) + "input " + shapeText(input.shape) + " and output " + shapeText(output.shape) +
                 " are not both NHWC of one batch and as many channels"};
  // Positions are computed in 32 bits with 10 below the point, and in float32.
  for (const int64_t extent : {input.shape[1], input.shape[2], output.shape[1], output.shape[2]})
    if (extent > 1 << 20)
      return Error{prefixOf(op) + "an extent of " + std::to_string(extent) + " is above 1048576"};
  return {};
}

} // namespace

Expected<void> importResizeBilinear(Importer &importer, const Operator &op) {
  if (auto ok = checkPictures(importer, op); !ok)
    return ok;
  const auto *options = op.options<tflite::ResizeBilinearOptions>();
  const Grid grid = options ? Grid{options->align_corners(), options->half_pixel_centers()} : Grid{};
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (!input.isInt8() && !input.isFloat())
    return Error{prefixOf(op) + "input is " + typeName(input.type) +
                 ", only int8, uint8 and float32 are supported"};
  const bool isInteger = input.isInt8() && !input.isUnsigned;
  std::vector<mlir::Value> operands{importer.inputValue(op, 0)};
  for (size_t d : {size_t{1}, size_t{2}}) {
    const Neighbours near =
        (isInteger ? integerNeighbours : realNeighbours)(input.shape[d], output.shape[d], grid);
    operands.push_back(importer.constantI32({output.shape[d]}, near.first));
    operands.push_back(importer.constantI32({output.shape[d]}, near.second));
    operands.push_back(isInteger ? importer.constantI32({output.shape[d]}, near.steps)
                                 : importer.constantF32({output.shape[d]}, near.distances));
  }
  importer.setOutput(op, importer.custom("resize_bilinear", importer.typeOf(output), operands,
                                         input.isFloat() ? "float"
                                         : isInteger     ? "signed"
                                                         : "unsigned"));
  return {};
}

Expected<void> importResizeNearest(Importer &importer, const Operator &op) {
  if (auto ok = checkPictures(importer, op); !ok)
    return ok;
  const auto *options = op.options<tflite::ResizeNearestNeighborOptions>();
  const Grid grid = options ? Grid{options->align_corners(), options->half_pixel_centers()} : Grid{};
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  const std::vector<mlir::Value> operands{
      importer.inputValue(op, 0),
      importer.constantI32({output.shape[1]}, nearest(input.shape[1], output.shape[1], grid)),
      importer.constantI32({output.shape[2]}, nearest(input.shape[2], output.shape[2], grid))};
  importer.setOutput(op, importer.custom("resize_nearest", importer.typeOf(output), operands, ""));
  return {};
}

} // namespace tessera::compiler::frontend
