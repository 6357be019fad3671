/// TFLite to TOSA.
///
/// importTflite() makes the module that docs/tosa-input.md describes. The context needs no dialects loaded before; the
/// importer loads what it uses. Quantised arithmetic comes out explicit and equal, byte for byte, to what the reference
/// kernels of TensorFlow Lite Micro compute (double rounding).
/// Errors: those of parseModel(), and "operator 17 (TANH) is not supported", or what does not fit about an operator.
#ifndef TESSERA_COMPILER_IMPORT_TFLITE_IMPORT_H
#define TESSERA_COMPILER_IMPORT_TFLITE_IMPORT_H

#include "tessera/isa/error.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <cstdint>
#include <span>

namespace tessera::compiler {

isa::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importTflite(mlir::MLIRContext &context,
                                                              std::span<const uint8_t> file);

} // namespace tessera::compiler

#endif
