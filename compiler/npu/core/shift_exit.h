// Requantisation by a shift: all that level vta has. Where a layer's scales are one power of two, GEMM and ALU alone give the bytes that the
// layer's rounding mode defines (tessera/isa/numerics.h).
//
// ALU immediates have destination and source in one element, amounts of a tensor are never negative, and MUL is not used: published cores
// differ there (reference in docs/instruction-set.md).
#pragma once

#include "command.h"
#include "layer.h"
#include "target.h"

#include <span>
#include <string>
#include <vector>

namespace tessera::compiler::npu {

// The shift that all channels share, negative where their scale is above 1, or Exit::kNoShift: their scale is no power of two. multiplier and
// shift as ChannelParameters has them.
int32_t sharedShift(isa::ExitMode mode, std::span<const int32_t> multiplier, std::span<const int32_t> shift);

// Sets layer.shiftExit (and the steps of an addition) where the layer leaves by a shift; where it sums few small products of channels that do
// not mix (an average), by a factor and a shift that give the mode's byte for every sum there can be. multiplier and shift: one entry, or one a channel.
void resolveShift(Layer &layer, std::span<const int32_t> multiplier, std::span<const int32_t> shift);

// Why sums of the layer might leave 32 bits where the exit adds to them; empty if they cannot.
std::string sumRefusal(const Layer &layer);

// What the biases must hold besides, so that the first step of exitCommands need not add it.
int32_t biasOffset(const Exit &exit);

// ALU commands that turn sums in ACC (with biases and biasOffset) into results: `results` is the loop nest over them, dst = src.
std::vector<Command> exitCommands(const Target &target, const Exit &exit, const Kernel &results,
                                  uint32_t base);

// One ALU command on results: an immediate, or with `source` as second operand.
Command aluImmediate(isa::AluOpcode op, const Kernel &results, uint32_t base, int32_t immediate);
Command aluTensor(isa::AluOpcode op, const Kernel &kernel, uint32_t base, uint32_t source);

// All to a value that is an immediate. By ALUs, not a GEMM's reset, which would wait for the ALUs before it, and the array with it.
void setResults(std::vector<Command> &commands, const Kernel &results, uint32_t base, int32_t value);

} // namespace tessera::compiler::npu
