// Writes a small float network for the command's tests: x float32[1,2,4,4] through Conv and Relu to y.
#include "tiny_onnx.h"

#include <cstdio>
#include <fstream>

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: tessera_write_tiny OUT.onnx\n");
    return 2;
  }
  tessera::compiler::quantise::tiny::TinyOnnx net;
  net.input("x", {1, 2, 4, 4}).random("w", {3, 2, 3, 3}).random("b", {3});
  net.node("Conv", {"x", "w", "b"}, "c").node("Relu", {"c"}, "y").output("y");
  std::ofstream stream(argv[1], std::ios::binary);
  const std::vector<uint8_t> file = net.file();
  stream.write(reinterpret_cast<const char *>(file.data()), static_cast<std::streamsize>(file.size()));
  return stream.flush() ? 0 : 1;
}
