#include "calibration.h"
#include "commands.h"
#include "files.h"
#include "noise_report.h"
#include "progress.h"

#include "tessera/isa/machine.h"

#include <map>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string model;
  std::string calibrate;
  std::string machine = "pynq";
  std::string output;
  std::string json;
  std::string
      range; // empty: what keeps accuracy best with the scales that are asked for (docs/quantisation.md)
  compiler::QuantiseOptions quantise;
  bool noEqualise = false;
  bool noBias = false;
  bool quiet = false;
};

const std::map<std::string, compiler::RangeRule> kRules{{"minmax", compiler::RangeRule::MinMax},
                                                        {"percentile", compiler::RangeRule::Percentile},
                                                        {"entropy", compiler::RangeRule::Entropy}};

Expected<void> quantiseModel(Options options) {
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  auto file = readFile(options.model);
  if (!file)
    return file.error();
  compiler::QuantiseOptions &quantise = options.quantise;
  quantise.powerOfTwo = quantise.powerOfTwo || machine->level == isa::Level::Vta;
  if (options.range.empty())
    options.range = quantise.powerOfTwo ? "entropy" : "minmax";
  quantise.range = kRules.at(options.range);
  quantise.equalise = !options.noEqualise;
  quantise.correctBias = !options.noBias;
  const bool isPiped = options.output == "-" || options.json == "-";
  Progress progress(options.quiet);
  quantise.progress = [&](const std::string &what, size_t at, size_t of) {
    progress.show(of == 0 ? what + " ..."
                          : what + ", case " + std::to_string(at + 1) + " of " + std::to_string(of) + " ...",
                  of == 0);
  };
  CalibrationFolder data(options.calibrate);
  auto quantised = compiler::quantiseOnnx(*file, data, quantise);
  progress.clear();
  if (!quantised)
    return Error{options.model + ": " + quantised.error().message};
  if (auto written = writeFile(options.output, quantised->file); !written)
    return written;
  const NoiseReport report{options.model, options.range, quantise, quantised->report};
  if (!options.quiet && !isPiped)
    printNoise(report);
  if (!options.json.empty())
    return writeFile(options.json, noiseJson(report));
  return {};
}

} // namespace

void addQuantize(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand(
      "quantize", "Make an int8 ONNX network of a float one, and say what it costs in accuracy");
  command->add_option("MODEL", options->model, "ONNX model of float32")->required();
  command
      ->add_option("--calibrate", options->calibrate,
                   "folder of .npy files with typical inputs, one or more cases a file; with several inputs "
                   "one folder "
                   "an input in it")
      ->required();
  command
      ->add_option("--machine", options->machine,
                   "a machine's name or its JSON file; level vta wants powers of two")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "ONNX model to write")->required();
  command
      ->add_option("--range", options->range,
                   "how activations' ranges are chosen: minmax, percentile, entropy (default minmax; with "
                   "powers of two entropy)")
      ->check(CLI::IsMember({"minmax", "percentile", "entropy"}));
  command->add_option("--percentile", options->quantise.percentile, "of --range percentile")
      ->capture_default_str();
  command->add_flag("--power-of-two", options->quantise.powerOfTwo,
                    "scales are powers of two, zero points 0, one scale a weight tensor");
  command->add_flag("--no-equalise", options->noEqualise,
                    "leave the ranges of neighbouring layers' channels as they are");
  command->add_flag("--no-bias-correction", options->noBias,
                    "leave the mean error of quantised weights as it is");
  command->add_option("--json", options->json,
                      "file for the report as JSON; - is stdout, and nothing else goes there");
  command->add_flag("--quiet", options->quiet, "print nothing");
  command->footer("\ntessera quantize net.onnx --calibrate pictures --machine pynq -o net_int8.onnx");
  command->callback([options, &status] {
    if (auto done = quantiseModel(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
