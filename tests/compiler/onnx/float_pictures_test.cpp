// Small float32 networks of convolutions on the host's CPU against plain loops of float64: layouts, Winograd's products and borders, whatever the compiler chose. Values
// may be apart by 1e-5 of the greatest: sums are of other orders and terms.

#include "../../isa/seed.h"

#include "tessera/compiler/session.h"

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <cmath>
#include <cstring>

namespace tessera::test {
namespace {

using Bytes = std::vector<uint8_t>;

struct Picture {
  int64_t n, c, h, w;
  std::vector<double> values;

  double &at(int64_t in, int64_t ic, int64_t ih, int64_t iw) {
    return values[static_cast<size_t>(((in * c + ic) * h + ih) * w + iw)];
  }
};

struct Conv {
  int64_t outputs, kernel, stride, pad;
  bool isDepthwise = false;
};

/// A network and what it gives, built together.
class Network {
public:
  Network(uint64_t seed, int64_t n, int64_t c, int64_t h, int64_t w) : random_(seed) {
    model_.set_ir_version(8);
    auto *opset = model_.add_opset_import();
    opset->set_domain("");
    opset->set_version(13);
    graph_ = model_.mutable_graph();
    graph_->set_name("pictures");
    declare(*graph_->add_input(), "x0", {n, c, h, w});
    picture_ = {n, c, h, w, {}};
    for (int64_t i = 0; i < n * c * h * w; ++i)
      input_.push_back(value());
    picture_.values.assign(input_.begin(), input_.end());
  }

  void conv(const Conv &options) {
    const int64_t channels = options.isDepthwise ? 1 : picture_.c;
    const int64_t outputs = options.isDepthwise ? picture_.c : options.outputs;
    std::vector<float> weights, bias;
    for (int64_t i = 0; i < outputs * channels * options.kernel * options.kernel; ++i)
      weights.push_back(value() / std::sqrt(static_cast<float>(channels * options.kernel * options.kernel)));
    for (int64_t i = 0; i < outputs; ++i)
      bias.push_back(value());
    const std::string number = std::to_string(++layers_);
    add("w" + number, {outputs, channels, options.kernel, options.kernel}, weights);
    add("b" + number, {outputs}, bias);
    auto *node = next("Conv", {name_, "w" + number, "b" + number});
    set(*node, "strides", {options.stride, options.stride});
    set(*node, "pads", {options.pad, options.pad, options.pad, options.pad});
    auto *group = node->add_attribute();
    group->set_name("group");
    group->set_type(onnx::AttributeProto::INT);
    group->set_i(options.isDepthwise ? picture_.c : 1);

    const auto extent = [&](int64_t of) {
      return (of + 2 * options.pad - options.kernel) / options.stride + 1;
    };
    Picture out{picture_.n, outputs, extent(picture_.h), extent(picture_.w), {}};
    out.values.resize(static_cast<size_t>(out.n * out.c * out.h * out.w));
    for (int64_t n = 0; n < out.n; ++n)
      for (int64_t o = 0; o < out.c; ++o)
        for (int64_t y = 0; y < out.h; ++y)
          for (int64_t x = 0; x < out.w; ++x) {
            double sum = bias[static_cast<size_t>(o)];
            for (int64_t c = 0; c < channels; ++c)
              for (int64_t i = 0; i < options.kernel; ++i)
                for (int64_t j = 0; j < options.kernel; ++j) {
                  const int64_t row = y * options.stride + i - options.pad,
                                column = x * options.stride + j - options.pad;
                  if (row >= 0 && row < picture_.h && column >= 0 && column < picture_.w)
                    sum += picture_.at(n, options.isDepthwise ? o : c, row, column) *
                           static_cast<double>(weights[static_cast<size_t>(
                               ((o * channels + c) * options.kernel + i) * options.kernel + j)]);
                }
            out.at(n, o, y, x) = sum;
          }
    picture_ = std::move(out);
  }

  /// A transposed convolution whose windows lie side by side.
  void spread(int64_t outputs, int64_t side) {
    const std::string number = std::to_string(++layers_);
    std::vector<float> weights;
    for (int64_t i = 0; i < picture_.c * outputs * side * side; ++i)
      weights.push_back(value() / std::sqrt(static_cast<float>(picture_.c)));
    add("w" + number, {picture_.c, outputs, side, side}, weights);
    set(*next("ConvTranspose", {name_, "w" + number}), "strides", {side, side});
    Picture out{picture_.n, outputs, picture_.h * side, picture_.w * side, {}};
    out.values.resize(static_cast<size_t>(out.n * out.c * out.h * out.w));
    for (int64_t n = 0; n < out.n; ++n)
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t y = 0; y < out.h; ++y)
          for (int64_t x = 0; x < out.w; ++x)
            for (int64_t c = 0; c < picture_.c; ++c)
              out.at(n, o, y, x) +=
                  picture_.at(n, c, y / side, x / side) *
                  static_cast<double>(
                      weights[static_cast<size_t>(((c * outputs + o) * side + y % side) * side + x % side)]);
    picture_ = std::move(out);
  }

  void relu() {
    next("Relu", {name_});
    for (double &each : picture_.values)
      each = std::max(each, 0.0);
  }

  /// What stands now, to be added or put beside later.
  struct Mark {
    std::string name;
    Picture picture;
  };
  Mark mark() const { return {name_, picture_}; }

  void add(const Mark &other) {
    next("Add", {name_, other.name});
    for (size_t i = 0; i < picture_.values.size(); ++i)
      picture_.values[i] += other.picture.values[i];
  }

  void concat(const Mark &other) {
    auto *axis = next("Concat", {name_, other.name})->add_attribute();
    axis->set_name("axis");
    axis->set_type(onnx::AttributeProto::INT);
    axis->set_i(1);
    Picture out{picture_.n, picture_.c + other.picture.c, picture_.h, picture_.w, {}};
    const auto run = picture_.c * picture_.h * picture_.w,
               otherRun = other.picture.c * picture_.h * picture_.w;
    for (int64_t n = 0; n < picture_.n; ++n) {
      out.values.insert(out.values.end(), picture_.values.begin() + n * run,
                        picture_.values.begin() + (n + 1) * run);
      out.values.insert(out.values.end(), other.picture.values.begin() + n * otherRun,
                        other.picture.values.begin() + (n + 1) * otherRun);
    }
    picture_ = std::move(out);
  }

  /// Runs it on so many threads; the greatest difference as a part of the greatest value. The result is given twice, as two outputs.
  double apart(int32_t threads) {
    graph_->clear_output();
    auto *again = graph_->add_node();
    again->set_op_type("Identity");
    again->add_input(name_);
    again->add_output(name_ + "again" + std::to_string(graph_->node_size()));
    for (const std::string &name : {name_, again->output(0)})
      declare(*graph_->add_output(), name, {picture_.n, picture_.c, picture_.h, picture_.w});
    const std::string text = model_.SerializeAsString();
    compiler::SessionOptions options;
    options.device = "cpu";
    options.threads = threads;
    auto session = compiler::Session::open(Bytes(text.begin(), text.end()), options);
    EXPECT_TRUE(session) << session.error().message;
    if (!session)
      return 1;
    Bytes input(input_.size() * sizeof(float));
    std::memcpy(input.data(), input_.data(), input.size());
    auto outputs = (*session)->run({{std::span<const uint8_t>(input)}});
    EXPECT_TRUE(outputs) << outputs.error().message;
    if (!outputs || (*outputs)[0].size() != picture_.values.size() * sizeof(float))
      return 1;
    EXPECT_EQ((*outputs)[0], (*outputs)[1]);
    std::vector<float> got(picture_.values.size());
    std::memcpy(got.data(), (*outputs)[0].data(), (*outputs)[0].size());
    double most = 0, greatest = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      most = std::max(most, std::abs(static_cast<double>(got[i]) - picture_.values[i]));
      greatest = std::max(greatest, std::abs(picture_.values[i]));
    }
    return most / greatest;
  }

  int64_t pick(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
  }

private:
  float value() { return static_cast<float>(static_cast<double>(random_() % 20001) / 10000 - 1); }

  onnx::NodeProto *next(const char *type, std::initializer_list<std::string> inputs) {
    auto *node = graph_->add_node();
    node->set_op_type(type);
    for (const std::string &input : inputs)
      node->add_input(input);
    name_ = "x" + std::to_string(++values_);
    node->add_output(name_);
    return node;
  }
  static void set(onnx::NodeProto &node, const char *name, std::initializer_list<int64_t> values) {
    auto *attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (int64_t value : values)
      attribute->add_ints(value);
  }
  void add(const std::string &name, std::initializer_list<int64_t> shape, const std::vector<float> &values) {
    auto *tensor = graph_->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    for (int64_t extent : shape)
      tensor->add_dims(extent);
    tensor->set_raw_data(values.data(), values.size() * sizeof(float));
  }
  static void declare(onnx::ValueInfoProto &info, const std::string &name,
                      std::initializer_list<int64_t> shape) {
    info.set_name(name);
    auto *tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx::TensorProto::FLOAT);
    for (int64_t extent : shape)
      tensor->mutable_shape()->add_dim()->set_dim_value(extent);
  }

  std::mt19937_64 random_;
  onnx::ModelProto model_;
  onnx::GraphProto *graph_ = nullptr;
  std::string name_ = "x0";
  int64_t layers_ = 0, values_ = 0;
  Picture picture_{};
  std::vector<float> input_;
};

constexpr double kMostApart = 1e-5;

/// Large enough for Winograd's products on every processor with vectors: batch, channels, filters, rows, columns.
struct Size {
  int64_t n, c, o, h, w;
};
void PrintTo(const Size &size, std::ostream *stream) {
  *stream << size.n << "x" << size.c << "x" << size.h << "x" << size.w << " to " << size.o;
}
class WinogradSizesTest : public testing::TestWithParam<Size> {};

TEST_P(WinogradSizesTest, GivesWhatPlainLoopsGive) {
  const auto [n, c, o, h, w] = GetParam();
  Network network(seed(), n, 3, h, w);
  network.conv({c, 1, 1, 0});
  network.conv({o, 3, 1, 1});
  network.relu();
  const auto before = network.mark();
  network.conv({o, 3, 1, 1});
  network.add(before);
  network.relu();
  EXPECT_LE(network.apart(1), kMostApart);
  EXPECT_LE(network.apart(2), kMostApart);
}
INSTANTIATE_TEST_SUITE_P(WholeTiles, WinogradSizesTest,
                         testing::Values(Size{1, 64, 64, 28, 28}, Size{2, 48, 80, 12, 16}));
INSTANTIATE_TEST_SUITE_P(Rests, WinogradSizesTest,
                         testing::Values(Size{1, 64, 64, 27, 29}, Size{2, 96, 33, 14, 18}));

TEST(FloatPicturesTest, AnyChainGivesWhatPlainLoopsGive) {
  const uint64_t first = freshSeed();
  for (uint64_t i = 0; i < 12; ++i) {
    std::mt19937_64 random(first + i);
    const auto pick = [&](int64_t low, int64_t high) {
      return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
    };
    Network network(first + i, pick(1, 2), pick(1, 40), pick(5, 24), pick(5, 24));
    network.conv({pick(1, 70), pick(0, 1) * 2 + 1, pick(1, 2), 1});
    network.relu();
    const auto fork = network.mark();
    switch (pick(0, 4)) {
    case 0:
      network.conv({1, 3, 1, 1, true});
      network.add(fork);
      break;
    case 1:
      network.conv({pick(1, 70), 3, 1, 1});
      network.concat(fork);
      break;
    case 2:
      network.spread(pick(1, 40), pick(2, 3));
      break;
    case 3:
      network.conv({pick(1, 70), 1, 1, 0});
      network.relu();
      break;
    default:
      network.conv({pick(1, 70), 3, 1, 0});
    }
    network.conv({pick(1, 70), pick(0, 1) * 2 + 1, 1, 1});
    EXPECT_LE(network.apart(1), kMostApart) << "chain " << i;
  }
}

} // namespace
} // namespace tessera::test
