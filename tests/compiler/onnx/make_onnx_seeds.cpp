// Writes ONNX files for the fuzzer to start from: small quantised networks of qdq_builder.h, and the damaged ones of hostile.h.

#include "hostile.h"
#include "qdq_builder.h"

#include <filesystem>
#include <fstream>

using namespace tessera::test;

namespace {

std::vector<uint8_t> quantised(bool isUnsigned) {
  QdqBuilder b(3, isUnsigned);
  QdqTensor x = b.input({1, 4, 6, 5});
  x = b.conv(x, {4, 3, 1, 1, 2, QdqConv::Activation::Relu});
  x = b.add(b.conv(x, {4, 3, 1, 1, 4, QdqConv::Activation::Clip}), x, true);
  x = b.concat({b.maxPool(x, 1, 1, 0), x});
  x = b.requantise(b.multiply(x, b.relu(x)), 1.5f);
  b.output(b.matMul(b.gemm(b.flatten(b.averagePool(x, 2, 2)), 3), 2));
  b.outputSoftmax(b.flatten(b.globalAverage(x)));
  return b.file();
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2)
    return 2;
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string &name, const std::vector<uint8_t> &bytes) {
    std::ofstream(folder / (name + ".onnx"), std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  write("int8", quantised(false));
  write("uint8", quantised(true));
  for (const HostileFile &file : hostileFiles())
    write(file.name, file.bytes);
  return 0;
}
