// The machine files that the build compiled into the library (written by isa/generate.py --embed), sorted by name.
#pragma once

#include <cstddef>

namespace tessera::isa {

struct EmbeddedMachine {
  const char *name;
  const char *text;
};

extern const EmbeddedMachine kEmbeddedMachines[];
extern const size_t kEmbeddedMachineCount;

} // namespace tessera::isa
