// One instruction as text, for replay files.
#ifndef TESSERA_COSIM_DESCRIBE_H
#define TESSERA_COSIM_DESCRIBE_H

#include <string>

#include "tessera/isa/encoding.h"

namespace tessera::cosim {

/// Name, token flags, and every field that is not zero; works for illegal field values too.
std::string describe(isa::Word128 word, const isa::MachineConfig &machine);

} // namespace tessera::cosim

#endif
