/// What `tessera exec` is asked to do, read from its arguments' texts.
#ifndef TESSERA_TOOLS_EXEC_OPTIONS_H
#define TESSERA_TOOLS_EXEC_OPTIONS_H

#include "tessera/isa/checker.h"
#include "tessera/isa/error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::tools {

struct ExecArguments {
  std::string device = "cycle", machine = "pynq", memory;
  std::vector<std::string> writes, bases, reads;
  std::string insns = "0", count;
  std::string json, wave;
  double timeoutSeconds = 60;
  bool check = false;
};

/// A file to device memory.
struct MemoryWrite {
  uint32_t address = 0;
  std::string path;
};
/// Device memory to a file.
struct MemoryRead {
  uint32_t address = 0, bytes = 0;
  std::string path;
};

struct ExecPlan {
  std::vector<MemoryWrite> writes;
  std::vector<MemoryRead> reads;
  isa::BasePointers bases;
  uint32_t insnAddress = 0, insnCount = 0;
  bool isStdoutTaken = false; ///< JSON or data go there, so the text for people does not
};

/// Numbers are decimal or 0x. Errors name the argument: `--write 12z=a.bin: 12z is not a number up to 4294967295`.
isa::Expected<ExecPlan> planExec(const ExecArguments &arguments);

} // namespace tessera::tools

#endif
