#include "qdq_builder.h"

#include <onnx/onnx_pb.h>

#include <cmath>

namespace tessera::test {

namespace {

constexpr double kWeightRms = 127 / 1.7320508; // of uniform bytes
constexpr double kOutputScale = 0.0297;
constexpr double kReluRms = 70, kPlainRms = 36; // of sums in steps, before Relu cuts them

void set(onnx::NodeProto &node, const char *name, std::initializer_list<int64_t> values) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INTS);
  for (int64_t value : values)
    attribute->add_ints(value);
}
void set(onnx::NodeProto &node, const char *name, int64_t value) {
  auto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

template <class T>
void addTensor(onnx::GraphProto &graph, const std::string &name, int32_t type,
               const std::vector<int64_t> &shape, const std::vector<T> &values) {
  auto *tensor = graph.add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(type);
  for (int64_t extent : shape)
    tensor->add_dims(extent);
  tensor->set_raw_data(values.data(), values.size() * sizeof(T));
}

void declare(onnx::ValueInfoProto &info, const std::string &name, int32_t type,
             const std::vector<int64_t> &shape) {
  info.set_name(name);
  auto *tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  for (int64_t extent : shape)
    tensor->mutable_shape()->add_dim()->set_dim_value(extent);
}

int64_t countOf(const std::vector<int64_t> &shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

} // namespace

QdqBuilder::QdqBuilder(uint64_t seed, Kind kind)
    : model_(std::make_unique<onnx::ModelProto>()), graph_(model_->mutable_graph()), state_(seed),
      isUnsigned_(kind == Kind::Uint8), isPowers_(kind == Kind::PowersOfTwo) {
  model_->set_ir_version(7);
  auto *opset = model_->add_opset_import();
  opset->set_domain("");
  opset->set_version(13);
  graph_->set_name("seeded");
}

QdqBuilder::~QdqBuilder() = default;

std::string QdqBuilder::fresh(const std::string &stem) { return stem + "_" + std::to_string(count_++); }

float QdqBuilder::scaleOf(double wanted) const {
  return static_cast<float>(isPowers_ ? std::exp2(std::round(std::log2(wanted))) : wanted);
}

int QdqBuilder::zeroOf(int ofUint8, int ofInt8) const {
  return isPowers_ ? 0 : isUnsigned_ ? ofUint8 : ofInt8;
}

double QdqBuilder::random() { // splitmix64
  uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

void QdqBuilder::scalar(const std::string &name, float value) {
  addTensor(*graph_, name, onnx::TensorProto::FLOAT, {}, std::vector<float>{value});
}
void QdqBuilder::zero(const std::string &name, int value) {
  addTensor(*graph_, name, isUnsigned_ ? onnx::TensorProto::UINT8 : onnx::TensorProto::INT8, {},
            std::vector<uint8_t>{static_cast<uint8_t>(value)});
}

onnx::NodeProto &QdqBuilder::node(const std::string &op, const std::vector<std::string> &inputs,
                                  const std::string &output) {
  auto *result = graph_->add_node();
  result->set_op_type(op);
  result->set_name(output);
  for (const std::string &input : inputs)
    result->add_input(input);
  result->add_output(output);
  return *result;
}

std::string QdqBuilder::real(const QdqTensor &x) {
  const std::string name = fresh("dq");
  node("DequantizeLinear", {x.name, x.name + "_scale", x.name + "_zero"}, name);
  return name;
}

QdqTensor QdqBuilder::quantised(const std::string &realName, QdqTensor x) {
  x.name = realName + "_q";
  scalar(x.name + "_scale", x.scale);
  zero(x.name + "_zero", x.zeroPoint);
  node("QuantizeLinear", {realName, x.name + "_scale", x.name + "_zero"}, x.name);
  return x;
}

QdqTensor QdqBuilder::input(const std::vector<int64_t> &shape) {
  const std::string name = fresh("input");
  declare(*graph_->add_input(), name, onnx::TensorProto::FLOAT, shape);
  return quantised(name, {"", shape, scaleOf(0.0186f), zeroOf(114, -14), 70});
}

std::vector<float> QdqBuilder::weightScales(const QdqTensor &x, double products, bool isCut, int64_t count) {
  // So that a step of the layer's output is worth kOutputScale.
  const double wanted = isCut ? kReluRms : kPlainRms;
  const double middle =
      kOutputScale * wanted / (static_cast<double>(x.scale) * std::sqrt(products) * kWeightRms * x.rms);
  sumRms_ = isPowers_ ? wanted * (kOutputScale / scaleOf(kOutputScale)) * (scaleOf(middle) / middle) : wanted;
  std::vector<float> scale;
  for (int64_t i = 0; i < count; ++i)
    scale.push_back(scaleOf(isPowers_ ? middle : middle * (0.75 + 0.5 * random())));
  return scale;
}

std::string QdqBuilder::weights(const std::vector<int64_t> &shape, size_t axis,
                                const std::vector<float> &scale, int zeroPoint) {
  const std::string name = fresh("w");
  std::vector<int8_t> bytes(static_cast<size_t>(countOf(shape)));
  for (int8_t &byte : bytes)
    byte = static_cast<int8_t>(std::floor(random() * 255) - 127);
  const auto type = zeroPoint == 0 ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8;
  addTensor(*graph_, name + "_q", type, shape, bytes);
  const auto channels = static_cast<int64_t>(scale.size());
  addTensor(*graph_, name + "_scale", onnx::TensorProto::FLOAT, {channels}, scale);
  addTensor(*graph_, name + "_zero", type, {channels},
            std::vector<uint8_t>(scale.size(), static_cast<uint8_t>(zeroPoint)));
  set(node("DequantizeLinear", {name + "_q", name + "_scale", name + "_zero"}, name), "axis",
      static_cast<int64_t>(axis));
  return name;
}

std::string QdqBuilder::bias(int64_t count, float xScale, const std::vector<float> &wScale, double rms) {
  const std::string name = fresh("b");
  std::vector<int32_t> steps;
  std::vector<float> scale;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    steps.push_back(static_cast<int32_t>((random() - 0.5) * rms));
    scale.push_back(xScale * wScale[i]);
  }
  addTensor(*graph_, name + "_q", onnx::TensorProto::INT32, {count}, steps);
  addTensor(*graph_, name + "_scale", onnx::TensorProto::FLOAT, {count}, scale);
  addTensor(*graph_, name + "_zero", onnx::TensorProto::INT32, {count},
            std::vector<int32_t>(steps.size(), 0));
  set(node("DequantizeLinear", {name + "_q", name + "_scale", name + "_zero"}, name), "axis", int64_t{0});
  return name;
}

QdqTensor QdqBuilder::weighted(const std::string &realName, std::vector<int64_t> shape,
                               QdqConv::Activation activation, int clipSteps) {
  const bool isCut = activation != QdqConv::Activation::None;
  QdqTensor y{"", std::move(shape), scaleOf(kOutputScale), 0, sumRms_};
  if (!isCut) {
    y.zeroPoint = zeroOf(131, 3);
    return quantised(realName, y);
  }
  y.zeroPoint = zeroOf(0, -128);
  y.rms = sumRms_ / 1.4142;
  std::string cut = fresh("act");
  if (activation == QdqConv::Activation::Relu) {
    node("Relu", {realName}, cut);
  } else {
    scalar(cut + "_low", 0);
    scalar(cut + "_high", static_cast<float>(clipSteps) * y.scale);
    node("Clip", {realName, cut + "_low", cut + "_high"}, cut);
  }
  return quantised(cut, y);
}

QdqTensor QdqBuilder::conv(const QdqTensor &x, const QdqConv &o) {
  const int64_t inputs = x.shape[1] / o.groups;
  const double products = static_cast<double>(inputs * o.kernel * o.kernel);
  const bool isCut = o.activation != QdqConv::Activation::None;
  const std::vector<float> scale = weightScales(x, products, isCut, o.outputs);
  const std::string from = real(x),
                    w = weights({o.outputs, inputs, o.kernel, o.kernel}, 0, scale, o.weightZero);
  const std::string b = bias(o.outputs, x.scale, scale, std::sqrt(products) * kWeightRms * x.rms * 0.5);
  const std::string name = fresh("conv");
  auto &made = node("Conv", {from, w, b}, name);
  set(made, "kernel_shape", {o.kernel, o.kernel});
  set(made, "strides", {o.stride, o.stride});
  set(made, "pads", {o.pad, o.pad, o.pad, o.pad});
  set(made, "group", o.groups);
  const auto extent = [&](int64_t size) { return (size + 2 * o.pad - o.kernel) / o.stride + 1; };
  return weighted(name, {x.shape[0], o.outputs, extent(x.shape[2]), extent(x.shape[3])}, o.activation,
                  o.clipSteps);
}

QdqTensor QdqBuilder::add(const QdqTensor &a, const QdqTensor &b, bool isRelu) {
  std::string name = fresh("add");
  const std::string left = real(a), right = real(b);
  node("Add", {left, right}, name);
  const double rms = std::hypot(a.scale * a.rms, b.scale * b.rms);
  const double wanted = isRelu ? kReluRms : kPlainRms;
  QdqTensor y{"", a.shape, scaleOf(rms / wanted), zeroOf(125, -5), wanted};
  if (isPowers_)
    y.rms = rms / static_cast<double>(y.scale);
  if (isRelu) {
    const std::string cut = fresh("act");
    node("Relu", {name}, cut);
    name = cut;
    y.zeroPoint = zeroOf(0, -128);
  }
  return quantised(name, y);
}

QdqTensor QdqBuilder::multiply(const QdqTensor &a, const QdqTensor &b) {
  const std::string name = fresh("mul"), left = real(a), right = real(b);
  node("Mul", {left, right}, name);
  const double rms = static_cast<double>(a.scale) * a.rms * static_cast<double>(b.scale) * b.rms;
  return quantised(name, {"", a.shape, scaleOf(rms / kPlainRms), zeroOf(128, 1), kPlainRms});
}

QdqTensor QdqBuilder::maxPool(const QdqTensor &x, int64_t kernel, int64_t stride, int64_t pad) {
  const std::string name = fresh("max"), from = real(x);
  auto &made = node("MaxPool", {from}, name);
  set(made, "kernel_shape", {kernel, kernel});
  set(made, "strides", {stride, stride});
  set(made, "pads", {pad, pad, pad, pad});
  QdqTensor y = x;
  for (size_t d : {2u, 3u})
    y.shape[d] = (x.shape[d] + 2 * pad - kernel) / stride + 1;
  y.rms *= 1.3;
  return quantised(name, y);
}

QdqTensor QdqBuilder::averagePool(const QdqTensor &x, int64_t kernel, int64_t stride) {
  const std::string name = fresh("average"), from = real(x);
  auto &made = node("AveragePool", {from}, name);
  set(made, "kernel_shape", {kernel, kernel});
  set(made, "strides", {stride, stride});
  QdqTensor y = x;
  for (size_t d : {2u, 3u})
    y.shape[d] = (x.shape[d] - kernel) / stride + 1;
  y.scale = isPowers_ ? y.scale : y.scale * 0.7f;
  return quantised(name, y);
}

QdqTensor QdqBuilder::globalAverage(const QdqTensor &x) {
  const std::string name = fresh("mean"), from = real(x);
  node("GlobalAveragePool", {from}, name);
  QdqTensor y = x;
  y.shape = {x.shape[0], x.shape[1], 1, 1};
  y.scale *= 0.5f;
  return quantised(name, y);
}

QdqTensor QdqBuilder::flatten(const QdqTensor &x) {
  const std::string name = fresh("flat"), from = real(x);
  node("Flatten", {from}, name);
  QdqTensor y = x;
  y.shape = {x.shape[0], countOf(x.shape) / x.shape[0]};
  return quantised(name, y);
}

QdqTensor QdqBuilder::rowsOf(const QdqTensor &x, int64_t last) {
  const std::string turned = fresh("turned"), name = fresh("rows");
  set(node("Transpose", {real(x)}, turned), "perm", {0, 2, 3, 1});
  QdqTensor y = x;
  y.shape = {1, countOf(x.shape) / last, last};
  addTensor(*graph_, name + "_shape", onnx::TensorProto::INT64, {3}, y.shape);
  node("Reshape", {turned, name + "_shape"}, name);
  return quantised(name, y);
}

QdqTensor QdqBuilder::gemm(const QdqTensor &x, int64_t outputs) {
  const auto products = static_cast<double>(x.shape[1]);
  const std::vector<float> scale = weightScales(x, products, false, outputs);
  const std::string from = real(x), w = weights({outputs, x.shape[1]}, 0, scale);
  const std::string b = bias(outputs, x.scale, scale, std::sqrt(products) * kWeightRms * x.rms),
                    name = fresh("gemm");
  set(node("Gemm", {from, w, b}, name), "transB", int64_t{1});
  return weighted(name, {x.shape[0], outputs}, QdqConv::Activation::None);
}

QdqTensor QdqBuilder::matMul(const QdqTensor &x, int64_t outputs) {
  const auto products = static_cast<double>(x.shape.back());
  const std::vector<float> scale = weightScales(x, products, false, outputs);
  const std::string from = real(x), w = weights({x.shape.back(), outputs}, 1, scale),
                    product = fresh("matmul");
  node("MatMul", {from, w}, product);
  std::vector<float> values;
  for (int64_t i = 0; i < outputs; ++i)
    values.push_back(static_cast<float>((random() - 0.5) * kOutputScale * kPlainRms));
  const std::string name = fresh("biased");
  addTensor(*graph_, name + "_b", onnx::TensorProto::FLOAT, {outputs}, values);
  node("Add", {product, name + "_b"}, name);
  std::vector<int64_t> shape = x.shape;
  shape.back() = outputs;
  return weighted(name, shape, QdqConv::Activation::None);
}

QdqTensor QdqBuilder::concat(const std::vector<QdqTensor> &parts) {
  std::vector<std::string> from;
  QdqTensor y = parts.at(0);
  y.shape[1] = 0;
  for (const QdqTensor &part : parts) {
    from.push_back(real(part));
    y.shape[1] += part.shape[1];
  }
  const std::string name = fresh("concat");
  set(node("Concat", from, name), "axis", int64_t{1});
  return quantised(name, y);
}

QdqTensor QdqBuilder::relu(const QdqTensor &x) {
  const std::string name = fresh("relu"), from = real(x);
  node("Relu", {from}, name);
  return quantised(name, x);
}

QdqTensor QdqBuilder::requantise(const QdqTensor &x, float factor) {
  QdqTensor y = x;
  y.scale *= factor;
  y.zeroPoint += 5;
  y.rms /= static_cast<double>(factor);
  const std::string name = fresh("same"), from = real(x);
  node("Identity", {from}, name);
  return quantised(name, y);
}

void QdqBuilder::output(const QdqTensor &x) {
  declare(*graph_->add_output(), x.name, isUnsigned_ ? onnx::TensorProto::UINT8 : onnx::TensorProto::INT8,
          x.shape);
}

void QdqBuilder::outputReal(const QdqTensor &x) {
  declare(*graph_->add_output(), x.name.substr(0, x.name.size() - 2), onnx::TensorProto::FLOAT, x.shape);
}

void QdqBuilder::outputSoftmax(const QdqTensor &x) {
  const std::string name = fresh("softmax"), from = real(x);
  set(node("Softmax", {from}, name), "axis", int64_t{1});
  declare(*graph_->add_output(), name, onnx::TensorProto::FLOAT, x.shape);
}

std::vector<uint8_t> QdqBuilder::file() const {
  const std::string bytes = model_->SerializeAsString();
  return {bytes.begin(), bytes.end()};
}

} // namespace tessera::test
