// The data movers against a reference in bytes: what LOAD and STORE move, for all memory types, paddings, strides and
// alignments, on both ways into the scratchpads, under bench and chaos memory. The stand-in for compute shows every
// scratchpad as a view of OUT's bytes, which STORE brings back.
#include "core_harness.h"

#include <algorithm>
#include <random>

using namespace tessera;
using namespace tessera::test;
using isa::MemoryType;

namespace {

constexpr uint32_t kSource = 0x100000, kSourceBytes = 0x400000, kTarget = 0x800000, kDramBytes = 0x1000000;

struct Setting {
  const char *machine;
  const char *library;
};
const Setting kSettings[] = {
    {"tiny", TSR_DMA_TINY}, {"pynq", TSR_DMA_PYNQ}, {"pynq", TSR_DMA_HOLDS}, {"ultra96", TSR_DMA_ULTRA96}};

/// A load that fits the machine; `viaLoad`: in the load module.
isa::Load randomLoad(std::mt19937 &random, const isa::MachineConfig &machine, bool viaLoad) {
  auto below = [&](uint32_t bound) { return static_cast<uint32_t>(random() % bound); };
  const MemoryType all[] = {MemoryType::Uop, MemoryType::Acc, MemoryType::Acc8bit,
                            MemoryType::Inp, MemoryType::Wgt, MemoryType::Par};
  for (;;) {
    isa::Load load;
    load.memoryType = all[below(viaLoad ? 6 : 3)];
    load.viaLoad = viaLoad;
    const uint32_t depth = std::min<uint32_t>(machine.depth(load.memoryType), 300),
                   bytes = machine.dramElementBytes(load.memoryType);
    load.ySize = below(4) == 0 ? 1 : below(8);
    load.xSize = below(5) == 0 ? 1 : below(20);
    if (load.memoryType == MemoryType::Uop)
      load.xSize = below(70);
    const uint32_t strides[] = {load.xSize, load.xSize + below(10), below(64), 0};
    load.xStride = strides[below(4)];
    if (below(2)) {
      load.yPad0 = below(4) ? below(3) : below(16);
      load.yPad1 = below(3);
      load.xPad0 = below(3);
      load.xPad1 = below(4) ? below(3) : below(16);
    }
    const uint64_t total =
        uint64_t{load.yPad0 + load.ySize + load.yPad1} * (load.xPad0 + load.xSize + load.xPad1);
    if (load.xSize != 0 && load.ySize != 0 && total > depth)
      continue;
    load.sramBase = total < depth ? below(static_cast<uint32_t>(depth - total)) : 0;
    load.dramBase = kSource / bytes + below((kSourceBytes / 2) / bytes);
    return load;
  }
}

/// Does what the load means to the view of the scratchpad.
void apply(const isa::Load &load, const isa::MachineConfig &machine, int padValue,
           const std::vector<uint8_t> &dram, std::vector<uint8_t> &view) {
  if (load.xSize == 0 || load.ySize == 0)
    return;
  const std::size_t bytes = machine.dramElementBytes(load.memoryType);
  const bool valued =
      load.viaLoad && (load.memoryType == MemoryType::Inp || load.memoryType == MemoryType::Acc8bit);
  std::size_t at = load.sramBase * bytes;
  auto put = [&](uint8_t byte) { view[at++ % view.size()] = byte; };
  auto fill = [&](std::size_t elements) {
    for (std::size_t k = 0; k < elements * bytes; ++k)
      put(valued ? static_cast<uint8_t>(padValue) : 0);
  };
  const std::size_t columns = load.xPad0 + load.xSize + load.xPad1;
  fill(load.yPad0 * columns);
  for (std::size_t y = 0; y < load.ySize; ++y) {
    fill(load.xPad0);
    for (std::size_t k = 0; k < load.xSize * bytes; ++k)
      put(dram[(load.dramBase + y * load.xStride) * bytes + k]);
    fill(load.xPad1);
  }
  fill(load.yPad1 * columns);
}

/// Does nothing but its tokens, in compute.
isa::Load sync(isa::Dependencies dependencies) {
  isa::Load load;
  load.dependencies = dependencies;
  load.memoryType = MemoryType::Uop;
  return load;
}

class DmaTest : public testing::TestWithParam<int> {};

TEST_P(DmaTest, RandomLoadsAndStoresMoveTheRightBytes) {
  const Setting &setting = kSettings[GetParam()];
  for (uint32_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(std::string(setting.machine) + " seed " + std::to_string(seed));
    std::mt19937 random(seed);
    CoreHarness core(setting.library, setting.machine,
                     seed % 4 == 0 ? "bench" : "chaos,seed=" + std::to_string(seed), kDramBytes);
    ASSERT_NE(core.model, nullptr);
    const isa::MachineConfig &machine = core.machine();
    for (uint8_t &byte : core.dram)
      byte = static_cast<uint8_t>(random());
    const uint32_t outBytes = machine.dramElementBytes(MemoryType::Out);
    std::vector<uint8_t> view(std::size_t{machine.accDepth} * outBytes);
    std::vector<isa::Instruction> program;
    int padValue = 0;

    std::vector<uint8_t> expected = core.dram;
    uint32_t target = kTarget;
    for (int phase = 0; phase < 4; ++phase) {
      const bool viaLoad = random() % 3 != 0;
      const unsigned loads = 1 + random() % 6;
      for (unsigned k = 0; k < loads; ++k) {
        isa::Load load = randomLoad(random, machine, viaLoad);
        if (viaLoad && random() % 3 == 0) {
          isa::SetPad set;
          set.value = padValue = static_cast<int8_t>(random());
          set.dependencies.popNext = k == 0 && phase != 0;
          program.push_back(set);
        } else {
          load.dependencies.popNext = viaLoad && k == 0 && phase != 0;
        }
        load.dependencies.pushNext = viaLoad && k + 1 == loads;
        if (!viaLoad)
          load.dependencies = {};
        program.push_back(load);
        apply(load, machine, padValue, core.dram, view);
      }
      program.push_back(sync({viaLoad, false, false, true}));
      if (!viaLoad && phase != 0) // the token that the last phase gave to load
        program.push_back(isa::SetPad{{false, true, false, false}, padValue});
      const unsigned stores = 1 + random() % 4;
      for (unsigned k = 0; k < stores; ++k) {
        isa::Store store;
        store.memoryType = MemoryType::Out;
        store.dependencies.popPrev = k == 0;
        store.dependencies.pushPrev = k + 1 == stores;
        store.ySize = random() % 6;
        store.xSize = k == 0 && phase == 3 ? 200 : random() % 90;
        store.xStride = store.xSize + (random() % 2 ? 0 : random() % 20);
        store.sramBase = random() % (machine.accDepth - store.ySize * store.xSize + 1);
        store.dramBase = target / outBytes + random() % 7;
        for (std::size_t y = 0; y < store.ySize; ++y)
          for (std::size_t k2 = 0; k2 < store.xSize * outBytes; ++k2)
            expected[(store.dramBase + y * store.xStride) * outBytes + k2] =
                view[(store.sramBase + y * store.xSize) * outBytes + k2];
        target += 0x10000;
        program.push_back(store);
      }
      program.push_back(sync({false, true, true, false}));
    }
    program.push_back(isa::Finish{});
    core.program(program);
    for (std::size_t k = 0; k < program.size() * 16; ++k) // the program lies in DRAM too
      expected[CoreHarness::kProgram + k] = core.dram[CoreHarness::kProgram + k];
    Ending ending = core.launch();
    ASSERT_EQ(ending.result, uint32_t{kTsrCycleDone});
    ASSERT_EQ(ending.control, 2u) << "code " << ending.code << " index " << ending.index;
    ASSERT_TRUE(core.dram == expected)
        << "first difference at byte "
        << std::mismatch(core.dram.begin(), core.dram.end(), expected.begin()).first - core.dram.begin();
  }
}

TEST_P(DmaTest, ShortRowsKeepSixteenReadsOutstanding) {
  const Setting &setting = kSettings[GetParam()];
  CoreHarness core(setting.library, setting.machine, "bench,latency=400,outstanding=64", kDramBytes);
  ASSERT_NE(core.model, nullptr);
  isa::Load load;
  load.memoryType = MemoryType::Inp;
  load.ySize = 160;
  load.xSize = 1;
  load.xStride = 3;
  core.program({load, isa::Finish{}});
  Ending ending = core.launch();
  EXPECT_EQ(ending.control, 2u);
  EXPECT_GE(ending.cycles, 4000u); // ten rounds of sixteen
  EXPECT_LE(ending.cycles, 4000u + 400 + 400);
}

INSTANTIATE_TEST_SUITE_P(Machines, DmaTest, testing::Range(0, 4));

} // namespace
