/// A first look at the bytes of an ONNX file, before anything is allocated for it.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_WIRE_CHECK_H
#define TESSERA_COMPILER_IMPORT_ONNX_WIRE_CHECK_H

#include <cstdint>
#include <span>

namespace tessera::compiler::onnx_import {

/// Walks the protobuf encoding of a model and ends the import where it is damaged, nested deeper than 60 messages or made of so many
/// messages and strings that the parser would need much more memory than the file has bytes. Takes time linear in the number of fields.
void checkWire(std::span<const uint8_t> file);

} // namespace tessera::compiler::onnx_import

#endif
