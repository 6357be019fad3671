#include "tessera/compiler/run.h"

#include "tessera/compiler/host_code.h"
#include "tessera/isa/json.h"

namespace tessera::compiler {

using isa::Error;
using isa::Expected;
namespace json = isa::json;

namespace {

/// Bytes of an element by the metadata's type name; 0 where it is none that host code has.
size_t elementBytes(const std::string &type) { return type == "int8" ? 1 : type == "float32" ? 4 : 0; }

Expected<TensorInfo> readTensor(const json::Value &value, const std::string &place) {
  TensorInfo tensor;
  const auto *name = value.find("name");
  const auto *shape = value.find("shape");
  const auto *type = value.find("type");
  if (!name || name->kind != json::Value::Kind::String || !type || type->kind != json::Value::Kind::String || !shape ||
      shape->kind != json::Value::Kind::Array)
    return Error{"image metadata: " + place + " has no name, type or shape"};
  tensor.name = name->string;
  tensor.type = type->string;
  if (elementBytes(tensor.type) == 0)
    return Error{"image metadata: " + place + " has type '" + tensor.type + "', expected int8 or float32"};
  int64_t elements = 1;
  for (const json::Value &extent : shape->items) {
    if (extent.kind != json::Value::Kind::Integer || extent.integer < 1 || extent.integer > (int64_t{1} << 31) / elements)
      return Error{"image metadata: " + place + " has an impossible shape"};
    tensor.shape.push_back(extent.integer);
    elements *= extent.integer;
  }
  if (const auto *scale = value.find("scale"))
    tensor.scale = scale->real;
  if (const auto *zeroPoint = value.find("zero_point"))
    tensor.zeroPoint = static_cast<int32_t>(zeroPoint->integer);
  return tensor;
}

Expected<std::vector<TensorInfo>> readTensors(const json::Value &metadata, const char *key) {
  const auto *list = metadata.find(key);
  if (!list || list->kind != json::Value::Kind::Array)
    return Error{std::string("image metadata: no list '") + key + "'"};
  std::vector<TensorInfo> tensors;
  for (size_t i = 0; i < list->items.size(); ++i) {
    auto tensor = readTensor(list->items[i], std::string(key) + " " + std::to_string(i));
    if (!tensor)
      return tensor.error();
    tensors.push_back(std::move(*tensor));
  }
  return tensors;
}

} // namespace

size_t TensorInfo::bytes() const {
  size_t total = elementBytes(type);
  for (int64_t extent : shape)
    total *= static_cast<size_t>(extent);
  return total;
}

struct HostProgram::State {
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::unique_ptr<HostCode> code;
};

HostProgram::HostProgram(std::unique_ptr<State> state) : state_(std::move(state)) {}
HostProgram::~HostProgram() = default;
const std::vector<TensorInfo> &HostProgram::inputs() const { return state_->inputs; }
const std::vector<TensorInfo> &HostProgram::outputs() const { return state_->outputs; }

tsr_main_function HostProgram::entry() const { return state_->code->entry(); }

Expected<std::unique_ptr<HostProgram>> HostProgram::load(const isa::ProgramImage &image) {
  auto metadata = json::parse(image.text(isa::ProgramImage::kMetadata));
  if (!metadata)
    return Error{"image metadata: " + metadata.error().message};
  auto state = std::make_unique<State>();
  auto inputs = readTensors(*metadata, "inputs");
  if (!inputs)
    return inputs.error();
  auto outputs = readTensors(*metadata, "outputs");
  if (!outputs)
    return outputs.error();
  state->inputs = std::move(*inputs);
  state->outputs = std::move(*outputs);

  const std::vector<uint8_t> *object = image.find(isa::ProgramImage::kHostObject);
  if (!object)
    return Error{"the image has no host object"};
  auto code = loadHostCode(*object);
  if (!code)
    return code.error();
  state->code = std::move(*code);
  return std::unique_ptr<HostProgram>(new HostProgram(std::move(state)));
}

Expected<std::vector<std::vector<uint8_t>>> HostProgram::run(std::span<const std::vector<uint8_t>> inputs,
                                                             tsr_runtime *runtime) {
  if (inputs.size() != state_->inputs.size())
    return Error{std::to_string(inputs.size()) + " inputs given, the network has " +
                 std::to_string(state_->inputs.size())};
  std::vector<const void *> in;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].size() != state_->inputs[i].bytes())
      return Error{"input " + std::to_string(i) + " has " + std::to_string(inputs[i].size()) + " bytes, '" +
                   state_->inputs[i].name + "' needs " + std::to_string(state_->inputs[i].bytes())};
    in.push_back(inputs[i].data());
  }
  std::vector<std::vector<uint8_t>> results;
  std::vector<void *> out;
  for (const TensorInfo &tensor : state_->outputs)
    results.emplace_back(tensor.bytes());
  for (auto &result : results)
    out.push_back(result.data());
  if (const int32_t status = entry()(runtime, in.data(), out.data()))
    return Error{"the host code ended with status " + std::to_string(status), static_cast<uint32_t>(status)};
  return results;
}

Expected<std::vector<std::vector<uint8_t>>> runCompiled(const isa::ProgramImage &image,
                                                        std::span<const std::vector<uint8_t>> inputs) {
  auto program = HostProgram::load(image);
  if (!program)
    return program.error();
  return (*program)->run(inputs);
}

} // namespace tessera::compiler
