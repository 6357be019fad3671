#include "hostile.h"

#include <onnx/onnx_pb.h>

#include <functional>

namespace tessera::test {

namespace {

using Shape = std::vector<int64_t>;

class Writer {
public:
  Writer() : graph_(*model_.mutable_graph()) {
    model_.set_ir_version(7);
    auto *opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(13);
    graph_.set_name("hostile");
  }
  void input(const std::string &name, const Shape &shape, int type = onnx::TensorProto::FLOAT) {
    declare(*graph_.add_input(), name, shape, type);
  }
  void output(const std::string &name) { declare(*graph_.add_output(), name, {}, onnx::TensorProto::FLOAT); }
  onnx::TensorProto &constant(const std::string &name, const Shape &shape, int type, const std::string &raw) {
    auto &tensor = *graph_.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(type);
    for (int64_t extent : shape)
      tensor.add_dims(extent);
    tensor.set_raw_data(raw);
    return tensor;
  }
  onnx::NodeProto &node(const std::string &op, const std::vector<std::string> &inputs,
                        const std::string &output) {
    auto &node = *graph_.add_node();
    node.set_op_type(op);
    for (const std::string &input : inputs)
      node.add_input(input);
    node.add_output(output);
    return node;
  }
  static void integers(onnx::NodeProto &node, const char *name, const Shape &values) {
    auto *attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (int64_t value : values)
      attribute->add_ints(value);
  }
  std::vector<uint8_t> bytes() const {
    const std::string text = model_.SerializeAsString();
    return {text.begin(), text.end()};
  }

private:
  static void declare(onnx::ValueInfoProto &info, const std::string &name, const Shape &shape, int type) {
    info.set_name(name);
    auto *tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (int64_t extent : shape)
      tensor->mutable_shape()->add_dim()->set_dim_value(extent);
  }
  onnx::ModelProto model_;
  onnx::GraphProto &graph_;
};

std::string words(const std::vector<int64_t> &values) {
  return std::string(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(int64_t));
}

} // namespace

std::vector<HostileFile> hostileFiles() {
  std::vector<HostileFile> files;
  const auto add = [&](const char *name, const char *error, const std::function<void(Writer &)> &write) {
    Writer writer;
    write(writer);
    files.push_back({name, writer.bytes(), error});
  };
  constexpr int64_t huge = int64_t{1} << 62;
  add("huge_input", "is larger than", [](Writer &w) {
    w.input("x", {huge, huge});
    w.node("Relu", {"x"}, "y");
    w.output("y");
  });
  add("negative_input", "is negative", [](Writer &w) {
    w.input("x", {-5});
    w.node("Relu", {"x"}, "y");
    w.output("y");
  });
  add("cycle", "cycle", [](Writer &w) {
    w.input("x", {4});
    w.node("Add", {"x", "b"}, "a");
    w.node("Add", {"x", "a"}, "b");
    w.output("b");
  });
  add("missing_initialiser", "weights", [](Writer &w) {
    w.input("x", {1, 3, 4, 4});
    w.node("Conv", {"x", "weights"}, "y");
    w.output("y");
  });
  add("slope_of_a_scalar", "does not broadcast", [](Writer &w) {
    w.input("x", {});
    w.input("s", {5});
    w.node("PRelu", {"x", "s"}, "y");
    w.output("y");
  });
  add("slope_too_long", "does not broadcast", [](Writer &w) {
    w.input("x", {3, 4});
    w.input("s", {7});
    w.node("PRelu", {"x", "s"}, "y");
    w.output("y");
  });
  add("initialiser_too_short", "bytes", [](Writer &w) {
    w.input("x", {4});
    w.constant("c", {int64_t{1} << 40}, onnx::TensorProto::FLOAT, "abcd");
    w.node("Add", {"x", "c"}, "y");
    w.output("y");
  });
  add("initialiser_overflows", "larger", [](Writer &w) {
    w.input("x", {4});
    w.constant("c", {huge, huge, 4}, onnx::TensorProto::FLOAT, "abcd");
    w.node("Add", {"x", "c"}, "y");
    w.output("y");
  });
  add("reshape_overflows", "node", [](Writer &w) {
    w.input("x", {4});
    w.constant("s", {3}, onnx::TensorProto::INT64, words({huge, 4, 4}));
    w.node("Reshape", {"x", "s"}, "y");
    w.output("y");
  });
  add("expand_overflows", "node", [](Writer &w) {
    w.input("x", {1});
    w.constant("s", {3}, onnx::TensorProto::INT64, words({huge, huge, huge}));
    w.node("Expand", {"x", "s"}, "y");
    w.output("y");
  });
  add("pad_overflows", "node", [](Writer &w) {
    w.input("x", {1, 1, 4, 4});
    w.constant("p", {8}, onnx::TensorProto::INT64, words({0, 0, huge, huge, 0, 0, huge, huge}));
    w.node("Pad", {"x", "p"}, "y");
    w.output("y");
  });
  add("pool_overflows", "pads", [](Writer &w) {
    w.input("x", {1, 1, 4, 4});
    auto &pool = w.node("MaxPool", {"x"}, "y");
    Writer::integers(pool, "kernel_shape", {2, 2});
    Writer::integers(pool, "pads", {huge, huge, huge, huge});
    w.output("y");
  });
  add("resize_overflows", "Resize", [](Writer &w) {
    w.input("x", {1, 1, 4, 4});
    w.constant("s", {4}, onnx::TensorProto::INT64, words({1, 1, huge, huge}));
    w.node("Resize", {"x", "", "", "s"}, "y");
    w.output("y");
  });
  add("loss_without_classes", "a tensor of rank 1 has no dimension 1", [](Writer &w) {
    w.input("x", {3}); // libFuzzer found it
    w.input("t", {3}, onnx::TensorProto::INT64);
    w.node("SoftmaxCrossEntropyLoss", {"x", "t"}, "y");
    w.output("y");
  });
  add("transposed_kernel_of_low_rank", "a kernel of rank 1 for 2 dimensions", [](Writer &w) {
    w.input("x", {1, 1, 3, 3}); // libFuzzer found it
    w.input("w", {1, 1, 3});
    w.node("ConvTranspose", {"x", "w"}, "y");
    w.output("y");
  });
  for (const char *location : {"../secret", "/etc/passwd", "a/../../secret"})
    add((std::string("outside_") + std::to_string(files.size())).c_str(), "constant 'c'", [&](Writer &w) {
      w.input("x", {4});
      auto &tensor = w.constant("c", {4}, onnx::TensorProto::FLOAT, "");
      tensor.clear_raw_data();
      tensor.set_data_location(onnx::TensorProto::EXTERNAL);
      auto *entry = tensor.add_external_data();
      entry->set_key("location");
      entry->set_value(location);
      w.node("Add", {"x", "c"}, "y");
      w.output("y");
    });
  return files;
}

} // namespace tessera::test
