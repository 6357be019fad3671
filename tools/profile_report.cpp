#include "profile_report.h"

#include "report.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <numeric>

namespace tessera::tools {

using compiler::ProfileRow;
using isa::Error;
using isa::Expected;

namespace {

constexpr size_t kNameWidth = 28;

uint64_t sumOf(const ProfileRow &row) {
  return std::accumulate(row.classes.begin(), row.classes.end(), uint64_t{0});
}

void add(ProfileRow &total, const ProfileRow &row) {
  total.layers += row.layers;
  total.macs += row.macs;
  total.cycles += row.cycles;
  for (size_t c = 0; c < row.classes.size(); ++c)
    total.classes[c] += row.classes[c];
  total.readBytes += row.readBytes;
  total.writtenBytes += row.writtenBytes;
  total.instructionBytes += row.instructionBytes;
  total.leastBytes += row.leastBytes;
}

double share(uint64_t part, uint64_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string nameOf(const ProfileRow &row) {
  std::string name = row.name;
  const std::string more = row.layers > 1 ? " +" + std::to_string(row.layers - 1) : "";
  const size_t room = kNameWidth - more.size();
  if (name.size() > room)
    name = "..." + name.substr(name.size() - (room - 3));
  return name + more;
}

void printRow(const ProfileRow &row, const std::string &name, uint32_t macsPerCycle) {
  std::printf("%-*s %11s", static_cast<int>(kNameWidth), name.c_str(), grouped(row.cycles).c_str());
  if (row.macs)
    std::printf(" %5.1f", 100 * share(row.macs, row.cycles * macsPerCycle));
  else
    std::printf(" %5s", "");
  for (uint64_t cycles : row.classes)
    std::printf(" %5.1f", 100 * share(cycles, row.cycles));
  std::printf(" %11s %11s\n", grouped(movedBytes(row)).c_str(), grouped(row.leastBytes).c_str());
}

nlohmann::ordered_json rowJson(const ProfileRow &row, uint32_t macsPerCycle) {
  nlohmann::ordered_json classes;
  for (size_t c = 0; c < row.classes.size(); ++c)
    classes[compiler::kCycleClasses[c]] = row.classes[c];
  return {{"name", row.name},
          {"op", row.op},
          {"layers", row.layers},
          {"segment", row.segment},
          {"macs", row.macs},
          {"cycles", row.cycles},
          {"utilization", share(row.macs, row.cycles * macsPerCycle)},
          {"classes", classes},
          {"read_bytes", row.readBytes},
          {"written_bytes", row.writtenBytes},
          {"instruction_bytes", row.instructionBytes},
          {"moved_bytes", movedBytes(row)},
          {"least_bytes", row.leastBytes}};
}

} // namespace

uint64_t movedBytes(const ProfileRow &row) { return row.readBytes + row.writtenBytes + row.instructionBytes; }

Expected<Profile> profileOf(const compiler::Session &session, const std::string &device,
                            const std::string &memory) {
  auto rows = session.profile();
  if (!rows)
    return rows.error();
  const compiler::RunReport report = session.report();
  Profile profile{session.modelName(), device, memory,        session.machine(), std::move(*rows), {},
                  report.cycles,       0,      report.borders};
  for (const ProfileRow &row : profile.rows) {
    if (sumOf(row) != row.cycles)
      return Error{"the classes of " + row.name + " add up to " + std::to_string(sumOf(row)) + " cycles of " +
                   std::to_string(row.cycles)};
    add(profile.total, row);
  }
  profile.hostLayers = report.layers.size() - profile.total.layers;
  if (profile.total.cycles != profile.cycles)
    return Error{"the layers add up to " + std::to_string(profile.total.cycles) + " cycles of " +
                 std::to_string(profile.cycles)};
  return profile;
}

void printProfile(const Profile &profile) {
  const uint32_t macsPerCycle = profile.machine.macsPerCycle();
  std::printf("%s on %s (%s%s%s): per cent of the cycles, bytes\n", profile.model.c_str(),
              profile.machine.name.c_str(), profile.device.c_str(), profile.memory.empty() ? "" : ", memory ",
              profile.memory.c_str());
  std::printf("%-*s %11s %5s %5s %5s %5s %5s %5s %5s %5s %11s %11s\n", static_cast<int>(kNameWidth), "layer",
              "cycles", "util", "array", "vec", "load", "store", "token", "insn", "pipe", "moved", "least");
  for (const ProfileRow &row : profile.rows)
    if (row.cycles || row.layers)
      printRow(row, nameOf(row), macsPerCycle);
  printRow(profile.total, "total", macsPerCycle);
  if (profile.hostLayers)
    std::printf("%zu layers more are on the CPU or part of others\n", profile.hostLayers);
  std::printf("between host and device: %s bytes converted, %s copied, %s used where they lie\n",
              grouped(profile.borders.converted).c_str(), grouped(profile.borders.copied).c_str(),
              grouped(profile.borders.shared).c_str());
}

std::string profileJson(const Profile &profile) {
  const uint32_t macsPerCycle = profile.machine.macsPerCycle();
  char hash[20];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(profile.machine.hash()));
  nlohmann::ordered_json document = {{"model", profile.model},
                                     {"machine", profile.machine.name},
                                     {"config_hash", hash},
                                     {"device", profile.device},
                                     {"memory", profile.memory},
                                     {"macs_per_cycle", macsPerCycle},
                                     {"bus_bytes_per_cycle", profile.machine.busBits / 8},
                                     {"cycles", profile.cycles},
                                     {"host_layers", profile.hostLayers},
                                     {"borders",
                                      {{"converted_bytes", profile.borders.converted},
                                       {"copied_bytes", profile.borders.copied},
                                       {"shared_bytes", profile.borders.shared}}},
                                     {"total", rowJson(profile.total, macsPerCycle)},
                                     {"layers", nlohmann::ordered_json::array()}};
  for (const ProfileRow &row : profile.rows)
    document["layers"].push_back(rowJson(row, macsPerCycle));
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

} // namespace tessera::tools
