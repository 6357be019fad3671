#include "info.h"

#include <cstdio>

namespace tessera::tools {

using isa::MachineConfig;
using isa::MemoryType;

void printMachine(const MachineConfig &m) {
  std::printf("machine %s: %s\n", m.name.c_str(), m.description.c_str());
  std::printf("  level %s, configuration hash %016llx\n", m.level == isa::Level::Vta ? "vta" : "tessera",
              static_cast<unsigned long long>(m.hash()));
  std::printf("  array %u x %u x %u: %u multiply-accumulates a cycle, %u depthwise taps\n", m.batch,
              m.blockIn, m.blockOut, m.macsPerCycle(), m.depthwiseTaps);
  std::printf("  bus %u bits\n", m.busBits);
  std::printf("  %-8s %9s %14s %11s %10s\n", "memory", "elements", "element bytes", "KiB", "index bits");
  struct Row {
    MemoryType type;
    uint32_t bits;
  };
  const Row rows[] = {{MemoryType::Uop, m.uopIndexBits()}, {MemoryType::Inp, m.inpIndexBits()},
                      {MemoryType::Wgt, m.wgtIndexBits()}, {MemoryType::Acc, m.accIndexBits()},
                      {MemoryType::Out, m.accIndexBits()}, {MemoryType::Par, m.parIndexBits()}};
  for (const Row &row : rows) {
    uint32_t depth = m.depth(row.type), bytes = m.dramElementBytes(row.type);
    std::printf("  %-8s %9u %14u %11.1f %10u\n", isa::memoryName(row.type), depth, bytes,
                static_cast<double>(depth) * bytes / 1024, row.bits);
  }
  std::printf("  features:");
  for (uint32_t bit = 0; bit < isa::kFeatureCount; ++bit)
    if (m.has(static_cast<isa::Feature>(bit)))
      std::printf(" %s", isa::featureName(static_cast<isa::Feature>(bit)));
  std::printf("%s\n", m.features ? "" : " none");
}

} // namespace tessera::tools
