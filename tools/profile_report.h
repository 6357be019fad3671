/// How a profile is told: a table for people, JSON for programs.
#ifndef TESSERA_TOOLS_PROFILE_REPORT_H
#define TESSERA_TOOLS_PROFILE_REPORT_H

#include "tessera/compiler/session.h"

#include <string>
#include <vector>

namespace tessera::tools {

struct Profile {
  std::string model;
  std::string device;
  std::string memory;
  isa::MachineConfig machine;
  std::vector<compiler::ProfileRow> rows;
  compiler::ProfileRow total; ///< the sums of the rows
  uint64_t cycles = 0;        ///< of the launches, as the device says
  size_t hostLayers = 0;      ///< layers that the CPU ran, or that became part of others
  compiler::BorderBytes borders;
};

/// The sums of the rows. Fails, with both numbers, where the classes of a row do not add up to its cycles, or the rows to the launches'.
isa::Expected<Profile> profileOf(const compiler::Session &session, const std::string &device,
                                 const std::string &memory);

/// A line a layer, and the sum; shares of the cycles in per cent.
void printProfile(const Profile &profile);

/// model, machine, config_hash, device, memory, macs_per_cycle, bus_bytes_per_cycle, total and layers (docs/profile.md).
std::string profileJson(const Profile &profile);

/// Bytes moved in all, the program's own among them.
uint64_t movedBytes(const compiler::ProfileRow &row);

} // namespace tessera::tools

#endif
