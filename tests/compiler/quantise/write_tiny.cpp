// Writes a small network for the command's tests.
//   float: x float32[1,2,4,4] through Conv and Relu to y
//   open:  y = x times [[1, 2, 3], [4, 5, 6]] plus s, of x float32[batch,sequence,2] and s float32[batch,1,1]
//   half:  y = x plus s, of x float16[batch,3] and s float16[3]
#include "tiny_onnx.h"

#include <cstdio>
#include <cstring>
#include <fstream>

using namespace tessera::compiler::quantise::tiny;

namespace {

void setName(TinyOnnx &net, int input, int dimension, const char *name) {
  auto *type = net.model.mutable_graph()->mutable_input(input)->mutable_type();
  type->mutable_tensor_type()->mutable_shape()->mutable_dim(dimension)->set_dim_param(name);
}

TinyOnnx network(const char *kind) {
  TinyOnnx net;
  if (std::strcmp(kind, "open") == 0) {
    net.input("x", {1, 1, 2}).input("s", {1, 1, 1}).constant("w", {2, 3}, {1, 2, 3, 4, 5, 6});
    setName(net, 0, 0, "batch");
    setName(net, 0, 1, "sequence");
    setName(net, 1, 0, "batch");
    net.node("MatMul", {"x", "w"}, "m").node("Add", {"m", "s"}, "y").output("y");
  } else if (std::strcmp(kind, "half") == 0) {
    net.input("x", {1, 3}, ::onnx::TensorProto::FLOAT16).input("s", {3}, ::onnx::TensorProto::FLOAT16);
    setName(net, 0, 0, "batch");
    net.node("Add", {"x", "s"}, "y").output("y");
  } else {
    net.input("x", {1, 2, 4, 4}).random("w", {3, 2, 3, 3}).random("b", {3});
    net.node("Conv", {"x", "w", "b"}, "c").node("Relu", {"c"}, "y").output("y");
  }
  return net;
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: tessera_write_tiny OUT.onnx [float|open|half]\n");
    return 2;
  }
  const TinyOnnx net = network(argc == 3 ? argv[2] : "float");
  std::ofstream stream(argv[1], std::ios::binary);
  const std::vector<uint8_t> file = net.file();
  stream.write(reinterpret_cast<const char *>(file.data()), static_cast<std::streamsize>(file.size()));
  return stream.flush() ? 0 : 1;
}
