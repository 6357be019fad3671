#include "info.h"

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

const Chip *chipOf(const std::string &machine) {
  for (const Chip &chip : kChips)
    if (machine == chip.machine)
      return &chip;
  return nullptr;
}

Facts areaOf(const Facts &table, const std::string &machine) {
  const Chip *chip = chipOf(machine);
  auto current = isa::loadMachine(machine);
  std::string madeFor = table.value("config_hash", std::string());
  Facts area = {{"machine", machine},
                {"chip", chip ? Facts(chip->name) : Facts()},
                {"made_for", madeFor},
                {"current", current && machineFacts(*current)["config_hash"] == madeFor}};
  auto add = [&](const char *name, const char *key, uint32_t available) {
    area[name] = {{"used", table.value(key, 0.0)}, {"available", chip ? Facts(available) : Facts()}};
  };
  add("dsp48", "dsp", chip ? chip->dsp : 0);
  add("ramb36", "bram36", chip ? chip->bram36 : 0);
  add("lut", "lut", chip ? chip->lut : 0);
  add("ff", "ff", chip ? 2 * chip->lut : 0);
  return area;
}

void printLine(const char *what, const Facts &line) {
  double used = line["used"].get<double>();
  std::printf("  %-8s %10.1f", what, used);
  if (!line["available"].is_null()) {
    unsigned available = line["available"].get<unsigned>();
    std::printf(" of %6u  %5.1f %%%s", available, 100 * used / available,
                used > available ? "  does not fit" : "");
  }
  std::printf("\n");
}

} // namespace

isa::Expected<Facts> areaFacts(const std::string &machine) {
  Facts areas = Facts::array();
  for (unsigned i = 0; i < kAreaTableCount; ++i) {
    Facts table = Facts::parse(kAreaTables[i], nullptr, false);
    std::string name = table.is_object() ? table.value("machine", std::string()) : std::string();
    if (!name.empty() && (machine.empty() || name == machine))
      areas.push_back(areaOf(table, name));
  }
  if (areas.empty())
    return isa::Error{"no area figures" + (machine.empty() ? std::string() : " for machine " + machine) +
                      ": hw_rtl/synth/area.py makes them"};
  return Facts{{"areas", areas}};
}

void printArea(const Facts &facts) {
  for (const Facts &area : facts["areas"]) {
    std::printf("machine %s on %s (Yosys, before place and route)\n",
                area["machine"].get<std::string>().c_str(),
                area["chip"].is_null() ? "its family" : area["chip"].get<std::string>().c_str());
    printLine("DSP48", area["dsp48"]);
    printLine("RAMB36", area["ramb36"]);
    printLine("LUT", area["lut"]);
    printLine("FF", area["ff"]);
    if (!area["current"].get<bool>())
      std::printf("  made for configuration %s, which is not the machine's today\n",
                  area["made_for"].get<std::string>().c_str());
  }
}

} // namespace tessera::tools
