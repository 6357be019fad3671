#include "kernels.h"

namespace tessera::simulator {

const Kernels &bestKernels() { return portableKernels(); }

} // namespace tessera::simulator
