// The order that level vta's instructions come in: what a result still needs stands behind the next GEMM, unless that one takes its place.
#include "core/expand_vta.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tessera::compiler::npu::test {
namespace {

Target vtaTarget() {
  isa::MachineConfig config = *isa::loadMachine("pynq");
  config.level = isa::Level::Vta;
  return Target(config);
}

// A block of 10 results that 9 taps are summed up for, and its store.
std::vector<Command> block(uint32_t dst) {
  Command reduce;
  reduce.kind = Command::Kind::Reduce;
  reduce.kernel = {{{10, 1, 1, 0}, {9, 0, 1, 1}}, 1};
  reduce.init = isa::ReduceInit::Bias;
  reduce.dstBase = dst;
  reduce.exit.shift = 5;
  Command store;
  store.kind = Command::Kind::Store;
  store.memory = MemoryType::Out;
  store.sramBase = dst;
  store.columns = store.stride = 10;
  return {reduce, store};
}

std::vector<Command> expanded(std::initializer_list<uint32_t> blocks) {
  std::vector<Command> commands;
  for (uint32_t dst : blocks)
    for (const Command &command : block(dst))
      commands.push_back(command);
  expandForVta(vtaTarget(), 0, commands);
  return commands;
}

template <class Is> size_t placeOf(const std::vector<Command> &commands, Is is) {
  return size_t(std::find_if(commands.begin(), commands.end(), is) - commands.begin());
}
size_t storeOf(const std::vector<Command> &commands, uint32_t dst) {
  return placeOf(commands,
                 [&](const Command &c) { return c.kind == Command::Kind::Store && c.sramBase == dst; });
}
size_t sumOf(const std::vector<Command> &commands, uint32_t dst) {
  return placeOf(commands, [&](const Command &c) {
    return c.kind == Command::Kind::Gemm && !c.reset && c.dstBase == dst;
  });
}

TEST(ExpandVtaTest, ExitAndStoreStandBehindTheNextGemm) {
  const std::vector<Command> commands = expanded({0, 100, 200});
  EXPECT_LT(sumOf(commands, 100), storeOf(commands, 0));
  EXPECT_LT(storeOf(commands, 0), sumOf(commands, 200));
  EXPECT_EQ(storeOf(commands, 200), commands.size() - 1);
  for (uint32_t dst : {0u, 100u, 200u}) {
    const size_t clamp = placeOf(commands, [&](const Command &c) {
      return c.kind == Command::Kind::Alu && c.op == uint32_t(isa::AluOpcode::Shr) && c.dstBase == dst;
    });
    EXPECT_GT(clamp, sumOf(commands, dst));
    EXPECT_LT(clamp, storeOf(commands, dst));
  }
  // The array clears what it begins with, and the vector unit the rest, beside it.
  EXPECT_EQ(std::count_if(commands.begin(), commands.end(), [](const Command &c) { return c.reset; }), 1);
}

TEST(ExpandVtaTest, WhatTakesTheSamePlaceWaitsForTheStore) {
  const std::vector<Command> commands = expanded({0, 5});
  const size_t second = placeOf(commands, [](const Command &c) { return c.dstBase == 5; });
  EXPECT_LT(storeOf(commands, 0), second);
}

} // namespace
} // namespace tessera::compiler::npu::test
