// Instructions and micro-ops as text, and back.
//
// One line an instruction or micro-op; `;` and `#` begin comments. Examples:
//   load inp sram=0 dram=0x100 size=(14,14) stride=56 pad=(1,0,1,0) pop_next push_next
//   gemm uop=[0,9) iter=(14,14) dst=(14,1) src=(16,1) wgt=(0,0) pop_prev push_next
//   alu shr uop=[0,1) iter=(1,196) dst=(0,1) src=(0,1) imm=8
//   reduce depthwise overlap uop=[0,3) iter=(14,14) base=(0,0,0) par=0 taps=3 init=bias destination=out
//   uop dst=0 src=16 wgt=3
// size=(rows,elements), pad=(rows before,rows after,before,after); pairs of a loop nest are (outer,inner); base=(dst,src,wgt)
// of REDUCE, (dst,lhs,rhs) of VEC; taps counts taps. What is not written is 0. A word with bits outside its fields or without
// meaning is `.word 0x` with 32 digits, such a micro-op `.uop 0x` with 8, so that every word has a text that gives it back.
#pragma once

#include "tessera/isa/encoding.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::isa {

struct Program {
  std::vector<Word128> instructions;
  std::vector<uint32_t> microOps; ///< in the order of the text
};

/// The line of one instruction, without end of line.
std::string disassemble(Word128 word, const MachineConfig &machine);
std::string disassembleMicroOp(uint32_t word, const MachineConfig &machine);

/// A whole program, with the number of each line as a comment.
std::string disassemble(const Program &program, const MachineConfig &machine);

/// Errors name line and column: `line 3 column 12: gemm iter_in 20000 does not fit 14 bits`. Values must fit their fields;
/// whether they are legal on the machine is the checker's question (reserved values are written as numbers).
Expected<Program> assemble(std::string_view text, const MachineConfig &machine);

} // namespace tessera::isa
