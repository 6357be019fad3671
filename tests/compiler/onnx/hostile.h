// ONNX files that no tool writes: each must be refused with one line, soon and in little memory.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace tessera::test {

struct HostileFile {
  std::string name;
  std::vector<uint8_t> bytes;
  std::string error; ///< a part of the message
};

inline void PrintTo(const HostileFile &file, std::ostream *stream) { *stream << file.name; }

std::vector<HostileFile> hostileFiles();

} // namespace tessera::test
