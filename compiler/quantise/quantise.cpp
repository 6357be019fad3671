#include "tessera/compiler/quantise.h"

#include "quantise/calibrate.h"
#include "quantise/noise.h"
#include "quantise/prepare.h"
#include "quantise/read.h"

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace quantise {

namespace {

constexpr uint8_t kFirstByte = 0x08; ///< of ONNX files: the version's tag; the import wants it too

void checkOptions(const QuantiseOptions &options) {
  if (options.range == RangeRule::Percentile && !(options.percentile > 50 && options.percentile <= 100))
    fail("percentile ", options.percentile, " is not above 50 and at most 100");
}

void listFloats(const Network &network, const Plan &plan, QuantiseReport &report) {
  for (size_t i = 0; i < plan.nodes.size(); ++i)
    if (plan.nodes[i].role == Role::Float) {
      const ::onnx::NodeProto &node = network.node(static_cast<int>(i));
      report.floats.push_back({labelOf(node), node.op_type(), plan.nodes[i].why});
    }
}

QuantisedModel run(std::span<const uint8_t> file, CalibrationData &data, const QuantiseOptions &options) {
  checkOptions(options);
  if (file.empty() || file[0] != kFirstByte)
    fail("no ONNX network, only ONNX networks are quantised");
  QuantisedModel result;
  QuantiseReport &report = result.report;
  const auto progress = [&](const char *what) {
    if (options.progress)
      options.progress(what, 0, 0);
  };

  // The file as it is, run once: which tensors are float32, and of which shape.
  progress("compiling the float network");
  Network network = readNetwork(file);
  foldConstants(network);
  std::optional<Cases> cases;
  observe(network, data, cases);
  report.cases = cases->count();

  // Fewer nodes and weights that suit int8, the same function.
  dropIdentities(network);
  foldBiases(network);
  report.foldedNormalisations = foldNormalisations(network);
  if (options.equalise)
    report.equalisedPairs = equalise(network);

  // What is quantised, and over which ranges.
  const Plan plan = planOf(network);
  listFloats(network, plan, report);
  const Calibration calibration = calibrate(network, plan, *cases, options);
  std::vector<Scale> scales;
  for (const Range &range : calibration.ranges)
    scales.push_back(scaleOf(range, options.powerOfTwo));

  Network corrected = network;
  if (options.correctBias)
    report.correctedBiases = correctBiases(corrected, calibration);
  progress("compiling the quantised network");
  const Written written = writeQuantised(corrected, plan, scales, options.powerOfTwo);
  report.absorbedActivations = written.absorbed;
  measureNoise(network, plan, calibration, scales, written, *cases, options, report);

  std::string bytes;
  ::onnx::ModelProto model = written.model;
  model.set_producer_name("tessera");
  model.clear_producer_version();
  if (!model.SerializeToString(&bytes))
    fail("the quantised network is too large for one file");
  result.file.assign(bytes.begin(), bytes.end());
  return result;
}

} // namespace

} // namespace quantise

Expected<QuantisedModel> quantiseOnnx(std::span<const uint8_t> model, CalibrationData &data,
                                      const QuantiseOptions &options) {
  try {
    return quantise::run(model, data, options);
  } catch (const onnx_import::ImportError &error) {
    return Error{error.message};
  } catch (const std::exception &error) {
    return Error{std::string("the network cannot be quantised: ") + error.what()};
  }
}

} // namespace tessera::compiler
