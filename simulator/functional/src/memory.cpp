// LOAD and STORE.
#include <cstring>

#include "core_state.h"

namespace tessera::simulator {

using isa::ErrorCode;
using isa::MemoryType;

namespace {

/// Byte address of the first element of row y; 64 bits, so that what passes 2^32 is seen as a fault.
template <class Transfer> uint64_t rowAddress(const CoreState &s, const Transfer &t, uint32_t y) {
  return s.registers.bases.of(t.memoryType) +
         (uint64_t{t.dramBase} + uint64_t{y} * t.xStride) * s.machine.dramElementBytes(t.memoryType);
}

} // namespace

ErrorCode execute(CoreState &s, const isa::Load &load) {
  if (load.xSize == 0 || load.ySize == 0)
    return ErrorCode::None;
  const uint64_t rowElements = uint64_t{load.xPad0} + load.xSize + load.xPad1;
  const uint64_t rows = uint64_t{load.yPad0} + load.ySize + load.yPad1;
  if (load.sramBase + rowElements * rows > s.machine.depth(load.memoryType))
    return ErrorCode::SramBounds;

  const uint32_t bytes = s.machine.dramElementBytes(load.memoryType);
  // SET PAD belongs to the load module: compute's own ACC_8BIT loads pad with zero.
  const bool padsWithValue =
      load.memoryType == MemoryType::Inp || (load.memoryType == MemoryType::Acc8bit && load.viaLoad);
  const int8_t pad = padsWithValue ? s.set.pad : int8_t{0};
  uint32_t index = load.sramBase;
  const auto fill = [&](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i)
      s.fillElement(load.memoryType, index++, pad);
  };
  fill(load.yPad0 * rowElements);
  for (uint32_t y = 0; y < load.ySize; ++y) {
    const uint64_t address = rowAddress(s, load, y);
    if (address + uint64_t{load.xSize} * bytes > s.dram.size())
      return ErrorCode::DramFault;
    fill(load.xPad0);
    s.writeElements(load.memoryType, index, s.dram.data() + address, load.xSize);
    index += load.xSize;
    fill(load.xPad1);
  }
  fill(load.yPad1 * rowElements);
  return ErrorCode::None;
}

ErrorCode execute(CoreState &s, const isa::Store &store) {
  if (store.xSize == 0 || store.ySize == 0)
    return ErrorCode::None;
  if (store.sramBase + uint64_t{store.xSize} * store.ySize > s.machine.depth(MemoryType::Out))
    return ErrorCode::SramBounds;
  const uint32_t bytes = s.machine.dramElementBytes(MemoryType::Out);
  uint32_t index = store.sramBase;
  for (uint32_t y = 0; y < store.ySize; ++y) {
    const uint64_t address = rowAddress(s, store, y);
    if (address + uint64_t{store.xSize} * bytes > s.dram.size())
      return ErrorCode::DramFault;
    std::memcpy(s.dram.data() + address, s.outElement(index), size_t{store.xSize} * bytes);
    index += store.xSize;
  }
  return ErrorCode::None;
}

} // namespace tessera::simulator
