#include "network.h"

#include "files.h"

#include "tessera/device.h"
#include "tessera/isa/machine.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

/// What can be said of --device and --memory before anything is compiled.
Expected<void> checkDevice(const compiler::SessionOptions &options) {
  std::vector<const char *> names(tsr_device_list(nullptr, 0));
  tsr_device_list(names.data(), names.size());
  std::string known;
  for (const char *name : names)
    if (std::string_view(name) != "null")
      known += std::string(name) + ", ";
  if (options.device != "cpu" &&
      std::ranges::none_of(names, [&](const char *name) { return options.device == name; }))
    return Error{"no device named " + options.device + "; this build has " + known + "cpu"};
  if (const size_t place = options.memory.find("=-"); place != std::string::npos)
    return Error{"--memory " + options.memory + ": " +
                 options.memory.substr(place + 1, options.memory.find(',', place) - place - 1) +
                 " is negative"};
  return {};
}

} // namespace

void addNetworkOptions(CLI::App &command, Network &network, const char *devices) {
  compiler::SessionOptions &session = network.session;
  command.add_option("MODEL", network.model, "TFLite or ONNX model, or program image (.tsr)")->required();
  command.add_option("--device", session.device, devices)->capture_default_str();
  command.add_option("--machine", session.machine,
                     "a machine's name or its JSON file (default: an image's own, or pynq)");
  command.add_option(
      "--extent", network.extents,
      "NAME=N: fixes an open extent of an ONNX model's inputs, as --extent batch=1; one that is "
      "left open is the input file's, on the CPU");
  command.add_option("--tuned", session.tuned,
                     "tuning log that tessera tune wrote: plans measured for this machine and memory");
  command.add_option("--memory", session.memory,
                     "memory model of cycle: bench, bench,latency=16, ideal, ddr3, chaos,seed=7; of systemc: "
                     "lt, cycle");
  command.add_flag("!--no-assertions", session.assertions,
                   "cycle: the core without the RTL's assertions, which is faster; built at the first use");
  command
      .add_option("--threads", session.threads,
                  "threads of the CPU's part; 0: one for each processor, at most so many")
      ->capture_default_str();
  command.add_flag("!--no-overlap", session.overlap,
                   "one case after the other: no CPU work beside the device's");
  command.add_option("--dram", session.dramBytes, "bytes of the device's DRAM (default 256 MiB)");
  command
      .add_option("--timeout", session.timeoutSeconds,
                  "limit of each launch in seconds, looked at now and then")
      ->check([](const std::string &text) {
        const double seconds = std::strtod(text.c_str(), nullptr);
        return seconds > 0 && std::isfinite(seconds) ? "" : text + " is no number of seconds above 0";
      })
      ->capture_default_str();
}

Expected<std::unique_ptr<compiler::Session>> openNetwork(const Network &network, Progress &progress) {
  compiler::SessionOptions options = network.session;
  if (options.device == "null")
    return Error{"device null computes nothing; functional, cycle, systemc and cpu do"};
  if (auto known = checkDevice(options); !known)
    return known.error();
  if (!options.machine.empty())
    if (auto machine = isa::loadMachine(options.machine); !machine)
      return machine.error();
  auto extents = readExtents(network.extents);
  if (!extents)
    return extents.error();
  options.extents = *extents;
  auto file = readFile(network.model);
  if (!file)
    return file.error();
  options.modelName = std::filesystem::path(network.model).stem();
  options.modelFolder = folderOf(network.model);
  options.warn = [&](const std::string &warning) {
    progress.clear();
    warn(warning);
  };
  const bool hasMemory = options.device == "cycle" || options.device == "systemc";
  if (!hasMemory && !options.memory.empty() && options.memory != "bench")
    options.warn("--memory " + options.memory + " changes nothing on device " + options.device +
                 (options.device == "cpu" ? "" : ", whose cycles are by estimate for bench"));
  progress.show("compiling " + network.model + " for " + options.device + " ...", true);
  auto session = compiler::Session::open(*file, options);
  progress.clear();
  if (!session)
    return Error{network.model + ": " + session.error().message};
  return session;
}

} // namespace tessera::tools
