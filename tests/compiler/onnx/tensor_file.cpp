#include "tensor_file.h"

#include <onnx/onnx_pb.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

namespace tessera::test {

namespace {

using ::onnx::TensorProto;

struct TypeRow {
  int number;
  const char *name;
  unsigned bytes; ///< in memory
  unsigned bits;  ///< in files
};

constexpr TypeRow kTypes[] = {
    {1, "float32", 4, 32},
    {2, "uint8", 1, 8},
    {3, "int8", 1, 8},
    {4, "uint16", 2, 16},
    {5, "int16", 2, 16},
    {6, "int32", 4, 32},
    {7, "int64", 8, 64},
    {9, "bool", 1, 8},
    {10, "float16", 2, 16},
    {11, "float64", 8, 64},
    {12, "uint32", 4, 32},
    {13, "uint64", 8, 64},
    {16, "bfloat16", 2, 16},
    {17, "float8e4m3fn", 1, 8},
    {18, "float8e4m3fnuz", 1, 8},
    {19, "float8e5m2", 1, 8},
    {20, "float8e5m2fnuz", 1, 8},
    {21, "uint4", 1, 4},
    {22, "int4", 1, 4},
    {23, "float4e2m1", 1, 4},
    {24, "float8e8m0", 1, 8},
    {25, "uint2", 1, 2},
    {26, "int2", 1, 2},
};

const TypeRow *rowOf(const std::string &name) {
  for (const TypeRow &row : kTypes)
    if (row.name == name)
      return &row;
  return nullptr;
}

template <class To, class Numbers> std::vector<uint8_t> bytesOf(const Numbers &numbers) {
  std::vector<uint8_t> bytes;
  for (auto number : numbers) {
    const To value = static_cast<To>(number);
    const auto *data = reinterpret_cast<const uint8_t *>(&value);
    bytes.insert(bytes.end(), data, data + sizeof value);
  }
  return bytes;
}

std::vector<uint8_t> fileBytes(const TensorProto &proto, const TypeRow &row) {
  if (proto.has_raw_data())
    return {proto.raw_data().begin(), proto.raw_data().end()};
  switch (row.number) {
  case TensorProto::FLOAT:
    return bytesOf<float>(proto.float_data());
  case TensorProto::DOUBLE:
    return bytesOf<double>(proto.double_data());
  case TensorProto::INT64:
    return bytesOf<int64_t>(proto.int64_data());
  case TensorProto::UINT32:
    return bytesOf<uint32_t>(proto.uint64_data());
  case TensorProto::UINT64:
    return bytesOf<uint64_t>(proto.uint64_data());
  case TensorProto::INT32:
    return bytesOf<int32_t>(proto.int32_data());
  default:
    return row.bits == 16 ? bytesOf<uint16_t>(proto.int32_data()) : bytesOf<uint8_t>(proto.int32_data());
  }
}

float halfToFloat(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const float magnitude = exponent == 0    ? std::ldexp(static_cast<float>(mantissa), -24)
                          : exponent == 31 ? (mantissa ? NAN : INFINITY)
                                           : std::ldexp(static_cast<float>(mantissa + 1024), exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

template <class T> T at(const std::vector<uint8_t> &bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
  return value;
}

/// Real elements as double; false for types that are compared byte by byte.
bool realAt(const std::string &type, const std::vector<uint8_t> &bytes, size_t i, double &value) {
  if (type == "float32")
    value = at<float>(bytes, i);
  else if (type == "float64")
    value = at<double>(bytes, i);
  else if (type == "float16")
    value = halfToFloat(at<uint16_t>(bytes, i));
  else if (type == "bfloat16")
    value = std::bit_cast<float>(static_cast<uint32_t>(at<uint16_t>(bytes, i)) << 16);
  else
    return false;
  return true;
}

std::string shapeText(const std::vector<uint64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

} // namespace

FileTensor readTensorFile(const std::filesystem::path &path) {
  FileTensor result;
  std::ifstream stream(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(stream)), {});
  TensorProto proto;
  if (!proto.ParseFromString(bytes)) {
    result.problem = "no tensor";
    return result;
  }
  for (const TypeRow &row : kTypes) {
    if (row.number != proto.data_type())
      continue;
    result.type = row.name;
    size_t count = 1;
    for (int64_t extent : proto.dims()) {
      result.data.shape.push_back(static_cast<uint64_t>(extent));
      count *= static_cast<size_t>(extent);
    }
    std::vector<uint8_t> data = fileBytes(proto, row);
    if (row.bits < 8) { // packed, lowest bits first
      std::vector<uint8_t> elements(count);
      const unsigned perByte = 8 / row.bits;
      for (size_t i = 0; i < count; ++i) {
        unsigned value = data.at(i / perByte) >> (i % perByte * row.bits) & ((1u << row.bits) - 1);
        if (row.name[0] == 'i' && value >> (row.bits - 1))
          value |= 0xffu << row.bits;
        elements[i] = static_cast<uint8_t>(value);
      }
      data = elements;
    }
    if (data.size() != count * row.bytes)
      result.problem = std::to_string(data.size()) + " bytes for shape " + shapeText(result.data.shape);
    result.data.data = std::move(data);
    return result;
  }
  result.problem = "element type " + std::to_string(proto.data_type());
  return result;
}

std::string difference(const FileTensor &expected, const std::string &type, const compiler::TensorData &got) {
  if (!expected.problem.empty())
    return "the expected tensor cannot be read: " + expected.problem;
  if (type != expected.type)
    return "is " + type + ", expected " + expected.type;
  if (got.shape != expected.data.shape)
    return "has shape " + shapeText(got.shape) + ", expected " + shapeText(expected.data.shape);
  if (got.data.size() != expected.data.data.size())
    return std::to_string(got.data.size()) + " bytes, expected " + std::to_string(expected.data.data.size());
  const size_t width = rowOf(type)->bytes, count = got.data.size() / width;
  const double relative = type == "bfloat16" ? std::ldexp(1.0, -6) : 1e-3, absolute = 1e-7;
  for (size_t i = 0; i < count; ++i) {
    double x = 0, y = 0;
    if (realAt(type, got.data, i, x) && realAt(type, expected.data.data, i, y)) {
      const bool isClose =
          (std::isnan(x) && std::isnan(y)) || x == y ||
          (std::isfinite(x) && std::isfinite(y) && std::abs(x - y) <= absolute + relative * std::abs(y));
      if (isClose)
        continue;
      std::ostringstream text;
      text << "element " << i << " is " << x << ", expected " << y;
      return text.str();
    }
    if (std::memcmp(got.data.data() + i * width, expected.data.data.data() + i * width, width) == 0)
      continue;
    std::string text = "element " + std::to_string(i) + " has the bytes";
    for (const auto *bytes : {&got.data, &expected.data.data}) {
      for (size_t b = 0; b < width; ++b) {
        char hex[8];
        std::snprintf(hex, sizeof hex, " %02x", (*bytes)[i * width + b]);
        text += hex;
      }
      text += bytes == &got.data ? ", expected" : "";
    }
    return text;
  }
  return {};
}

} // namespace tessera::test
