/// Shapes and foreign names as they stand in messages.
#ifndef TESSERA_COMPILER_IMPORT_SHAPE_TEXT_H
#define TESSERA_COMPILER_IMPORT_SHAPE_TEXT_H

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

namespace tessera::compiler::frontend {

/// "1x49x10x1"; "scalar" for rank 0.
inline std::string shapeText(std::span<const int64_t> shape) {
  if (shape.empty())
    return "scalar";
  std::string text;
  for (int64_t extent : shape)
    text += (text.empty() ? "" : "x") + std::to_string(extent);
  return text;
}

/// A real number as short as it can be: "0.1", "1.96078e+25".
inline std::string numberText(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// A name from a file, at most 60 characters, control and non-ASCII characters replaced: safe to print.
inline std::string printable(std::string_view name) {
  std::string text(name.substr(0, 60));
  for (char &c : text)
    if (c < 32 || c > 126)
      c = '?';
  return text;
}

} // namespace tessera::compiler::frontend

#endif
