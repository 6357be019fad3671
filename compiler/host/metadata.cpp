#include "metadata.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;
using nlohmann::json;

namespace {

constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 31;
constexpr size_t kMaxMarks = 256;
constexpr size_t kMaxFeatures = 1024;

/// Reads members and remembers the first thing that was wrong.
class Reader {
public:
  std::string error;

  std::string text(const json &object, const char *key, bool needed = true) {
    auto at = object.find(key);
    if (at == object.end() && !needed)
      return {};
    if (at == object.end() || !at->is_string())
      return wrong(key, "a string"), std::string();
    return at->get<std::string>();
  }
  uint64_t count(const json &object, const char *key, uint64_t limit, bool needed = true) {
    auto at = object.find(key);
    if (at == object.end() && !needed)
      return 0;
    if (at == object.end() || !at->is_number_integer() ||
        (at->is_number_integer() && !at->is_number_unsigned() && at->get<int64_t>() < 0) ||
        at->get<uint64_t>() > limit)
      return wrong(key, "a number up to " + std::to_string(limit)), 0;
    return at->get<uint64_t>();
  }
  double real(const json &object, const char *key) {
    auto at = object.find(key);
    return at != object.end() && at->is_number() ? at->get<double>() : 0;
  }
  const json &list(const json &object, const char *key) {
    static const json empty = json::array();
    auto at = object.find(key);
    if (at == object.end() || !at->is_array())
      return wrong(key, "a list"), empty;
    for (const json &item : *at)
      if (!item.is_object())
        return wrong(key, "a list of objects"), empty;
    return *at;
  }
  std::vector<std::string> texts(const json &object, const char *key, size_t limit) {
    std::vector<std::string> result;
    auto at = object.find(key);
    if (at == object.end())
      return result;
    bool areTexts = at->is_array() && at->size() <= limit;
    for (size_t i = 0; areTexts && i < at->size(); ++i) {
      areTexts = (*at)[i].is_string();
      if (areTexts)
        result.push_back((*at)[i].get<std::string>());
    }
    if (!areTexts)
      wrong(key, "a list of at most " + std::to_string(limit) + " strings");
    return result;
  }
  void wrong(const std::string &key, const std::string &wanted) {
    if (error.empty())
      error = "image metadata: `" + key + "` must be " + wanted;
  }
};

TensorInfo tensorOf(Reader &reader, const json &object) {
  TensorInfo tensor;
  tensor.name = reader.text(object, "name");
  tensor.type = reader.text(object, "type");
  tensor.scale = reader.real(object, "scale");
  tensor.zeroPoint = static_cast<int64_t>(reader.real(object, "zero_point"));
  tensor.bytes = elementBytes(tensor.type);
  if (tensor.bytes == 0)
    reader.wrong("type", "the name of an element type");
  auto shape = object.find("shape");
  if (shape == object.end() || !shape->is_array())
    return reader.wrong("shape", "a list of numbers"), tensor;
  const bool isEmpty =
      std::any_of(shape->begin(), shape->end(), [](const json &extent) { return extent == 0; });
  for (const json &extent : *shape) {
    if (extent.is_string()) {
      tensor.symbols.resize(shape->size());
      tensor.symbols[tensor.shape.size()] = extent.get<std::string>();
      tensor.shape.push_back(kDynamicExtent);
      continue;
    }
    if (!extent.is_number_unsigned() ||
        (!isEmpty && extent.get<uint64_t>() > kMaxTensorBytes / std::max<uint64_t>(tensor.bytes, 1)))
      return reader.wrong("shape",
                          "names or numbers, and at most " + std::to_string(kMaxTensorBytes) + " bytes"),
             tensor;
    tensor.shape.push_back(extent.get<uint64_t>());
    tensor.bytes *= isEmpty ? 1 : extent.get<uint64_t>();
  }
  if (isEmpty || tensor.isDynamic())
    tensor.bytes = 0;
  return tensor;
}

LayerInfo layerOf(Reader &reader, const json &object, uint32_t segments) {
  LayerInfo layer;
  layer.report.name = reader.text(object, "name");
  layer.report.op = reader.text(object, "op");
  layer.report.placement = reader.text(object, "where");
  layer.report.reason = reader.text(object, "why", false);
  layer.report.macs = reader.count(object, "macs", uint64_t{1} << 50, false);
  if (layer.report.placement != "npu" && layer.report.placement != "cpu")
    reader.wrong("where", "npu or cpu");
  if (layer.report.placement == "npu" && object.contains("mark")) {
    layer.mark = static_cast<uint32_t>(reader.count(object, "mark", kMaxMarks - 1));
    layer.segment = static_cast<uint32_t>(reader.count(object, "segment", segments ? segments - 1 : 0));
  }
  return layer;
}

} // namespace

uint64_t elementBytes(const std::string &type) {
  static const std::map<std::string, uint64_t> kBytes = {
      {"bool", 1},       {"int2", 1},           {"uint2", 1},      {"int4", 1},         {"uint4", 1},
      {"int8", 1},       {"uint8", 1},          {"int16", 2},      {"uint16", 2},       {"int32", 4},
      {"uint32", 4},     {"int64", 8},          {"uint64", 8},     {"float16", 2},      {"bfloat16", 2},
      {"float32", 4},    {"float64", 8},        {"float4e2m1", 1}, {"float8e4m3fn", 1}, {"float8e4m3fnuz", 1},
      {"float8e5m2", 1}, {"float8e5m2fnuz", 1}, {"float8e8m0", 1}};
  const auto found = kBytes.find(type);
  return found == kBytes.end() ? 0 : found->second;
}

Expected<void> checkShape(const TensorInfo &info, const std::vector<uint64_t> &shape, uint64_t bytes) {
  std::string wanted, given;
  bool fits = shape.size() == info.shape.size();
  uint64_t size = elementBytes(info.type);
  for (size_t i = 0; i < info.shape.size(); ++i)
    wanted +=
        (i ? "x" : "") + (info.shape[i] == kDynamicExtent ? info.symbols[i] : std::to_string(info.shape[i]));
  for (size_t i = 0; i < shape.size(); ++i) {
    given += (i ? "x" : "") + std::to_string(shape[i]);
    fits = fits && (info.shape[i] == kDynamicExtent || info.shape[i] == shape[i]);
    if (shape[i] && size > kMaxTensorBytes / shape[i])
      return Error{"input " + info.name + " of shape " + given + " has more than " +
                   std::to_string(kMaxTensorBytes) + " bytes"};
    size *= shape[i];
  }
  if (!fits)
    return Error{"input " + info.name + " has shape " + given + ", the model wants " + wanted};
  if (size != bytes)
    return Error{"input " + info.name + " of shape " + given + " has " + std::to_string(bytes) +
                 " bytes, expected " + std::to_string(size)};
  return {};
}

Expected<Metadata> parseMetadata(std::string_view text) {
  json document = json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object())
    return Error{"image metadata: no JSON object"};
  Reader reader;
  Metadata metadata;
  metadata.model = reader.text(document, "model");
  metadata.machine = reader.text(document, "machine", false);
  metadata.cpu = reader.text(document, "cpu", false);
  metadata.cpuFeatures = reader.texts(document, "cpu_features", kMaxFeatures);
  metadata.segments = static_cast<uint32_t>(reader.count(document, "segments", 1 << 16));
  metadata.isDynamic = document.value("dynamic", json(false)) == true;
  for (const json &item : reader.list(document, "inputs"))
    metadata.inputs.push_back(tensorOf(reader, item));
  for (const json &item : reader.list(document, "outputs"))
    metadata.outputs.push_back(tensorOf(reader, item));
  for (const json &item : reader.list(document, "layers"))
    metadata.layers.push_back(layerOf(reader, item, metadata.segments));
  if (!reader.error.empty())
    return Error{reader.error};
  return metadata;
}

} // namespace tessera::compiler
