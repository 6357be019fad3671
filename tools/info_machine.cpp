#include "info.h"

#include <cstdio>

namespace tessera::tools {

using isa::MachineConfig;
using isa::MemoryType;

Facts machineFacts(const MachineConfig &m) {
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(m.hash()));
  Facts facts = {{"name", m.name},
                 {"description", m.description},
                 {"level", m.level == isa::Level::Vta ? "vta" : "tessera"},
                 {"config_hash", hash},
                 {"batch", m.batch},
                 {"block_in", m.blockIn},
                 {"block_out", m.blockOut},
                 {"macs_per_cycle", m.macsPerCycle()},
                 {"depthwise_taps", m.depthwiseTaps},
                 {"bus_bits", m.busBits},
                 {"memories", Facts::array()},
                 {"features", Facts::array()}};
  struct Row {
    MemoryType type;
    uint32_t bits;
  };
  const Row rows[] = {{MemoryType::Uop, m.uopIndexBits()}, {MemoryType::Inp, m.inpIndexBits()},
                      {MemoryType::Wgt, m.wgtIndexBits()}, {MemoryType::Acc, m.accIndexBits()},
                      {MemoryType::Out, m.accIndexBits()}, {MemoryType::Par, m.parIndexBits()}};
  for (const Row &row : rows)
    facts["memories"].push_back({{"name", isa::memoryName(row.type)},
                                 {"elements", m.depth(row.type)},
                                 {"element_bytes", m.dramElementBytes(row.type)},
                                 {"index_bits", row.bits}});
  for (uint32_t bit = 0; bit < isa::kFeatureCount; ++bit)
    if (m.has(static_cast<isa::Feature>(bit)))
      facts["features"].push_back(isa::featureName(static_cast<isa::Feature>(bit)));
  return facts;
}

void printMachine(const Facts &m) {
  auto text = [](const Facts &value) { return value.get<std::string>(); };
  auto number = [](const Facts &value) { return value.get<unsigned>(); };
  std::printf("machine %s: %s\n", text(m["name"]).c_str(), text(m["description"]).c_str());
  std::printf("  level %s, configuration hash %s\n", text(m["level"]).c_str(),
              text(m["config_hash"]).c_str());
  std::printf("  array %u x %u x %u: %u multiply-accumulates a cycle, %u depthwise taps\n",
              number(m["batch"]), number(m["block_in"]), number(m["block_out"]), number(m["macs_per_cycle"]),
              number(m["depthwise_taps"]));
  std::printf("  bus %u bits\n", number(m["bus_bits"]));
  std::printf("  %-8s %9s %14s %11s %10s\n", "memory", "elements", "element bytes", "KiB", "index bits");
  for (const Facts &memory : m["memories"]) {
    unsigned elements = number(memory["elements"]), bytes = number(memory["element_bytes"]);
    std::printf("  %-8s %9u %14u %11.1f %10u\n", text(memory["name"]).c_str(), elements, bytes,
                static_cast<double>(elements) * bytes / 1024, number(memory["index_bits"]));
  }
  std::printf("  features:");
  for (const Facts &feature : m["features"])
    std::printf(" %s", text(feature).c_str());
  std::printf("%s\n", m["features"].empty() ? " none" : "");
}

} // namespace tessera::tools
