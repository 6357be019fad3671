// What a run of programs on one core is, as data: it can be written to a file and read again.
//
// A session is one core from power-up: its DRAM image and the programs launched one after the other, without reset between.
// Everything is explicit, so that a session replays the same whatever the generator becomes.
#ifndef TESSERA_COSIM_SESSION_H
#define TESSERA_COSIM_SESSION_H

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/isa/encoding.h"
#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"
#include "tessera/simulator/functional_core.h"

namespace tessera::cosim {

/// Bytes that the host writes to DRAM before a launch.
struct HostWrite {
  uint32_t address = 0;
  std::vector<uint8_t> bytes;
};

struct ProgramCase {
  std::vector<isa::Word128> words;
  simulator::LaunchRegisters registers; ///< insnCount may differ from words.size()
  std::vector<HostWrite> writes;        ///< besides the instructions themselves
};

struct Session {
  std::string machine; ///< name or path, as loadMachine takes it
  std::string memory;  ///< memory model of the cycle model
  uint64_t seed = 0;   ///< what the generator made it from
  uint32_t dramBytes = 0;
  uint64_t dramSeed = 0; ///< of the image at power-up
  std::vector<ProgramCase> programs;
};

/// DRAM as it is at power-up: random bytes.
std::vector<uint8_t> initialDram(const Session &session);

/// Host writes and instructions of a program into DRAM.
void applyWrites(const ProgramCase &program, std::vector<uint8_t> &dram);

/// The text of a replay file, instructions with their disassembly beside them.
std::string toText(const Session &session, const isa::MachineConfig &machine);
/// Errors name the line.
isa::Expected<Session> parseSession(const std::string &text);

} // namespace tessera::cosim

#endif
