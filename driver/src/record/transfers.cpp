#include "transfers.h"

#include <algorithm>

namespace tessera::driver {

namespace {

constexpr uint32_t kPadLimit = 15;
constexpr uint32_t kSizeLimit = 65535;

class LoadSplitter {
public:
  LoadSplitter(const LoadCommand &command, const isa::MachineConfig &machine)
      : command_(command), element_(command.address / machine.dramElementBytes(command.memoryType)),
        row_(static_cast<uint32_t>(command.rowElements())) {}

  std::vector<isa::Load> split() {
    const LoadCommand &c = command_;
    const bool padsFit = std::max({c.yPad0, c.yPad1, c.xPad0, c.xPad1}) <= kPadLimit;
    const bool strideFits = c.xStride <= kSizeLimit || c.ySize <= 1;
    if (!c.moves() || (padsFit && strideFits)) {
      isa::Load load = base();
      load.ySize = c.ySize;
      load.yPad0 = c.yPad0, load.yPad1 = c.yPad1, load.xPad0 = c.xPad0, load.xPad1 = c.xPad1;
      load.xStride = strideFits && c.xStride <= kSizeLimit ? c.xStride : 0;
      return {load};
    }
    if (padsFit)
      rowByRow();
    else
      paddedFirst();
    return std::move(loads_);
  }

private:
  isa::Load base() const {
    isa::Load load;
    load.memoryType = command_.memoryType;
    load.sramBase = command_.sramBase;
    load.dramBase = element_;
    load.viaLoad = command_.viaLoad;
    load.xSize = command_.xSize;
    return load;
  }

  uint32_t rowElement(uint32_t y) const { return element_ + y * command_.xStride; }

  void rowByRow() {
    uint32_t sram = command_.sramBase;
    for (uint32_t y = 0; y < command_.ySize; ++y) {
      isa::Load load = base();
      load.sramBase = sram;
      load.dramBase = rowElement(y);
      load.ySize = 1;
      load.xStride = command_.xSize;
      load.yPad0 = y == 0 ? command_.yPad0 : 0;
      load.yPad1 = y + 1 == command_.ySize ? command_.yPad1 : 0;
      load.xPad0 = command_.xPad0, load.xPad1 = command_.xPad1;
      loads_.push_back(load);
      sram += row_ * (load.yPad0 + 1 + load.yPad1);
    }
  }

  /// Padding over [begin, end); the element at `end` is written with data that does not belong there.
  void fillBefore(uint32_t begin, uint32_t end) {
    while (begin < end) {
      isa::Load load = base();
      load.xSize = load.ySize = load.xStride = 1;
      load.sramBase = begin;
      const uint32_t count = end - begin;
      load.xPad0 = std::min(count, kPadLimit);
      load.yPad0 = std::min((count - load.xPad0) / (load.xPad0 + 1), kPadLimit);
      begin += (load.yPad0 + 1) * (load.xPad0 + 1) - 1;
      loads_.push_back(load);
    }
  }

  /// Padding over (begin, end]; the element at `begin` is written with data that does not belong there. From the end on, so that
  /// each piece begins in the padding of the one before it.
  void fillAfter(uint32_t begin, uint32_t end) {
    while (begin < end) {
      isa::Load load = base();
      load.xSize = load.ySize = load.xStride = 1;
      const uint32_t count = end - begin;
      load.xPad1 = std::min(count, kPadLimit);
      load.yPad1 = std::min((count - load.xPad1) / (load.xPad1 + 1), kPadLimit);
      const uint32_t size = (load.yPad1 + 1) * (load.xPad1 + 1) - 1;
      load.sramBase = end - size;
      end -= size;
      loads_.push_back(load);
    }
  }

  void paddedFirst() {
    const uint32_t first = command_.sramBase + command_.yPad0 * row_ + command_.xPad0; // data of row 0
    const uint32_t lastRow = first + (command_.ySize - 1) * row_;
    const uint32_t last = lastRow + command_.xSize - 1;
    const uint32_t end = command_.sramBase + static_cast<uint32_t>(command_.rows()) * row_;
    fillBefore(command_.sramBase, first);
    fillAfter(last, end - 1);
    for (uint32_t y = 0; y + 1 < command_.ySize; ++y) // between the data of two rows
      fillBefore(first + y * row_ + command_.xSize, first + (y + 1) * row_);
    for (uint32_t y = 0; y < command_.ySize; ++y) {
      isa::Load load = base();
      load.sramBase = first + y * row_;
      load.dramBase = rowElement(y);
      load.ySize = 1;
      load.xStride = command_.xSize;
      loads_.push_back(load);
    }
  }

  const LoadCommand &command_;
  uint32_t element_;
  uint32_t row_;
  std::vector<isa::Load> loads_;
};

} // namespace

std::vector<isa::Load> splitLoad(const LoadCommand &command, const isa::MachineConfig &machine) {
  return LoadSplitter(command, machine).split();
}

std::vector<isa::Store> splitStore(const StoreCommand &command, const isa::MachineConfig &machine) {
  isa::Store store;
  store.memoryType = isa::MemoryType::Out;
  store.sramBase = command.sramBase;
  store.dramBase = command.address / machine.dramElementBytes(isa::MemoryType::Out);
  store.xSize = command.xSize;
  store.ySize = command.ySize;
  store.xStride = command.xStride;
  if (command.xStride <= kSizeLimit || command.ySize <= 1) {
    if (store.xStride > kSizeLimit)
      store.xStride = 0;
    return {store};
  }
  std::vector<isa::Store> rows(command.ySize, store);
  for (uint32_t y = 0; y < command.ySize; ++y) {
    rows[y].sramBase += y * command.xSize;
    rows[y].dramBase += y * command.xStride;
    rows[y].ySize = 1;
    rows[y].xStride = command.xSize;
  }
  return rows;
}

} // namespace tessera::driver
