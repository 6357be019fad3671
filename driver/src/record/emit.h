// Commands to an instruction stream with its micro-ops.
//
// SET instructions are emitted only where they change what the core has (all zero at launch; steps of loops that run once do not
// matter). GEMM and ALU have no bases: theirs are folded into the micro-ops. LOAD UOP waits for earlier compute instructions, so
// the compute instruction behind one must not overlap: its flag is cleared.
// Errors name the command: `command 12 (reduce): ...`.
#ifndef TESSERA_DRIVER_RECORD_EMIT_H
#define TESSERA_DRIVER_RECORD_EMIT_H

#include "command.h"
#include "uop_plan.h"

#include "tessera/isa/machine.h"

#include <span>
#include <vector>

namespace tessera::driver {

struct EmittedStream {
  std::vector<isa::Instruction> instructions;
  std::vector<uint32_t> commandOf; ///< the command of each instruction
  std::vector<uint32_t> uopWords;  ///< what LOAD UOP instructions read
  std::vector<size_t> uopLoads; ///< LOAD UOP instructions; their dramBase counts from the first of uopWords
  uint32_t kernels = 0, microOps = 0;
};

isa::Expected<EmittedStream> emitStream(const isa::MachineConfig &machine, std::span<const Nest> nests,
                                        std::span<const Command> commands);

} // namespace tessera::driver

#endif
