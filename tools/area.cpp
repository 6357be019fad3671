#include "commands.h"
#include "info.h"

namespace tessera::tools {

int printArea(const std::string &) { return fail("this build has no area table"); }

} // namespace tessera::tools
