// The members of an instruction by their place in the table (instructionTable()[kind].fields), for code that treats all
// instructions alike: assembler, fuzzers, reports.
#pragma once

#include "tessera/isa/encoding.h"

namespace tessera::isa {

/// A default instruction with this Instruction::index(), which is below kInstructionKinds.
Instruction makeInstruction(size_t kind);

/// The value of a field; 0 for the constant selector.
int64_t fieldValue(const Instruction &instruction, size_t field);

/// Sets a field, cut to the type of its member (not to the width of the field: Layout::checkValues tells); nothing for the
/// constant selector.
void setFieldValue(Instruction &instruction, size_t field, int64_t value);

void setDependencies(Instruction &instruction, const Dependencies &dependencies);

} // namespace tessera::isa
