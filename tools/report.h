/// How a run is told: text for people, JSON for programs.
#ifndef TESSERA_TOOLS_REPORT_H
#define TESSERA_TOOLS_REPORT_H

#include "cases.h"

#include "tessera/compiler/session.h"

#include <string>
#include <vector>

namespace tessera::tools {

struct Run {
  std::string device;
  std::string memory;
  size_t cases;
  const compiler::Session &session;
  const compiler::RunReport &report; ///< of the last case
};

/// Each case's outputs; long ones are shortened.
void printOutputs(const OutputCollector &outputs);

/// A line a layer, and the sum.
void printReport(const Run &run);

/// model, machine, config_hash, device, memory, cases, cycles, cycles_estimated, macs, utilization, simulated_cycles_per_second, wall_seconds,
/// instructions, micro_ops, and layers with name, op, placement, reason and the same figures.
std::string reportJson(const Run &run);

/// 12345678 as 12,345,678.
std::string grouped(uint64_t value);

} // namespace tessera::tools

#endif
