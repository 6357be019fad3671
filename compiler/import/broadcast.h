/// Operands that broadcast to an operator's output, as NumPy has it.
#ifndef TESSERA_COMPILER_IMPORT_BROADCAST_H
#define TESSERA_COMPILER_IMPORT_BROADCAST_H

#include "import/importer.h"

namespace tessera::compiler::frontend {

/// Checks that the inputs `first`, ... (to the last) broadcast to the output, and that each of its extents comes from one of them.
isa::Expected<void> checkBroadcast(const Importer &importer, const Operator &op, size_t first = 0);

/// An operand with ones in front, so that it has the output's rank; the output's must not be lower.
mlir::Value withRank(Importer &importer, const Operator &op, size_t i);

} // namespace tessera::compiler::frontend

#endif
