#include "cases.h"
#include "commands.h"
#include "files.h"
#include "network.h"
#include "profile_report.h"
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
  Network network;
  std::vector<std::string> inputs;
  std::string json;
  std::string svg;
  std::string trace;
  uint64_t traceInstructions = 500'000;
  size_t traceCases = 1;
  double clockMegahertz = 100;
  bool quiet = false;
};

Expected<void> writeTrace(const Options &options, const compiler::Session &session, const Profile &profile) {
  auto trace = traceOf(session, profile, options.clockMegahertz);
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

/// The first case, or as many as the timeline is to have.
Expected<void> runCases(const Options &options, compiler::Session &session, const Cases &cases,
                        Progress &progress) {
  const size_t count = options.traceCases;
  if (count > cases.count())
    return Error{"--cases " + std::to_string(count) + ": the inputs have " + std::to_string(cases.count())};
  if (count < cases.count())
    std::fprintf(stderr, "note: the profile is of the first %sof %zu cases\n",
                 count > 1 ? (std::to_string(count) + " ").c_str() : "", cases.count());
  progress.show("running on " + options.network.session.device + " ...", true);
  Expected<void> done;
  if (count == 1) {
    if (auto outputs = session.run(cases.inputs(0)); !outputs)
      done = outputs.error();
  } else if (auto outputs = session.run(cases.all().first(count)); !outputs) {
    done = outputs.error();
  }
  progress.clear();
  return done;
}

Expected<void> profileModel(const Options &options) {
  if (options.network.session.device == "cpu")
    return Error{"device cpu has no cycles to count; cycle has"};
  if ((options.json == "-") + (options.svg == "-") + (options.trace == "-") > 1)
    return Error{"stdout takes one of --json, --svg and --trace"};
  if (auto checked = checkFiles(options.inputs, {options.json, options.svg, options.trace}); !checked)
    return checked;
  Network network = options.network;
  network.session.profile = true;
  network.session.timelineEvents =
      options.trace.empty() ? 0 : 2 * options.traceInstructions; // a begin and an end
  Progress progress(options.quiet);
  auto session = openNetwork(network, progress);
  if (!session)
    return session.error();
  auto cases = readCases(options.inputs, (*session)->inputs());
  if (!cases)
    return cases.error();
  if (auto done = runCases(options, **session, *cases, progress); !done)
    return done;
  auto profile = profileOf(**session, options.network.session.device, options.network.session.memory);
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
  options->network.session.device = "cycle";
  CLI::App *command =
      app.add_subcommand("profile", "Run a network and tell where every layer's cycles and bytes went");
  addNetworkOptions(*command, options->network, "cycle, or systemc");
  command
      ->add_option("--input", options->inputs,
                   "one .npy (or raw .bin, .dat) file an input; the first case is run")
      ->required();
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
  command
      ->add_option("--cases", options->traceCases,
                   "cases in the timeline, two at a time as tessera run has them; the table is of the last")
      ->needs(trace)
      ->check(CLI::Range(size_t{1}, size_t{64}))
      ->capture_default_str();
  command->add_option("--clock", options->clockMegahertz, "MHz of the device's clock in the timeline")
      ->needs(trace)
      ->check(CLI::Range(1e-3, 1e6))
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
