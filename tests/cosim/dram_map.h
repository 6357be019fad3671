// Where generated programs keep what in DRAM. Stores never reach micro-ops, channel parameters or instructions: those come
// from the host.
#ifndef TESSERA_COSIM_DRAM_MAP_H
#define TESSERA_COSIM_DRAM_MAP_H

#include <cstdint>

namespace tessera::cosim {

inline constexpr uint32_t kDramBytes = 0x40000;
inline constexpr uint32_t kDataBegin = 0x1000, kDataEnd = 0x20000;    ///< what loads read
inline constexpr uint32_t kStoreBegin = 0x10000, kStoreEnd = 0x20000; ///< what stores write, part of the data
inline constexpr uint32_t kParBegin = 0x20000, kParEnd = 0x28000;
inline constexpr uint32_t kUopBegin = 0x28000, kUopEnd = 0x2c000;
inline constexpr uint32_t kProgramBegin = 0x30000, kProgramEnd = 0x40000;

} // namespace tessera::cosim

#endif
