#include "cases.h"
#include "commands.h"
#include "files.h"
#include "profile_report.h"
#include "progress.h"
#include "roofline.h"
#include "trace.h"

#include <cstdio>
#include <filesystem>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string model;
  compiler::SessionOptions session;
  std::vector<std::string> inputs;
  std::vector<std::string> extents;
  std::string json;
  std::string svg;
  std::string trace;
  uint64_t traceInstructions = 500'000;
  bool quiet = false;
};

Expected<void> writeTrace(const Options &options, const compiler::Session &session, const Profile &profile) {
  auto trace = traceOf(session, profile);
  if (!trace)
    return trace.error();
  if (trace->leftOutEvents)
    std::fprintf(
        stderr,
        "note: %s holds the first %llu instructions of a launch at most: %llu begins and ends are left out "
        "(--trace-limit)\n",
        options.trace.c_str(), static_cast<unsigned long long>(options.traceInstructions),
        static_cast<unsigned long long>(trace->leftOutEvents));
  return writeFile(options.trace, trace->json);
}

Expected<void> profileModel(const Options &options) {
  if (options.session.device == "cpu")
    return Error{"device cpu has no cycles to count; cycle has"};
  if ((options.json == "-") + (options.svg == "-") + (options.trace == "-") > 1)
    return Error{"stdout takes one of --json, --svg and --trace"};
  auto file = readFile(options.model);
  if (!file)
    return file.error();
  compiler::SessionOptions sessionOptions = options.session;
  sessionOptions.profile = true;
  sessionOptions.timelineEvents =
      options.trace.empty() ? 0 : 2 * options.traceInstructions; // a begin and an end
  sessionOptions.modelName = std::filesystem::path(options.model).stem();
  sessionOptions.modelFolder = folderOf(options.model);
  auto extents = readExtents(options.extents);
  if (!extents)
    return extents.error();
  sessionOptions.extents = *extents;
  Progress progress(options.quiet);
  sessionOptions.warn = [&](const std::string &warning) {
    progress.clear();
    warn(warning);
  };
  progress.show("compiling " + options.model + " for " + options.session.machine + " ...", true);
  auto session = compiler::Session::open(*file, sessionOptions);
  progress.clear();
  if (!session)
    return Error{options.model + ": " + session.error().message};
  auto cases = readCases(options.inputs, (*session)->inputs());
  if (!cases)
    return cases.error();
  progress.show("running on " + options.session.device + " ...", true);
  auto outputs = (*session)->run(cases->inputs(0));
  progress.clear();
  if (!outputs)
    return outputs.error();
  auto profile = profileOf(**session, options.session.device, options.session.memory);
  if (!profile)
    return profile.error();
  if (!options.quiet && options.json != "-" && options.svg != "-" && options.trace != "-")
    printProfile(*profile);
  if (!options.json.empty())
    if (auto written = writeFile(options.json, profileJson(*profile)); !written)
      return written;
  if (!options.svg.empty())
    if (auto written = writeFile(options.svg, rooflineSvg(*profile)); !written)
      return written;
  return options.trace.empty() ? Expected<void>() : writeTrace(options, **session, *profile);
}

} // namespace

void addProfile(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  options->session.device = "cycle";
  CLI::App *command =
      app.add_subcommand("profile", "Run a network and tell where every layer's cycles and bytes went");
  command->add_option("MODEL", options->model, "TFLite or ONNX model, or program image (.tsr)")->required();
  command->add_option("--device", options->session.device, "cycle, or systemc")->capture_default_str();
  command->add_option("--machine", options->session.machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command
      ->add_option("--input", options->inputs,
                   "one .npy (or raw .bin, .dat) file an input; the first case is run")
      ->required();
  command->add_option("--extent", options->extents,
                      "NAME=N: fixes an open extent of an ONNX model's inputs, as --extent batch=1");
  command->add_option("--json", options->json,
                      "file for the profile as JSON; - is stdout, and nothing else goes there");
  command->add_option("--svg", options->svg, "file for the roofline, a picture (SVG)");
  CLI::Option *trace = command->add_option(
      "--trace", options->trace,
      "file for the timeline of load, array, vector, store and CPU, for ui.perfetto.dev; device cycle only");
  command->add_option("--trace-limit", options->traceInstructions, "instructions of a launch in the timeline")
      ->needs(trace)
      ->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}))
      ->capture_default_str();
  command->add_option("--tuned", options->session.tuned,
                      "tuning log that tessera tune wrote: plans measured for this machine and memory");
  command->add_option(
      "--memory", options->session.memory,
      "memory model of cycle: bench, bench,latency=16, ideal, ddr3, chaos,seed=7; of systemc: cycle");
  command->add_flag("!--no-assertions", options->session.assertions,
                    "cycle: the core without the RTL's assertions, which is faster; built at the first use");
  command->add_option("--dram", options->session.dramBytes, "bytes of the device's DRAM (default 256 MiB)");
  command->add_option("--timeout", options->session.timeoutSeconds, "limit of each launch in seconds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--quiet", options->quiet, "print nothing");
  command->footer("\ntessera profile net.tflite --input x.npy --machine pynq --json profile.json --svg "
                  "roofline.svg --trace trace.json\n"
                  "docs/profile.md says what the columns count");
  command->callback([options, &status] {
    if (auto done = profileModel(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
