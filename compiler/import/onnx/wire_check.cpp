#include "import/onnx/wire_check.h"

#include "import/onnx/error.h"

#include <google/protobuf/descriptor.h>
#include <onnx/onnx_pb.h>

namespace tessera::compiler::onnx_import {

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr int kMaxDepth = 60;
/// A message or string takes some 16 times the memory of a number; 2^25 numbers' worth is below 1 GiB.
constexpr uint64_t kObjectCost = 16;
constexpr uint64_t kMaxCost = uint64_t{1} << 25;

class Walker {
public:
  explicit Walker(std::span<const uint8_t> file) : file_(file) {}

  void walk(size_t at, size_t end, const Descriptor *message, int depth) {
    if (depth > kMaxDepth)
      fail("messages are nested deeper than ", kMaxDepth);
    while (at < end) {
      const uint64_t tag = varint(at, end);
      const auto number = tag >> 3;
      if (number == 0 || number > 0x1fffffff)
        fail("damaged file: field number ", number, " at byte ", at);
      const FieldDescriptor *field = message ? message->FindFieldByNumber(static_cast<int>(number)) : nullptr;
      cost_ += 1;
      switch (tag & 7) {
      case 0:
        varint(at, end);
        break;
      case 1:
        skip(at, end, 8);
        break;
      case 5:
        skip(at, end, 4);
        break;
      case 2: {
        const uint64_t length = varint(at, end);
        if (length > end - at)
          fail("damaged file: ", length, " bytes at byte ", at, ", ", end - at, " are left");
        cost_ += kObjectCost;
        if (field && field->type() == FieldDescriptor::TYPE_MESSAGE)
          walk(at, at + length, field->message_type(), depth + 1);
        at += length;
        break;
      }
      default:
        fail("damaged file: wire type ", tag & 7, " at byte ", at);
      }
      if (cost_ > kMaxCost)
        fail("the file has too many fields for its size, the first ", at, " bytes hold the limit");
    }
  }

private:
  uint64_t varint(size_t &at, size_t end) {
    uint64_t value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at == end)
        fail("damaged file: a number is cut off at byte ", at);
      const uint8_t byte = file_[at++];
      value |= static_cast<uint64_t>(byte & 127) << (shift < 64 ? shift : 63);
      if (byte < 128)
        return value;
    }
    fail("damaged file: a number of more than 10 bytes at byte ", at);
  }
  static void skip(size_t &at, size_t end, size_t count) {
    if (end - at < count)
      fail("damaged file: a number is cut off at byte ", at);
    at += count;
  }

  std::span<const uint8_t> file_;
  uint64_t cost_ = 0;
};

} // namespace

void checkWire(std::span<const uint8_t> file) {
  Walker(file).walk(0, file.size(), ::onnx::ModelProto::descriptor(), 0);
}

} // namespace tessera::compiler::onnx_import
