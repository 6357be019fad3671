// Constants of the file: TensorProto to bytes.

#include "import/onnx/model.h"

#include <onnx/onnx_pb.h>

#include <bit>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace tessera::compiler::onnx_import {

static_assert(std::endian::native == std::endian::little, "the format's raw bytes are little endian");

namespace {

using ::onnx::TensorProto;

std::vector<int64_t> shapeOf(const TensorProto &proto, Type type, const std::string &place) {
  std::vector<int64_t> shape(proto.dims().begin(), proto.dims().end());
  if (static_cast<int64_t>(shape.size()) > kMaxRank)
    fail(place, "rank ", shape.size(), " is above ", kMaxRank);
  int64_t bytes = storageBits(type) / 8;
  bool isEmpty = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      fail(place, "extent ", extent, " is negative");
    isEmpty = isEmpty || extent == 0;
  }
  for (int64_t extent : shape) {
    if (!isEmpty && extent > kMaxTensorBytes / bytes)
      fail(place, "shape ", shapeText(Shape(shape.begin(), shape.end())), " is larger than ", kMaxTensorBytes,
           " bytes");
    bytes = isEmpty ? bytes : bytes * extent;
  }
  return shape;
}

/// The file of external data, which may only lie in the model's folder or below.
std::filesystem::path externalPath(const std::string &location, const Model &model,
                                   const std::string &place) {
  namespace fs = std::filesystem;
  if (model.folder.empty())
    fail(place, "its data is in another file, and the model was not given as a file");
  const fs::path relative(location);
  bool isInside = !location.empty() && relative.is_relative();
  for (const fs::path &part : relative)
    isInside = isInside && part != "..";
  std::error_code error;
  const fs::path root = fs::canonical(model.folder, error);
  const fs::path path = error ? fs::path() : fs::canonical(root / relative, error);
  if (isInside && error)
    fail(place, "external data '", printableName(location), "' cannot be found");
  const auto end = std::mismatch(root.begin(), root.end(), path.begin(), path.end()).first;
  if (!isInside || end != root.end())
    fail(place, "external data '", printableName(location), "' lies outside the model's folder");
  if (!fs::is_regular_file(path, error))
    fail(place, "external data '", printableName(location), "' is no file");
  return path;
}

Literal readExternal(const TensorProto &proto, const Model &model, uint64_t wanted,
                     const std::string &place) {
  std::string location;
  uint64_t offset = 0, length = wanted;
  for (const auto &entry : proto.external_data()) {
    uint64_t *number = entry.key() == "offset" ? &offset : entry.key() == "length" ? &length : nullptr;
    if (entry.key() == "location")
      location = entry.value();
    if (!number)
      continue;
    const std::string &digits = entry.value();
    if (digits.empty() || digits.size() > 18 || digits.find_first_not_of("0123456789") != std::string::npos)
      fail(place, "external data has the ", entry.key(), " '", printableName(digits), "'");
    *number = std::stoull(digits);
  }
  if (length != wanted)
    fail(place, "external data has ", length, " bytes, the shape needs ", wanted);
  const auto path = externalPath(location, model, place);
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error || offset > size || wanted > size - offset)
    fail(place, "external data ends past the ", size, " bytes of '", printableName(location), "'");
  auto bytes = std::make_shared<std::vector<uint8_t>>(wanted);
  std::ifstream stream(path, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  stream.read(reinterpret_cast<char *>(bytes->data()), static_cast<std::streamsize>(wanted));
  if (!stream)
    fail(place, "external data '", printableName(location), "' cannot be read");
  const std::span<const uint8_t> view = *bytes;
  return {view, bytes, false};
}

template <class To, class Numbers> void appendAll(std::vector<uint8_t> &bytes, const Numbers &numbers) {
  for (const auto number : numbers) {
    const auto value = static_cast<To>(number);
    const auto *data = reinterpret_cast<const uint8_t *>(&value);
    bytes.insert(bytes.end(), data, data + sizeof value);
  }
}

/// Bytes from the field that the type uses.
std::vector<uint8_t> fieldBytes(const TensorProto &proto, Type type) {
  std::vector<uint8_t> bytes;
  switch (type) {
  case Type::Float32:
    appendAll<float>(bytes, proto.float_data());
    break;
  case Type::Float64:
    appendAll<double>(bytes, proto.double_data());
    break;
  case Type::Int64:
    appendAll<int64_t>(bytes, proto.int64_data());
    break;
  case Type::Uint32:
    appendAll<uint32_t>(bytes, proto.uint64_data());
    break;
  case Type::Uint64:
    appendAll<uint64_t>(bytes, proto.uint64_data());
    break;
  case Type::Int32:
    appendAll<int32_t>(bytes, proto.int32_data());
    break;
  default:
    if (storageBits(type) == 16)
      appendAll<uint16_t>(bytes, proto.int32_data());
    else
      appendAll<uint8_t>(bytes, proto.int32_data());
  }
  return bytes;
}

/// Elements below 8 bits, lowest bits first, to one a byte.
std::vector<uint8_t> unpacked(std::span<const uint8_t> packed, Type type, size_t count) {
  const unsigned bits = valueBits(type), perByte = 8 / bits;
  std::vector<uint8_t> result(count);
  for (size_t i = 0; i < count; ++i) {
    auto value = static_cast<uint8_t>(packed[i / perByte] >> (i % perByte * bits) & ((1u << bits) - 1));
    if (!isUnsigned(type) && isInteger(type) && value >> (bits - 1))
      value = static_cast<uint8_t>(value | (0xffu << bits));
    result[i] = value;
  }
  return result;
}

Literal owned(std::vector<uint8_t> data) {
  auto owner = std::make_shared<const std::vector<uint8_t>>(std::move(data));
  const std::span<const uint8_t> view = *owner;
  return {view, owner, false};
}

} // namespace

Tensor readTensor(Emitter &emitter, const TensorProto &proto, const Model &model) {
  const std::string place = "constant '" + printableName(proto.name()) + "': ";
  const auto type = static_cast<Type>(proto.data_type());
  if (storageBits(type) == 0)
    fail(place, typeName(type), " tensors are not supported");
  if (proto.has_segment())
    fail(place, "tensors in segments are not supported");
  const std::vector<int64_t> shape = shapeOf(proto, type, place);
  uint64_t count = 1;
  for (int64_t extent : shape)
    count *= static_cast<uint64_t>(extent);
  const bool isPacked = valueBits(type) < 8;
  const uint64_t wanted = (count * (isPacked ? valueBits(type) : storageBits(type)) + 7) / 8;

  Literal literal;
  if (proto.has_data_location() && proto.data_location() == TensorProto::EXTERNAL) {
    literal = readExternal(proto, model, wanted, place);
  } else if (proto.has_raw_data()) {
    const std::string &raw = proto.raw_data();
    // The file's own bytes, where they lie aligned; nothing reads them but through memcpy and MLIR's copy.
    literal = {{reinterpret_cast<const uint8_t *>(raw.data()), raw.size()}, model.proto, false};
  } else {
    literal = owned(fieldBytes(proto, type));
  }
  if (literal.bytes.size() != wanted)
    fail(place, "it has ", literal.bytes.size(), " bytes of data, shape ",
         shapeText(Shape(shape.begin(), shape.end())), " of ", typeName(type), " needs ", wanted);
  if (isPacked)
    literal = owned(unpacked(literal.bytes, type, count));
  return emitter.literal(type, shape, std::move(literal));
}

} // namespace tessera::compiler::onnx_import
