// Random programs with one outcome: race-free by construction, errors placed so that code and index are defined.
//
// From a seed alone, the same on every machine. A session of programs keeps track of what the scratchpads of one core hold
// (micro-ops above all: they say what an instruction touches); after an erroneous program it either ends or goes on with one
// that loads every scratchpad anew.
#ifndef TESSERA_COSIM_GENERATOR_H
#define TESSERA_COSIM_GENERATOR_H

#include <vector>

#include "session.h"

namespace tessera::cosim {

struct GeneratorOptions {
  isa::Level level = isa::Level::Tessera; ///< Vta: only what VTA has
  uint32_t errorPercent = 15;             ///< programs that end in an error
  uint32_t mostPrograms = 6;              ///< a session has 1 to this many
  uint32_t mostInstructions = 60;         ///< about
};

struct GeneratedSession {
  Session session;
  std::vector<isa::ErrorCode> intended; ///< how each program is meant to end
};

GeneratedSession generateSession(const isa::MachineConfig &machine, const std::string &machineName,
                                 const std::string &memory, uint64_t seed, const GeneratorOptions &options);

} // namespace tessera::cosim

#endif
