#include "tessera/compiler/tuning_log.h"

#include "tuning_version.h"

namespace tessera::compiler {

std::string tuningVersion() { return TESSERA_TUNING_VERSION; }

} // namespace tessera::compiler
