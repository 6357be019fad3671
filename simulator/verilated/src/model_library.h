// Finds, or builds and caches, the model library of a machine, and loads it.
#pragma once

#include "cycle_abi.h"

#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"

#include <string>

namespace tessera::simulator {

/// Which of a machine's model libraries is meant.
struct ModelVariant {
  bool waves = false;
  bool assertions = true; ///< of the RTL and its AXI checkers
};

/// The interface of the machine's model library, loaded for the life of the process. Order: prebuilt folders (with assertions, without waveforms), cache, build.
/// A prebuilt library counts only where it was made from the sources that lie in the share folder (or there is none).
isa::Expected<const TsrCycleApi *> loadModelLibrary(const isa::MachineConfig &machine, ModelVariant variant);

/// The folder that holds hw_rtl, isa and simulator: TESSERA_SHARE, else near the binary, else the source tree that this
/// was built from; empty if none has them.
std::string shareFolder();

/// Hash over the sources that a model library depends on (build_model.py computes the same); empty without them.
std::string contentKey(const std::string &share);

} // namespace tessera::simulator
