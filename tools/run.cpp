#include "cases.h"
#include "commands.h"
#include "files.h"
#include "network.h"
#include "report.h"

#include "tessera/compiler/session.h"

#include <filesystem>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  Network network;
  std::vector<std::string> inputs;
  std::string output;
  std::string json;
  std::string wave;
  uint32_t waveFrom = 0;
  uint32_t waveTo = 0xffffffff;
  bool quiet = false;
};

Expected<void> writeOutputs(const std::string &folder, const std::vector<NamedArray> &outputs) {
  if (auto made = makeFolder(folder); !made)
    return made;
  for (const NamedArray &output : outputs) {
    if (elementBytes(output.array.type) == 0)
      return Error{output.name + " is " + output.array.type + ", which .npy files do not hold"};
    if (auto written = writeFile(folder + "/" + output.name + ".npy", formatNpy(output.array)); !written)
      return written;
  }
  return {};
}

/// A window that no launch reached leaves the empty file that was made when the waveform was asked for.
Expected<void> checkWave(const Options &options) {
  struct stat status{};
  if (::stat(options.wave.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size != 0)
    return {};
  ::unlink(options.wave.c_str());
  return Error{"no waveform: no launch came to instruction " + std::to_string(options.waveFrom)};
}

Expected<void> runModel(const Options &options) {
  if (options.waveFrom > options.waveTo)
    return Error{"--wave-from " + std::to_string(options.waveFrom) + " is after --wave-to " +
                 std::to_string(options.waveTo)};
  if (!options.wave.empty() && options.network.session.device == "cpu")
    return Error{"the CPU has no waveform"};
  if (auto checked = checkFiles(options.inputs, {options.json, options.wave}); !checked)
    return checked;
  if (!options.output.empty())
    if (auto made = makeFolder(options.output); !made)
      return made;
  Progress progress(options.quiet);
  Network network = options.network;
  network.session.overlap =
      network.session.overlap && options.wave.empty(); // which is of one launch after the other
  auto session = openNetwork(network, progress);
  if (!session)
    return session.error();
  auto cases = readCases(options.inputs, (*session)->inputs());
  if (!cases)
    return cases.error();
  if (!options.wave.empty())
    if (auto on = (*session)->wave(options.wave, options.waveFrom, options.waveTo); !on)
      return on;
  auto collector = runCases(**session, *cases, options.network.session, progress);
  if (!collector)
    return collector.error();
  progress.clear();
  if (!options.wave.empty()) {
    if (auto off = (*session)->wave("", 0, 0); !off) // ends the file
      return off;
    if (auto written = checkWave(options); !written)
      return written;
  }
  compiler::RunReport report = (*session)->report();
  Run run{options.network.session.device, options.network.session.memory, cases->count(), **session, report};
  bool jsonOnStdout = options.json == "-";
  if (!options.quiet && !jsonOnStdout) {
    printOutputs(*collector);
    printReport(run);
  }
  if (!options.output.empty())
    if (auto written = writeOutputs(options.output, collector->files()); !written)
      return written;
  if (!options.json.empty())
    return writeFile(options.json, reportJson(run));
  return {};
}

} // namespace

void addRun(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command =
      app.add_subcommand("run", "Run a network on a device: its outputs, and the cost of every layer");
  addNetworkOptions(*command, options->network, "functional, cycle, systemc, or cpu");
  command
      ->add_option(
          "--input", options->inputs,
          "one .npy (or raw .bin, .dat) file an input; a leading dimension of N, or N times the bytes, is N "
          "cases; further files are further cases")
      ->required();
  command->add_option("--output", options->output, "folder for output_0.npy ...");
  command->add_option("--json", options->json,
                      "file for the report as JSON; - is stdout, and nothing else goes there");
  CLI::Option *wave =
      command->add_option("--wave", options->wave,
                          "waveform file (FST) of the first launch, device cycle only; 10 ns a clock cycle");
  command->add_option("--wave-from", options->waveFrom, "first instruction of the waveform")->needs(wave);
  command->add_option("--wave-to", options->waveTo, "last instruction of the waveform")->needs(wave);
  command->add_flag("--quiet", options->quiet, "print nothing");
  command->footer(
      "\ntessera run net.tflite --input x.npy --device cycle --machine tiny --json report.json\n"
      "tessera run net.tsr --input x.npy --device cycle --wave net.fst --wave-from 0 --wave-to 200");
  command->callback([options, &status] {
    if (auto done = runModel(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
