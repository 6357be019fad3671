/// How the ONNX importer fails: one exception, which importOnnx() catches and returns as an isa::Error.
/// Why an exception: docs/decisions/onnx-exceptions.md. It never passes through a frame of MLIR.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_ERROR_H
#define TESSERA_COMPILER_IMPORT_ONNX_ERROR_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>

namespace tessera::compiler::onnx_import {

struct ImportError {
  std::string message;
  bool placed = false; ///< the message names its node already
};

inline void appendText(std::string &text, std::string_view part) { text += part; }
template <class Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
void appendText(std::string &text, Number part) {
  if constexpr (std::is_integral_v<Number>) {
    text += std::to_string(part);
  } else {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%g", static_cast<double>(part));
    text += buffer;
  }
}

/// The parts one after the other: strings and numbers.
template <class... Parts> std::string textOf(const Parts &...parts) {
  std::string text;
  (appendText(text, parts), ...);
  return text;
}

/// Ends the import with this message; the place is put before it.
template <class... Parts> [[noreturn]] void fail(const Parts &...parts) {
  throw ImportError{textOf(parts...)};
}

} // namespace tessera::compiler::onnx_import

#endif
