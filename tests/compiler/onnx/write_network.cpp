// Writes a quantised network of qdq_builder.h to a file: tessera_onnx_write_network resnet18 1 OUT.onnx

#include "qdq_builder.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>

int main(int argc, char **argv) {
  if (argc != 4) {
    std::fprintf(
        stderr,
        "usage: %s "
        "resnet18|resnet18_convolutions|resnet50|mobilenet_v1|mobilenet_v2|squeezenet|ssd_mobilenet_v1"
        " SEED OUT.onnx, or the name with _vta behind it\n",
        argv[0]);
    return 2;
  }
  const auto file = tessera::test::qdqNetwork(argv[1], std::strtoull(argv[2], nullptr, 10));
  if (file.empty()) {
    std::fprintf(stderr, "error: %s is no network\n", argv[1]);
    return 1;
  }
  std::ofstream stream(argv[3], std::ios::binary);
  stream.write(reinterpret_cast<const char *>(file.data()), static_cast<std::streamsize>(file.size()));
  return stream.flush() ? 0 : 1;
}
