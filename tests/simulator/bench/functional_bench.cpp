// Speed of the functional model. MACs a second count the machine's blocks as filled.
#include <benchmark/benchmark.h>

#include "convolution_program.h"

namespace tessera::bench {
namespace {

void runProgram(benchmark::State &state, const char *machineName, const std::vector<Convolution> &layers,
                simulator::KernelChoice kernels) {
  const auto machine = isa::loadMachine(machineName);
  if (!machine)
    return state.SkipWithError(machine.error().message.c_str());
  Workload work = makeWorkload(*machine, layers);
  simulator::FunctionalCore core(*machine, kernels);
  for (auto _ : state) {
    const simulator::RunResult result = core.run(work.registers, work.dram);
    if (result.code != isa::ErrorCode::None)
      return state.SkipWithError(("error " + std::to_string(static_cast<int>(result.code)) +
                                  " at instruction " + std::to_string(result.index))
                                     .c_str());
  }
  state.counters["macs"] = static_cast<double>(work.macs);
  state.counters["macs/s"] = benchmark::Counter(
      static_cast<double>(work.macs) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void imageClassifierOn(benchmark::State &state, const char *machine) {
  runProgram(state, machine, imageClassifier(), simulator::KernelChoice::Best);
}
void imageClassifierPortable(benchmark::State &state, const char *machine) {
  runProgram(state, machine, imageClassifier(), simulator::KernelChoice::Portable);
}
void pointwise(benchmark::State &state, const char *machine) {
  runProgram(state, machine, {{16, 64, 64, 1, 1}}, simulator::KernelChoice::Best);
}

BENCHMARK_CAPTURE(imageClassifierOn, pynq, "pynq")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(imageClassifierOn, zcu104, "zcu104")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(imageClassifierPortable, pynq, "pynq")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(pointwise, pynq, "pynq")->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace tessera::bench
