#include "core_state.h"

#include <cstring>

namespace tessera::simulator {

using isa::MemoryType;

namespace {
KernelShape shapeOf(const isa::MachineConfig &m) {
  KernelShape s{};
  s.batch = m.batch;
  s.blockIn = m.blockIn;
  s.blockOut = m.blockOut;
  s.kGroups = (m.blockIn + 3) / 4;
  s.lanes = m.batch * m.blockOut;
  s.inpBytes = m.batch * m.blockIn;
  s.wgtBytes = s.kGroups * m.blockOut * 4;
  return s;
}
constexpr uint8_t kSignBit = 0x80;
} // namespace

CoreState::CoreState(const isa::MachineConfig &config, const Kernels &chosen)
    : machine(config), layout(config), kernels(&chosen), shape(shapeOf(config)),
      inpPerOut(config.inpPerOut()), uopWords(config.uopDepth), uop(config.uopDepth),
      inp(size_t{config.inpDepth} * shape.inpBytes), wgt(size_t{config.wgtDepth} * shape.wgtBytes),
      wgtSum128(size_t{config.wgtDepth} * config.blockOut), acc(size_t{config.accDepth} * shape.lanes),
      out(size_t{config.accDepth} * shape.lanes), par(size_t{config.parDepth} * 3 * config.blockOut) {
  clearScratchpads();
}

void CoreState::clearScratchpads() {
  std::fill(uopWords.begin(), uopWords.end(), 0u);
  std::fill(uop.begin(), uop.end(), isa::MicroOp{});
  inp.fill(kSignBit);
  wgt.fill(0);
  wgtSum128.fill(0);
  acc.fill(0);
  out.fill(0);
  par.fill(0);
}

/// The layout of the kernels, and the sums beside it.
void CoreState::packWeights(uint32_t index, const uint8_t *bytes) {
  int8_t *w = wgt.data() + size_t{index} * shape.wgtBytes;
  int32_t *sums = wgtSum128.data() + size_t{index} * shape.blockOut;
  const uint32_t wholeGroups = shape.blockIn / 4;
  for (uint32_t o = 0; o < shape.blockOut; ++o) {
    const uint8_t *row = bytes + size_t{o} * shape.blockIn;
    int32_t sum = 0;
    for (uint32_t k = 0; k < shape.blockIn; ++k)
      sum += static_cast<int8_t>(row[k]);
    sums[o] = sum * 128;
    for (uint32_t g = 0; g < wholeGroups; ++g)
      std::memcpy(w + (size_t{g} * shape.blockOut + o) * 4, row + 4 * g, 4);
    for (uint32_t k = 4 * wholeGroups; k < shape.blockIn; ++k)
      w[(size_t{wholeGroups} * shape.blockOut + o) * 4 + k % 4] = static_cast<int8_t>(row[k]);
  }
}

void CoreState::writeElements(MemoryType type, uint32_t index, const uint8_t *bytes, uint32_t count) {
  const size_t lanes = size_t{count} * shape.lanes;
  switch (type) {
  case MemoryType::Uop:
    std::memcpy(&uopWords[index], bytes, size_t{count} * 4);
    for (uint32_t n = index; n < index + count; ++n)
      uop[n] = layout.decodeMicroOp(uopWords[n]);
    break;
  case MemoryType::Wgt:
    for (uint32_t n = 0; n < count; ++n)
      packWeights(index + n, bytes + size_t{n} * shape.blockOut * shape.blockIn);
    break;
  case MemoryType::Inp: {
    uint8_t *x = inp.data() + size_t{index} * shape.inpBytes;
    for (size_t i = 0; i < size_t{count} * shape.inpBytes; ++i)
      x[i] = bytes[i] ^ kSignBit;
    break;
  }
  case MemoryType::Acc:
    std::memcpy(accElement(index), bytes, lanes * 4);
    kernels->lowBytes(accElement(index), outElement(index), lanes);
    break;
  case MemoryType::Acc8bit: {
    int32_t *a = accElement(index);
    for (size_t l = 0; l < lanes; ++l)
      a[l] = static_cast<int8_t>(bytes[l]);
    std::memcpy(outElement(index), bytes, lanes);
    break;
  }
  case MemoryType::Par:
    std::memcpy(par.data() + size_t{index} * 3 * shape.blockOut, bytes, size_t{12} * shape.blockOut * count);
    break;
  case MemoryType::Out:
    break; // no LOAD reaches OUT: decoding refuses it
  }
}

void CoreState::fillElement(MemoryType type, uint32_t index, int8_t value) {
  switch (type) {
  case MemoryType::Uop:
    uopWords[index] = 0;
    uop[index] = isa::MicroOp{};
    break;
  case MemoryType::Wgt:
    std::memset(wgt.data() + size_t{index} * shape.wgtBytes, 0, shape.wgtBytes);
    std::memset(wgtSum128.data() + size_t{index} * shape.blockOut, 0, size_t{4} * shape.blockOut);
    break;
  case MemoryType::Inp:
    std::memset(inp.data() + size_t{index} * shape.inpBytes, static_cast<uint8_t>(value) ^ kSignBit,
                shape.inpBytes);
    break;
  case MemoryType::Acc:
    std::memset(accElement(index), 0, size_t{shape.lanes} * 4);
    std::memset(outElement(index), 0, shape.lanes);
    break;
  case MemoryType::Acc8bit:
    std::fill_n(accElement(index), shape.lanes, value);
    std::memset(outElement(index), value, shape.lanes);
    break;
  case MemoryType::Par:
    std::memset(par.data() + size_t{index} * 3 * shape.blockOut, 0, size_t{12} * shape.blockOut);
    break;
  case MemoryType::Out:
    break;
  }
}

void CoreState::readElement(MemoryType type, uint32_t index, uint8_t *bytes) const {
  switch (type) {
  case MemoryType::Uop:
    std::memcpy(bytes, &uopWords[index], 4);
    break;
  case MemoryType::Wgt: {
    const int8_t *w = wgt.data() + size_t{index} * shape.wgtBytes;
    for (uint32_t o = 0; o < shape.blockOut; ++o)
      for (uint32_t k = 0; k < shape.blockIn; ++k)
        bytes[o * shape.blockIn + k] = static_cast<uint8_t>(w[(k / 4 * shape.blockOut + o) * 4 + k % 4]);
    break;
  }
  case MemoryType::Inp: {
    const uint8_t *x = inp.data() + size_t{index} * shape.inpBytes;
    for (uint32_t i = 0; i < shape.inpBytes; ++i)
      bytes[i] = x[i] ^ kSignBit;
    break;
  }
  case MemoryType::Acc:
    std::memcpy(bytes, acc.data() + size_t{index} * shape.lanes, size_t{shape.lanes} * 4);
    break;
  case MemoryType::Out:
    std::memcpy(bytes, out.data() + size_t{index} * shape.lanes, shape.lanes);
    break;
  case MemoryType::Par:
    std::memcpy(bytes, parRow(index, 0), size_t{12} * shape.blockOut);
    break;
  case MemoryType::Acc8bit:
    break;
  }
}

bool CoreState::resultFits(isa::Destination destination, uint64_t highest) const {
  return destination == isa::Destination::Inp ? highest * inpPerOut + inpPerOut <= machine.inpDepth
                                              : highest < machine.accDepth;
}

void CoreState::writeResult(isa::Destination destination, uint32_t index, uint32_t parIndex,
                            const int32_t *v) {
  if (destination == isa::Destination::Acc) {
    std::memcpy(accElement(index), v, size_t{shape.lanes} * 4);
    kernels->lowBytes(v, outElement(index), shape.lanes);
    return;
  }
  if (destination == isa::Destination::Out) {
    kernels->exit(shape, v, outElement(index), exitRows(parIndex), set.exit);
    return;
  }
  // INP[d*R + h][b][k] = exit(v)[b][h*blockIn + k]; batch above 1 has R = 1, so the bytes of an OUT element stand in order.
  int8_t *bytes = reinterpret_cast<int8_t *>(inp.data()) + size_t{index} * inpPerOut * shape.inpBytes;
  kernels->exit(shape, v, bytes, exitRows(parIndex), set.exit);
  for (uint32_t i = 0; i < shape.lanes; ++i)
    bytes[i] = static_cast<int8_t>(bytes[i] ^ static_cast<int8_t>(kSignBit));
}

} // namespace tessera::simulator
