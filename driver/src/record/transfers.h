// LOAD and STORE commands to instructions: what does not fit an instruction's fields is split.
//
// - A stride beyond the field: one instruction a row.
// - More than 15 rows or columns of padding: the padding is written first, by loads of one element with 15 columns and rows of
//   padding around it; the element itself (real data in the wrong place) falls where a later instruction of the same command writes
//   over it. All run in the same module in this order. Dependencies are not set here.
#ifndef TESSERA_DRIVER_RECORD_TRANSFERS_H
#define TESSERA_DRIVER_RECORD_TRANSFERS_H

#include "command.h"

#include "tessera/isa/machine.h"

#include <vector>

namespace tessera::driver {

std::vector<isa::Load> splitLoad(const LoadCommand &command, const isa::MachineConfig &machine);
std::vector<isa::Store> splitStore(const StoreCommand &command, const isa::MachineConfig &machine);

} // namespace tessera::driver

#endif
