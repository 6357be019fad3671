// TFLite_Detection_PostProcess on the host's CPU, against the reference kernel's steps written as it has them: sort, suppress, merge.

#include "one_operator.h"

#include "tessera/compiler/compiler.h"

#include <flatbuffers/flexbuffers.h>

#include <array>

#include <cmath>
#include <numeric>

namespace tessera::test {
namespace {

struct Options {
  int64_t boxes = 40, classes = 3, background = 1, most = 10, perClass = 100;
  bool isRegular = false;
  float scoreThreshold = 0.3f, overlapThreshold = 0.5f;
  float scales[4] = {10, 10, 5, 5};
};

TinyModel modelOf(const Options &options, TensorType type = TensorType::FLOAT32,
                  void (*more)(flexbuffers::Builder &) = nullptr) {
  flexbuffers::Builder builder;
  builder.Map([&] {
    builder.Int("max_detections", options.most);
    builder.Int("max_classes_per_detection", 1);
    builder.Int("detections_per_class", options.perClass);
    builder.Int("num_classes", options.classes);
    builder.Bool("use_regular_nms", options.isRegular);
    builder.Float("nms_score_threshold", options.scoreThreshold);
    builder.Float("nms_iou_threshold", options.overlapThreshold);
    builder.Float("y_scale", options.scales[0]);
    builder.Float("x_scale", options.scales[1]);
    builder.Float("h_scale", options.scales[2]);
    builder.Float("w_scale", options.scales[3]);
    if (more)
      more(builder);
  });
  builder.Finish();
  const auto boxes = static_cast<int32_t>(options.boxes);
  const auto columns = static_cast<int32_t>(options.classes + options.background);
  const bool isReal = type == TensorType::FLOAT32;
  const auto tensor = [&](const char *name, std::vector<int32_t> shape, float scale, int64_t zero) {
    return TinyTensor{name, std::move(shape), type, isReal ? std::vector<float>() : std::vector<float>{scale},
                      isReal ? std::vector<int64_t>() : std::vector<int64_t>{zero}};
  };
  TinyModel model;
  model.tensors = {tensor("encodings", {1, boxes, 4}, 0.05f, 3),
                   tensor("scores", {1, boxes, columns}, 1.0f / 256, -128),
                   tensor("anchors", {boxes, 4}, 0.01f, -120)};
  for (const char *name :
       {"boxes", "classes", "scores", "count"}) // without a shape, as converters leave them
    model.tensors.push_back({name, {}, TensorType::FLOAT32, {}, {}});
  model.inputs = {0, 1, 2};
  model.outputs = {3, 4, 5, 6};
  TinyOperator op{BuiltinOperator::CUSTOM, model.inputs, model.outputs};
  op.custom = "TFLite_Detection_PostProcess";
  op.customOptions = builder.GetBuffer();
  model.operators = {op};
  return model;
}

using Reals = std::vector<float>;
struct Found {
  Reals boxes, classes, scores;
  float count = 0;
};

Bytes bytesOf(const Reals &values) {
  Bytes bytes(4 * values.size());
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Found runModel(const TinyModel &model, const std::vector<Bytes> &inputs) {
  const std::vector<Bytes> outputs = outputsOnCpu(model, inputs);
  if (outputs.empty())
    return {};
  const auto reals = [&](size_t i) {
    Reals values(outputs[i].size() / 4);
    std::memcpy(values.data(), outputs[i].data(), outputs[i].size());
    return values;
  };
  return {reals(0), reals(1), reals(2), reals(3).at(0)};
}

/// The kernel's own order of steps; boxes as top, left, bottom, right.
class Reference {
public:
  Reference(const Options &options, const Reals &encodings, const Reals &scores, const Reals &anchors)
      : options_(options), scores_(scores),
        columns_(static_cast<size_t>(options.classes + options.background)) {
    for (size_t i = 0; i < static_cast<size_t>(options.boxes); ++i) {
      const float *e = &encodings[4 * i], *a = &anchors[4 * i];
      const auto wide = [](float x) { return static_cast<double>(x); };
      const auto y = static_cast<float>(wide(e[0]) / wide(options.scales[0]) * wide(a[2]) + wide(a[0]));
      const auto x = static_cast<float>(wide(e[1]) / wide(options.scales[1]) * wide(a[3]) + wide(a[1]));
      const auto h = static_cast<float>(0.5 * std::exp(wide(e[2]) / wide(options.scales[2])) * wide(a[2]));
      const auto w = static_cast<float>(0.5 * std::exp(wide(e[3]) / wide(options.scales[3])) * wide(a[3]));
      boxes_.push_back({y - h, x - w, y + h, x + w});
    }
  }

  Found find() {
    std::vector<size_t> chosen; // numbers in the table of scores
    if (options_.isRegular) {
      for (size_t label = 0; label < static_cast<size_t>(options_.classes); ++label) {
        Reals column;
        for (size_t i = 0; i < boxes_.size(); ++i)
          column.push_back(scores_[place(i, label)]);
        for (size_t box : single(column, options_.perClass))
          chosen.push_back(place(box, label));
        std::vector<size_t> order = decreasing(chosen.size(), [&](size_t i) { return scores_[chosen[i]]; });
        order.resize(std::min(order.size(), static_cast<size_t>(options_.most)));
        std::vector<size_t> kept;
        for (size_t i : order)
          kept.push_back(chosen[i]);
        chosen = kept;
      }
    } else {
      Reals most;
      std::vector<size_t> best;
      for (size_t i = 0; i < boxes_.size(); ++i) {
        best.push_back(decreasing(static_cast<size_t>(options_.classes),
                                  [&](size_t label) { return scores_[place(i, label)]; })[0]);
        most.push_back(scores_[place(i, best[i])]);
      }
      for (size_t box : single(most, options_.most))
        chosen.push_back(place(box, best[box]));
    }
    Found found;
    found.count = static_cast<float>(chosen.size());
    for (size_t i = 0; i < static_cast<size_t>(options_.most); ++i) {
      const bool is = i < chosen.size();
      for (size_t side = 0; side < 4; ++side)
        found.boxes.push_back(is ? boxes_[chosen[i] / columns_][side] : 0);
      found.classes.push_back(
          is ? static_cast<float>(chosen[i] % columns_ - static_cast<size_t>(options_.background)) : 0);
      found.scores.push_back(is ? scores_[chosen[i]] : 0);
    }
    return found;
  }

private:
  size_t place(size_t box, size_t label) const {
    return box * columns_ + label + static_cast<size_t>(options_.background);
  }
  template <typename Value> static std::vector<size_t> decreasing(size_t count, Value value) {
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](size_t i, size_t j) { return value(i) != value(j) ? value(i) > value(j) : i < j; });
    return order;
  }
  std::vector<size_t> single(const Reals &scores, int64_t most) const {
    std::vector<size_t> kept;
    for (size_t i = 0; i < scores.size(); ++i)
      if (scores[i] >= options_.scoreThreshold)
        kept.push_back(i);
    const std::vector<size_t> order = decreasing(kept.size(), [&](size_t i) { return scores[kept[i]]; });
    std::vector<bool> isActive(kept.size(), true);
    std::vector<size_t> selected;
    for (size_t i = 0; i < order.size() && static_cast<int64_t>(selected.size()) < most; ++i) {
      if (!isActive[i])
        continue;
      selected.push_back(kept[order[i]]);
      for (size_t j = i + 1; j < order.size(); ++j)
        if (isActive[j] && overlap(kept[order[i]], kept[order[j]]) > options_.overlapThreshold)
          isActive[j] = false;
    }
    return selected;
  }
  float overlap(size_t i, size_t j) const {
    const auto &a = boxes_[i], &b = boxes_[j];
    const float areaA = (a[2] - a[0]) * (a[3] - a[1]), areaB = (b[2] - b[0]) * (b[3] - b[1]);
    if (areaA <= 0 || areaB <= 0)
      return 0;
    const float both = std::max(std::min(a[2], b[2]) - std::max(a[0], b[0]), 0.0f) *
                       std::max(std::min(a[3], b[3]) - std::max(a[1], b[1]), 0.0f);
    return both / (areaA + areaB - both);
  }

  Options options_;
  const Reals &scores_;
  size_t columns_;
  std::vector<std::array<float, 4>> boxes_;
};

class DetectionTest : public OneOperatorTest {
protected:
  float real(float low, float high) {
    return low + (high - low) * static_cast<float>(random_() % 10000) / 10000;
  }
  Reals reals(size_t count, float low, float high) {
    Reals values;
    for (size_t i = 0; i < count; ++i)
      values.push_back(real(low, high));
    return values;
  }
};

void expectSame(const Found &found, const Found &expected) {
  EXPECT_EQ(found.count, expected.count);
  EXPECT_EQ(found.classes, expected.classes);
  EXPECT_EQ(found.scores, expected.scores);
  EXPECT_EQ(found.boxes, expected.boxes);
}

TEST_F(DetectionTest, ChoosesWhatTheReferenceChooses) {
  for (int round = 0; round < 12; ++round) {
    Options options;
    options.isRegular = round % 2;
    options.boxes = pick(1, 80), options.classes = pick(1, 5), options.background = pick(0, 1);
    options.most = pick(1, 20), options.perClass = pick(1, 6);
    const auto boxes = static_cast<size_t>(options.boxes);
    const Reals encodings = reals(4 * boxes, -3, 3);
    Reals scores = reals(boxes * static_cast<size_t>(options.classes + options.background), 0, 1);
    if (round % 3 == 0) // many of the same score
      for (float &score : scores)
        score = std::round(score * 4) / 4;
    Reals anchors;
    for (size_t i = 0; i < boxes; ++i)
      for (float number : {real(0, 1), real(0, 1), real(0.1f, 0.6f), real(0.1f, 0.6f)})
        anchors.push_back(number);
    expectSame(runModel(modelOf(options), {bytesOf(encodings), bytesOf(scores), bytesOf(anchors)}),
               Reference(options, encodings, scores, anchors).find());
    if (HasFailure())
      FAIL() << "round " << round;
  }
}

TEST_F(DetectionTest, BytesAreTakenAsWhatTheyStandFor) {
  Options options;
  options.scoreThreshold = 0.4f;
  const auto boxes = static_cast<size_t>(options.boxes);
  Bytes inputs[] = {bytes(4 * boxes), bytes(4 * boxes), bytes(4 * boxes)};
  for (uint8_t &byte : inputs[2]) // extents of anchors are above 0
    byte = static_cast<uint8_t>(static_cast<int8_t>(pick(-100, 0)));
  const TinyModel model = modelOf(options, TensorType::INT8);
  Reals values[3];
  for (size_t i = 0; i < 3; ++i)
    for (size_t at = 0; at < inputs[i].size(); ++at)
      values[i].push_back(
          static_cast<float>(static_cast<int8_t>(inputs[i][at]) - model.tensors[i].zeroPoints[0]) *
          model.tensors[i].scales[0]);
  expectSame(runModel(model, {inputs[0], inputs[1], inputs[2]}),
             Reference(options, values[0], values[1], values[2]).find());
}

TEST_F(DetectionTest, ABoxWithoutAreaEndsTheRun) {
  Options options;
  options.boxes = 2, options.classes = 1, options.background = 0;
  compiler::SessionOptions session;
  session.device = "cpu";
  auto opened = compiler::Session::open(modelOf(options).build(), session);
  ASSERT_TRUE(opened) << opened.error().message;
  const Bytes encodings = bytesOf(Reals(8, 0)), scores = bytesOf({0.9f, 0.8f}),
              anchors = bytesOf({0.5f, 0.5f, 0.2f, 0.2f, 0.5f, 0.5f, 0, 0.2f});
  const std::vector<std::span<const uint8_t>> views{encodings, scores, anchors};
  auto outputs = (*opened)->run(views);
  ASSERT_FALSE(outputs);
  EXPECT_NE(outputs.error().message.find("a decoded box has no area"), std::string::npos)
      << outputs.error().message;
}

TEST_F(DetectionTest, OptionsThatCannotBeAreRefused) {
  const auto error = [](const TinyModel &model) {
    compiler::CompileOptions options;
    options.cpuOnly = true;
    auto compiled = compiler::compile(model.build(), options);
    return compiled ? std::string("no error") : compiled.error().message;
  };
  Options options;
  options.overlapThreshold = 1.5f;
  EXPECT_NE(error(modelOf(options)).find("nms_iou_threshold is 1.5, expected 0 to 1"), std::string::npos);
  options = {};
  options.most = 0;
  EXPECT_NE(error(modelOf(options)).find("max_detections is 0"), std::string::npos);
  options = {};
  options.classes = 3, options.background = 2;
  EXPECT_NE(error(modelOf(options)).find("do not fit each other"), std::string::npos);
  TinyModel model = modelOf({});
  model.operators[0].customOptions.resize(20);
  EXPECT_NE(error(model).find("its options are damaged or missing"), std::string::npos) << error(model);
  model.operators[0].custom = "Another";
  EXPECT_NE(error(model).find("(CUSTOM 'Another') is not supported"), std::string::npos) << error(model);
}

} // namespace
} // namespace tessera::test
