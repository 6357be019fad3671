/// SLICE and STRIDED_SLICE: tosa.slice, tosa.reverse, and for strides a reshape whose first column is taken.

#include "import/operators.h"
#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

/// What one dimension keeps: `count` elements from `start` on, `stride` apart.
struct Range {
  int64_t start = 0;
  int64_t stride = 1;
  int64_t count = 0;
};

/// Every stride-th row of [rows, stride, rest] is the first of its group. `value` has `count` groups, the last maybe short.
mlir::Value everyNth(Importer &importer, mlir::Value value, size_t axis, int64_t stride, int64_t count) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  std::vector<int64_t> shape(type.getShape());
  int64_t outer = 1, inner = 1;
  for (size_t d = 0; d < shape.size(); ++d)
    (d < axis ? outer : inner) *= d == axis ? 1 : shape[d];
  if (count == 1) { // whatever the stride is
    std::vector<int64_t> start(shape.size(), 0);
    shape[axis] = 1;
    return importer.slice(value, start, shape);
  }
  const int64_t missing = count * stride - shape[axis];
  value = importer.reshape(value, {outer, shape[axis], inner});
  if (missing > 0)
    value = importer.pad(value, {0, 0, 0, static_cast<int32_t>(missing), 0, 0}, 0);
  value = importer.reshape(value, {outer, count, stride, inner});
  value = importer.slice(value, {0, 0, 0, 0}, {outer, count, 1, inner});
  shape[axis] = count;
  return importer.reshape(value, shape);
}

mlir::Value take(Importer &importer, mlir::Value value, llvm::ArrayRef<Range> ranges) {
  auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
  std::vector<int64_t> start, size;
  for (size_t d = 0; d < ranges.size(); ++d) {
    const Range &range = ranges[d];
    const int64_t extent = type.getShape()[d];
    const int64_t step = std::abs(range.stride);
    int64_t first = range.start;
    if (range.stride < 0) {
      value = importer.builder().create<mlir::tosa::ReverseOp>(
          importer.location(), type, value, importer.builder().getI32IntegerAttr(static_cast<int32_t>(d)));
      first = extent - 1 - first;
    }
    start.push_back(first);
    size.push_back(range.count == 1 ? 1 : std::min(range.count * step, extent - first));
  }
  value = importer.slice(value, start, size);
  for (size_t d = 0; d < ranges.size(); ++d)
    if (const int64_t step = std::abs(ranges[d].stride); step > 1 && ranges[d].count > 1)
      value = everyNth(importer, value, d, step, ranges[d].count);
  return value;
}

/// The range of one dimension, as the reference kernel reads begin, end, stride and the masks.
Range rangeOf(int64_t extent, int64_t begin, int64_t end, int64_t stride, bool fromStart, bool toEnd,
              bool isOne) {
  const bool forward = stride > 0;
  const auto place = [&](int64_t at) {
    const int64_t wrapped = at < 0 ? at + extent : at;
    return forward ? std::clamp<int64_t>(wrapped, 0, extent) : std::clamp<int64_t>(wrapped, -1, extent - 1);
  };
  Range range{fromStart ? (forward ? 0 : extent - 1) : place(begin), stride, 0};
  if (isOne)
    return {range.start, 1, range.start >= 0 && range.start < extent ? 1 : 0};
  const int64_t stop = toEnd ? (forward ? extent : -1) : place(end);
  const int64_t reach = forward ? stop - range.start : range.start - stop;
  range.count = reach <= 0 ? 0 : (reach + std::abs(stride) - 1) / std::abs(stride);
  return range;
}

/// A NumPy index, resolved: the input's shape with the new axes as extents of 1, a range for each of its dimensions, and the shape that
/// is left.
struct Index {
  std::vector<int64_t> shape;
  std::vector<Range> ranges;
  std::vector<int64_t> kept;
  size_t newAxes = 0;

  void add(int64_t extent, Range range, bool isKept) {
    shape.push_back(extent);
    ranges.push_back(range);
    if (isKept)
      kept.push_back(range.count);
  }
};

/// `numbers`: begins, ends, strides, one an entry of the index. The first ellipsis stands for the dimensions that no other entry names;
/// where there is none, they are at the end.
Expected<Index> indexOf(const Operator &op, const tflite::StridedSliceOptions &options,
                        const std::vector<int32_t> (&numbers)[3], const std::vector<int64_t> &shape) {
  const size_t entries = numbers[0].size();
  const auto masked = [](int32_t mask, size_t i) { return ((static_cast<uint32_t>(mask) >> i) & 1) != 0; };
  size_t ellipsis = entries, named = 0;
  for (size_t i = 0; i < entries && i < 32; ++i)
    if (ellipsis == entries && masked(options.ellipsis_mask(), i))
      ellipsis = i;
    else
      named += !masked(options.new_axis_mask(), i);
  if (entries > 32 || named > shape.size() || numbers[1].size() != entries || numbers[2].size() != entries)
    return Error{prefixOf(op) + std::to_string(entries) + " begins, " + std::to_string(numbers[1].size()) +
                 " ends and " + std::to_string(numbers[2].size()) + " strides for shape " + shapeText(shape)};
  Index index;
  const auto whole = [&](size_t count) {
    for (; count > 0; --count) {
      const int64_t extent = shape[index.shape.size() - index.newAxes];
      index.add(extent, {0, 1, extent}, true);
    }
  };
  for (size_t i = 0; i < entries; ++i) {
    if (i == ellipsis) {
      whole(shape.size() - named);
      continue;
    }
    if (masked(options.new_axis_mask(), i)) {
      index.add(1, {0, 1, 1}, true);
      ++index.newAxes;
      continue;
    }
    const size_t dimension = index.shape.size() - index.newAxes;
    const int32_t stride = numbers[2][i];
    if (stride == 0 || stride < -(1 << 24) || stride > 1 << 24)
      return Error{prefixOf(op) + "stride " + std::to_string(stride) + " is not possible"};
    const bool isOne = masked(options.shrink_axis_mask(), i);
    const Range range = rangeOf(shape[dimension], numbers[0][i], numbers[1][i], stride,
                                masked(options.begin_mask(), i), masked(options.end_mask(), i), isOne);
    if (range.count < 1)
      return Error{prefixOf(op) + "nothing is left of dimension " + std::to_string(dimension) + " of " +
                   shapeText(shape)};
    index.add(shape[dimension], range, !isOne);
  }
  whole(shape.size() - (index.shape.size() - index.newAxes));
  return index;
}

} // namespace

Expected<void> importSlice(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 3, 3); !ok)
    return ok;
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  auto begin = importer.constantInts(op, 1, "begins");
  if (!begin)
    return begin.error();
  const size_t rank = input.shape.size();
  // The sizes are the output's.
  bool fits = begin->size() == rank && output.shape.size() == rank;
  for (size_t d = 0; fits && d < rank; ++d)
    fits = (*begin)[d] >= 0 && (*begin)[d] + output.shape[d] <= input.shape[d];
  if (!fits)
    return Error{prefixOf(op) + "the slice " + shapeText(output.shape) + " is not inside " +
                 shapeText(input.shape)};
  const std::vector<int64_t> start(begin->begin(), begin->end());
  importer.setOutput(op, importer.slice(importer.inputValue(op, 0), start, output.shape));
  return {};
}

Expected<void> importStridedSlice(Importer &importer, const Operator &op) {
  if (auto ok = importer.checkOperands(op, 4, 4); !ok)
    return ok;
  const auto *options = op.options<tflite::StridedSliceOptions>();
  if (!options)
    return Error{prefixOf(op) + "options are missing"};
  if (options->offset())
    return Error{prefixOf(op) + "ends as offsets are not supported"};
  const Tensor &input = importer.input(op, 0);
  const Tensor &output = importer.output(op);
  if (auto ok = importer.checkAlike(op, input, output); !ok)
    return ok;
  std::vector<int32_t> numbers[3];
  const char *const names[3] = {"begins", "ends", "strides"};
  for (size_t i = 0; i < 3; ++i) {
    auto values = importer.constantInts(op, i + 1, names[i]);
    if (!values)
      return values.error();
    numbers[i] = *values;
  }
  auto index = indexOf(op, *options, numbers, input.shape);
  if (!index)
    return index.error();
  if (index->kept != output.shape)
    return Error{prefixOf(op) + "the slice of " + shapeText(input.shape) + " is " + shapeText(index->kept) +
                 ", the output " + shapeText(output.shape)};
  const mlir::Value value = importer.reshape(importer.inputValue(op, 0), index->shape);
  importer.setOutput(op, importer.reshape(take(importer, value, index->ranges), output.shape));
  return {};
}

} // namespace tessera::compiler::frontend
