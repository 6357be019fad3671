/// TFLite_Detection_PostProcess, a custom operator: a call of the kernel in compiler/host/kernels.h (isa/detection.h).

// Texts that hold numbers are never read as numbers here; without this their conversion wants FlatBuffers' library.
#define FLATBUFFERS_LOCALE_INDEPENDENT 0

#include "import/operators.h"
#include "import/shape_text.h"

#include <flatbuffers/flexbuffers.h>

#include <cmath>
#include <cstring>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

namespace {

constexpr int64_t kMost = 1 << 20; ///< detections, and any count of the options

struct Options {
  int64_t classes = 0, maxDetections = 0, classesPerDetection = 0, perClass = 100;
  bool isRegular = false;
  float scoreThreshold = 0, overlapThreshold = 0, scales[4] = {};

  int64_t room() const { return maxDetections * classesPerDetection; }
};

Expected<Options> readOptions(const Operator &op) {
  const auto *raw = op.raw->custom_options();
  // The verifier wants what it reads aligned.
  std::vector<uint64_t> aligned(raw ? (raw->size() + 7) / 8 : 0);
  if (raw && raw->size() != 0)
    std::memcpy(aligned.data(), raw->data(), raw->size());
  const auto *bytes = reinterpret_cast<const uint8_t *>(aligned.data());
  std::vector<uint8_t> seen;
  if (!raw || raw->size() < 3 || !flexbuffers::VerifyBuffer(bytes, raw->size(), &seen) ||
      !flexbuffers::GetRoot(bytes, raw->size()).IsMap())
    return Error{prefixOf(op) + "its options are damaged or missing"};
  const flexbuffers::Map map = flexbuffers::GetRoot(bytes, raw->size()).AsMap();
  std::string wrong;
  const auto number = [&](const char *key, double least, double most, double otherwise) {
    const flexbuffers::Reference value = map[key];
    const double given = value.IsNull()                        ? otherwise
                         : value.IsNumeric() || value.IsBool() ? value.AsDouble()
                                                               : NAN;
    if (!(given >= least && given <= most) && wrong.empty())
      wrong = std::string(key) + " is " + (std::isnan(given) ? "missing or no number" : numberText(given)) +
              ", expected " + numberText(least) + " to " + numberText(most);
    return wrong.empty() ? given : least;
  };
  const auto count = [&](const char *key, double otherwise) {
    return static_cast<int64_t>(number(key, 1, kMost, otherwise));
  };
  Options options;
  options.maxDetections = count("max_detections", NAN);
  options.classesPerDetection = count("max_classes_per_detection", NAN);
  options.perClass = count("detections_per_class", 100);
  options.classes = count("num_classes", NAN);
  options.isRegular = number("use_regular_nms", 0, 1, 0) != 0;
  options.scoreThreshold = static_cast<float>(number("nms_score_threshold", -1e30, 1e30, NAN));
  options.overlapThreshold = static_cast<float>(number("nms_iou_threshold", 0, 1, NAN));
  size_t i = 0;
  for (const char *key : {"y_scale", "x_scale", "h_scale", "w_scale"})
    options.scales[i++] = static_cast<float>(number(key, 1e-30, 1e30, NAN));
  if (!wrong.empty())
    return Error{prefixOf(op) + wrong};
  if (!(options.overlapThreshold > 0) || options.room() > kMost)
    return Error{prefixOf(op) + "nms_iou_threshold " +
                 numberText(static_cast<double>(options.overlapThreshold)) +
                 " must be above 0 and detections, " + std::to_string(options.room()) + ", at most " +
                 std::to_string(kMost)};
  // The reference kernel writes past its outputs there.
  if (!options.isRegular && options.classesPerDetection != 1)
    return Error{prefixOf(op) + "max_classes_per_detection " + std::to_string(options.classesPerDetection) +
                 " without use_regular_nms is not supported, only 1"};
  return options;
}

bool isDetection(const Operator &op) { return op.name == "CUSTOM 'TFLite_Detection_PostProcess'"; }

std::vector<int64_t> shapeOf(size_t output, int64_t room) {
  return output == 0   ? std::vector<int64_t>{1, room, 4}
         : output == 3 ? std::vector<int64_t>{1}
                       : std::vector<int64_t>{1, room};
}

/// An operand as float32.
Expected<mlir::Value> real(Importer &importer, const Operator &op, size_t i) {
  const Tensor &tensor = importer.input(op, i);
  if (tensor.isFloat())
    return importer.inputValue(op, i);
  if (auto ok = importer.checkInt8(op, tensor, "an input"); !ok)
    return ok.error();
  const auto type = mlir::RankedTensorType::get(tensor.shape, importer.builder().getF32Type());
  return importer.custom("dequantize", type, {importer.inputValue(op, i)}, quantisationText(tensor));
}

} // namespace

void completeDetectionShapes(Model &model) {
  for (const Operator &op : model.operators) {
    if (!isDetection(op) || op.outputs.size() != 4)
      continue;
    const auto options = readOptions(op);
    for (size_t i = 0; options && i < 4; ++i)
      if (Tensor &tensor = model.tensors[static_cast<size_t>(op.outputs[i])]; tensor.shape.empty())
        tensor.shape = shapeOf(i, options->room());
  }
}

Expected<void> importCustom(Importer &importer, const Operator &op) {
  if (!isDetection(op))
    return Error{"operator " + std::to_string(op.index) + " (" + op.name + ") is not supported"};
  if (auto ok = importer.checkOperands(op, 3, 3, 4); !ok)
    return ok;
  auto options = readOptions(op);
  if (!options)
    return options.error();
  const auto &encodings = importer.input(op, 0).shape, &scores = importer.input(op, 1).shape,
             &anchors = importer.input(op, 2).shape;
  const bool fits = encodings.size() == 3 && encodings[0] == 1 && encodings[2] >= 4 && scores.size() == 3 &&
                    scores[0] == 1 && scores[1] == encodings[1] &&
                    (scores[2] == options->classes || scores[2] == options->classes + 1) &&
                    anchors == std::vector<int64_t>{encodings[1], 4};
  if (!fits)
    return Error{prefixOf(op) + "encodings " + shapeText(encodings) + ", scores " + shapeText(scores) +
                 " and anchors " + shapeText(anchors) + " do not fit each other and " +
                 std::to_string(options->classes) + " classes"};
  llvm::SmallVector<mlir::Type> types;
  for (size_t i = 0; i < 4; ++i) {
    const Tensor &output = importer.tensor(op.outputs[i]);
    if (!output.isFloat() || output.shape != shapeOf(i, options->room()))
      return Error{prefixOf(op) + "output " + std::to_string(i) + " is " + typeName(output.type) + " " +
                   shapeText(output.shape) + ", expected float32 " + shapeText(shapeOf(i, options->room()))};
    types.push_back(importer.typeOf(output));
  }
  llvm::SmallVector<mlir::Value> operands;
  for (size_t i = 0; i < 3; ++i) {
    auto operand = real(importer, op, i);
    if (!operand)
      return operand.error();
    operands.push_back(*operand);
  }
  const int64_t integers[] = {encodings[1],           encodings[2],      options->classes,   scores[2],
                              options->maxDetections, options->perClass, options->isRegular, options->room()};
  const auto wide = importer.type({8}, 64);
  operands.push_back(importer.make<mlir::tosa::ConstOp>(
      wide, mlir::DenseElementsAttr::get(wide, llvm::ArrayRef<int64_t>(integers))));
  const float *scales = options->scales;
  operands.push_back(importer.constantF32(
      {6}, {options->scoreThreshold, options->overlapThreshold, scales[0], scales[1], scales[2], scales[3]}));
  mlir::OpBuilder &builder = importer.builder();
  auto call = builder.create<mlir::tosa::CustomOp>(
      importer.location(), types, builder.getStringAttr("kernel"), builder.getStringAttr("tessera"),
      builder.getStringAttr("tsr_kernel_detections"), operands);
  for (size_t i = 0; i < 4; ++i)
    importer.setValue(op.outputs[i], call.getResult(static_cast<unsigned>(i)));
  return {};
}

} // namespace tessera::compiler::frontend
