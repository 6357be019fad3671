#include "commands.h"
#include "info.h"

#include "tessera/isa/json.h"

#include <cstdio>

namespace tessera::tools {

/// The files hw_rtl/synth/*.json, one after the other (made by CMake).
extern const char *const kAreaTables[];
extern const unsigned kAreaTableCount;

namespace {

/// What a chip has; DSP48, RAMB36, LUT.
struct Chip {
  const char *machine;
  const char *name;
  uint32_t dsp, bram36, lut;
};
constexpr Chip kChips[] = {{"pynq", "xc7z020", 220, 140, 53200},
                           {"tiny", "xc7z020", 220, 140, 53200},
                           {"ultra96", "xczu3eg", 360, 216, 70560},
                           {"zcu104", "xczu7ev", 1728, 312, 230400}};

double numberOf(const isa::json::Value &table, const char *key) {
  const isa::json::Value *value = table.find(key);
  return value ? value->real : 0;
}

void printLine(const char *what, double used, uint32_t available) {
  std::printf("  %-8s %10.1f", what, used);
  if (available)
    std::printf(" of %6u  %5.1f %%%s", available, 100 * used / available,
                used > available ? "  does not fit" : "");
  std::printf("\n");
}

void printTable(const isa::json::Value &table, const std::string &machine) {
  const Chip *chip = nullptr;
  for (const Chip &known : kChips)
    if (machine == known.machine)
      chip = &known;
  std::printf("machine %s on %s (Yosys, before place and route)\n", machine.c_str(),
              chip ? chip->name : "its family");
  printLine("DSP48", numberOf(table, "dsp"), chip ? chip->dsp : 0);
  printLine("RAMB36", numberOf(table, "bram36"), chip ? chip->bram36 : 0);
  printLine("LUT", numberOf(table, "lut"), chip ? chip->lut : 0);
  printLine("FF", numberOf(table, "ff"), chip ? 2 * chip->lut : 0);
  auto current = isa::loadMachine(machine);
  const isa::json::Value *hash = table.find("config_hash");
  char text[20];
  std::snprintf(text, sizeof text, "%016llx",
                current ? static_cast<unsigned long long>(current->hash()) : 0ULL);
  if (current && hash && hash->string != text)
    std::printf("  made for configuration %s; the machine is now %s\n", hash->string.c_str(), text);
}

} // namespace

int printArea(const std::string &machine) {
  bool found = false;
  for (unsigned i = 0; i < kAreaTableCount; ++i) {
    auto table = isa::json::parse(kAreaTables[i]);
    if (!table)
      return fail("area table: " + table.error().message);
    const isa::json::Value *name = table->find("machine");
    if (!name || (!machine.empty() && name->string != machine))
      continue;
    printTable(*table, name->string);
    found = true;
  }
  if (!found)
    return fail("no area figures" + (machine.empty() ? std::string() : " for machine " + machine) +
                ": hw_rtl/synth/area.py makes them");
  return 0;
}

} // namespace tessera::tools
