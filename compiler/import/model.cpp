#include "import/model.h"

#include "import/shape_text.h"

#include <cmath>
#include <cstring>

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

int64_t Tensor::elements() const {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

std::string operatorName(tflite::BuiltinOperator code) {
  const char *name = tflite::EnumNameBuiltinOperator(code);
  return *name ? name : "operator code " + std::to_string(static_cast<int32_t>(code));
}

std::string typeName(tflite::TensorType type) {
  std::string name = tflite::EnumNameTensorType(type);
  if (name.empty())
    return "type " + std::to_string(static_cast<int32_t>(type));
  for (char &c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

int64_t elementBytes(tflite::TensorType type) {
  switch (type) {
  case tflite::TensorType::INT8:
  case tflite::TensorType::UINT8:
  case tflite::TensorType::BOOL:
    return 1;
  case tflite::TensorType::INT16:
  case tflite::TensorType::UINT16:
  case tflite::TensorType::FLOAT16:
    return 2;
  case tflite::TensorType::INT32:
  case tflite::TensorType::UINT32:
  case tflite::TensorType::FLOAT32:
    return 4;
  case tflite::TensorType::INT64:
  case tflite::TensorType::UINT64:
  case tflite::TensorType::FLOAT64:
    return 8;
  default:
    return 0;
  }
}

std::string prefixOf(const Operator &op) {
  return "operator " + std::to_string(op.index) + " (" + op.name + "): ";
}

namespace {

/// What a zero point may be, by type.
std::pair<int64_t, int64_t> zeroPointRange(tflite::TensorType type) {
  switch (type) {
  case tflite::TensorType::INT8:
    return {-128, 127};
  case tflite::TensorType::UINT8:
    return {0, 255};
  case tflite::TensorType::INT16:
    return {-32768, 32767};
  default:
    return {0, 0};
  }
}

Expected<void> readShape(const tflite::Tensor &raw, Tensor &tensor, const std::string &place) {
  if (raw.shape())
    tensor.shape.assign(raw.shape()->begin(), raw.shape()->end());
  if (tensor.shape.size() > 6)
    return Error{place + "rank " + std::to_string(tensor.shape.size()) + " is above 6"};
  int64_t bytes = std::max<int64_t>(elementBytes(tensor.type), 1);
  for (int64_t extent : tensor.shape) {
    tensor.isEmpty = tensor.isEmpty || extent == 0;
    if (extent < 0)
      return Error{place + "shape " + shapeText(tensor.shape) + " has an extent that is not positive"};
    if (extent > kMaxTensorBytes / bytes)
      return Error{place + "shape " + shapeText(tensor.shape) + " is larger than " +
                   std::to_string(kMaxTensorBytes) + " bytes"};
    bytes *= std::max<int64_t>(extent, 1);
  }
  return {};
}

/// Element `i`. A hostile file may put 8-byte values at an odd multiple of 4, which the verifier does not refuse.
int64_t zeroPointAt(const flatbuffers::Vector<int64_t> &values, size_t i) {
  int64_t value;
  std::memcpy(&value, values.Data() + sizeof value * i, sizeof value);
  return flatbuffers::EndianScalar(value);
}

Expected<void> readQuantisation(const tflite::QuantizationParameters &raw, Tensor &tensor,
                                const std::string &place) {
  if (!raw.scale() || raw.scale()->size() == 0)
    return {};
  Quantisation &result = tensor.quantisation;
  const size_t count = raw.scale()->size();
  result.dimension = raw.quantized_dimension();
  // Biases carry the dimension of their weights in some files; nothing reads their scales.
  if (count > 1 && tensor.type != tflite::TensorType::INT32) {
    if (result.dimension < 0 || static_cast<size_t>(result.dimension) >= tensor.shape.size())
      return Error{place + "quantised dimension " + std::to_string(result.dimension) + " is outside shape " +
                   shapeText(tensor.shape)};
    const int64_t extent = tensor.shape[static_cast<size_t>(result.dimension)];
    if (static_cast<int64_t>(count) != extent)
      return Error{place + std::to_string(count) + " scales for " + std::to_string(extent) +
                   " slices of dimension " + std::to_string(result.dimension)};
  }
  result.scales.assign(raw.scale()->begin(), raw.scale()->end());
  for (float scale : result.scales)
    if (!std::isfinite(scale) || scale <= 0)
      return Error{place + "scale " + numberText(static_cast<double>(scale)) + " is not a positive number"};

  result.zeroPoints.assign(count, 0);
  if (!raw.zero_point() || raw.zero_point()->size() == 0)
    return {};
  const size_t given = raw.zero_point()->size();
  if (given != count && given != 1)
    return Error{place + std::to_string(given) + " zero points for " + std::to_string(count) + " scales"};
  const auto [low, high] = zeroPointRange(tensor.type);
  for (size_t i = 0; i < count; ++i) {
    const int64_t zeroPoint = zeroPointAt(*raw.zero_point(), given == 1 ? 0 : i);
    if (zeroPoint < low || zeroPoint > high)
      return Error{place + "zero point " + std::to_string(zeroPoint) + " is outside " + std::to_string(low) +
                   " to " + std::to_string(high)};
    result.zeroPoints[i] = zeroPoint;
  }
  return {};
}

Expected<Tensor> readTensor(const tflite::Model &model, const tflite::Tensor &raw, size_t index) {
  Tensor tensor;
  tensor.name = raw.name() ? raw.name()->str() : "";
  tensor.type = raw.type();
  tensor.isVariable = raw.is_variable();
  const std::string place = "tensor " + std::to_string(index) + " ('" + printable(tensor.name) + "'): ";

  if (auto ok = readShape(raw, tensor, place); !ok)
    return ok.error();
  if (raw.sparsity())
    return Error{place + "sparse tensors are not supported"};
  if (raw.quantization())
    if (auto ok = readQuantisation(*raw.quantization(), tensor, place); !ok)
      return ok.error();

  // Buffer 0 is the format's empty buffer; an empty one means that the tensor is computed.
  const auto *buffers = model.buffers();
  if (!buffers || raw.buffer() >= buffers->size())
    return Error{place + "buffer " + std::to_string(raw.buffer()) + " does not exist, the file has " +
                 std::to_string(buffers ? buffers->size() : 0)};
  const tflite::Buffer *buffer = buffers->Get(raw.buffer());
  if (!buffer || !buffer->data() || buffer->data()->size() == 0)
    return tensor;
  const int64_t width = elementBytes(tensor.type);
  if (width == 0)
    return Error{place + "constants of type " + typeName(tensor.type) + " are not supported"};
  const int64_t wanted = tensor.elements() * width; // 0 where nobody may use it
  if (static_cast<int64_t>(buffer->data()->size()) != wanted)
    return Error{place + "buffer " + std::to_string(raw.buffer()) + " has " +
                 std::to_string(buffer->data()->size()) + " bytes, shape " + shapeText(tensor.shape) +
                 " of " + typeName(tensor.type) + " needs " + std::to_string(wanted)};
  tensor.data = {buffer->data()->data(), buffer->data()->size()};
  return tensor;
}

Expected<std::vector<int32_t>> readIndices(const flatbuffers::Vector<int32_t> *raw,
                                           const std::vector<Tensor> &tensors, bool optional,
                                           const std::string &what) {
  std::vector<int32_t> result;
  if (!raw)
    return result;
  result.assign(raw->begin(), raw->end());
  for (int32_t index : result)
    if (index < (optional ? -1 : 0) || (index >= 0 && static_cast<size_t>(index) >= tensors.size()))
      return Error{what + " tensor " + std::to_string(index) + " does not exist, the file has " +
                   std::to_string(tensors.size())};
    else if (index >= 0 && tensors[static_cast<size_t>(index)].isEmpty)
      return Error{what + " tensor " + std::to_string(index) + ": shape " +
                   shapeText(tensors[static_cast<size_t>(index)].shape) +
                   " has an extent that is not positive"};
  return result;
}

Expected<Operator> readOperator(const tflite::Model &model, const tflite::Operator &raw, size_t index,
                                const std::vector<Tensor> &tensors) {
  Operator op;
  op.index = static_cast<int32_t>(index);
  op.raw = &raw;
  const auto *codes = model.operator_codes();
  const size_t codeCount = codes ? codes->size() : 0;
  if (raw.opcode_index() >= codeCount)
    return Error{"operator " + std::to_string(index) + ": opcode " + std::to_string(raw.opcode_index()) +
                 " does not exist, the file has " + std::to_string(codeCount)};
  const tflite::OperatorCode &code = *codes->Get(raw.opcode_index());
  // Old files use the byte, new ones the int; the greater one is meant.
  op.code = static_cast<tflite::BuiltinOperator>(
      std::max<int32_t>(code.deprecated_builtin_code(), static_cast<int32_t>(code.builtin_code())));
  op.name = operatorName(op.code);
  if (op.code == tflite::BuiltinOperator::CUSTOM && code.custom_code())
    op.name += " '" + printable(code.custom_code()->str()) + "'";

  auto inputs = readIndices(raw.inputs(), tensors, true, prefixOf(op) + "input");
  if (!inputs)
    return inputs.error();
  auto outputs = readIndices(raw.outputs(), tensors, false, prefixOf(op) + "output");
  if (!outputs)
    return outputs.error();
  op.inputs = std::move(*inputs);
  op.outputs = std::move(*outputs);
  return op;
}

} // namespace

Expected<Model> parseModel(std::span<const uint8_t> file) {
  if (file.size() < 8 || std::memcmp(file.data() + 4, tflite::ModelIdentifier(), 4) != 0)
    return Error{"not a TFLite file: no identifier TFL3 in its " + std::to_string(file.size()) + " bytes"};
  // FlatBuffers reads in place, so its data must lie aligned.
  auto storage = std::make_shared<std::vector<uint64_t>>((file.size() + 7) / 8);
  std::memcpy(storage->data(), file.data(), file.size());
  const auto *bytes = reinterpret_cast<const uint8_t *>(storage->data());
  flatbuffers::Verifier verifier(bytes, file.size());
  if (!tflite::VerifyModelBuffer(verifier))
    return Error{"damaged TFLite file: its structure does not hold together in " +
                 std::to_string(file.size()) + " bytes"};

  const tflite::Model &raw = *tflite::GetModel(bytes);
  if (raw.version() != 3)
    return Error{"TFLite version " + std::to_string(raw.version()) + " is not supported, only 3"};
  const size_t graphs = raw.subgraphs() ? raw.subgraphs()->size() : 0;
  if (graphs != 1)
    return Error{"the file has " + std::to_string(graphs) + " subgraphs, only 1 is supported"};
  const tflite::SubGraph &graph = *raw.subgraphs()->Get(0);

  Model model;
  model.storage = storage;
  if (graph.tensors()) {
    for (flatbuffers::uoffset_t i = 0; i < graph.tensors()->size(); ++i) {
      auto tensor = readTensor(raw, *graph.tensors()->Get(i), i);
      if (!tensor)
        return tensor.error();
      model.tensors.push_back(std::move(*tensor));
    }
  }
  auto inputs = readIndices(graph.inputs(), model.tensors, false, "input");
  if (!inputs)
    return inputs.error();
  auto outputs = readIndices(graph.outputs(), model.tensors, false, "output");
  if (!outputs)
    return outputs.error();
  model.inputs = std::move(*inputs);
  model.outputs = std::move(*outputs);
  if (model.inputs.empty() || model.outputs.empty())
    return Error{"the network has " + std::to_string(model.inputs.size()) + " inputs and " +
                 std::to_string(model.outputs.size()) + " outputs"};
  if (graph.operators()) {
    for (flatbuffers::uoffset_t i = 0; i < graph.operators()->size(); ++i) {
      auto op = readOperator(raw, *graph.operators()->Get(i), i, model.tensors);
      if (!op)
        return op.error();
      model.operators.push_back(std::move(*op));
    }
  }
  return model;
}

void makeSigned(Model &model) {
  // Spans point into the inner vectors, which stay where they are when the outer one grows.
  for (Tensor &tensor : model.tensors) {
    if (tensor.type != tflite::TensorType::UINT8 || tensor.quantisation.scales.empty())
      continue;
    tensor.type = tflite::TensorType::INT8;
    tensor.isUnsigned = true;
    for (int64_t &zeroPoint : tensor.quantisation.zeroPoints)
      zeroPoint -= 128;
    if (!tensor.isConstant())
      continue;
    std::vector<uint8_t> bytes(tensor.data.begin(), tensor.data.end());
    for (uint8_t &byte : bytes)
      byte ^= 0x80;
    model.rewritten.push_back(std::move(bytes));
    tensor.data = model.rewritten.back();
  }
}

Expected<void> checkOrder(const Model &model) {
  std::vector<bool> defined(model.tensors.size(), false);
  for (size_t i = 0; i < model.tensors.size(); ++i)
    defined[i] = model.tensors[i].isConstant() || model.tensors[i].isVariable;
  for (int32_t input : model.inputs) {
    if (defined[static_cast<size_t>(input)])
      return Error{"input tensor " + std::to_string(input) + " is a constant, state or listed twice"};
    defined[static_cast<size_t>(input)] = true;
  }
  for (const Operator &op : model.operators) {
    for (int32_t input : op.inputs)
      if (input >= 0 && !defined[static_cast<size_t>(input)])
        return Error{prefixOf(op) + "tensor " + std::to_string(input) + " is used before it is computed"};
    for (int32_t output : op.outputs) {
      if (defined[static_cast<size_t>(output)])
        return Error{prefixOf(op) + "tensor " + std::to_string(output) + " is written a second time"};
      defined[static_cast<size_t>(output)] = true;
    }
  }
  for (int32_t output : model.outputs)
    if (!defined[static_cast<size_t>(output)])
      return Error{"output tensor " + std::to_string(output) + " is never computed"};
  return {};
}

} // namespace tessera::compiler::frontend
