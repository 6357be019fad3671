// Reading and validating machine files.
#include "embedded_machines.h"
#include "tessera/isa/encoding.h"
#include "tessera/isa/json.h"

#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace tessera::isa {
namespace {

struct NumberKey {
  const char *key;
  uint32_t MachineConfig::*member; ///< null: the value must be `least`
  uint32_t least, greatest;
};

// Limits follow from the fields that hold the numbers: 16-bit scratchpad addresses, 8-bit slice numbers of the core's
// internal write port, and what an AXI data bus may be.
constexpr NumberKey kNumbers[] = {
    {"batch", &MachineConfig::batch, 1, 16},
    {"block_in", &MachineConfig::blockIn, 1, 128},
    {"block_out", &MachineConfig::blockOut, 1, 128},
    {"bus_bits", &MachineConfig::busBits, 32, 512},
    {"uop_depth", &MachineConfig::uopDepth, 2, 32768},
    {"inp_depth", &MachineConfig::inpDepth, 2, 32768},
    {"wgt_depth", &MachineConfig::wgtDepth, 2, 32768},
    {"acc_depth", &MachineConfig::accDepth, 2, 32768},
    {"par_depth", &MachineConfig::parDepth, 1, 32768},
    {"depthwise_taps", &MachineConfig::depthwiseTaps, 1, 128},
    {"input_bits", nullptr, 8, 8},
    {"weight_bits", nullptr, 8, 8},
    {"accumulator_bits", nullptr, 32, 32},
    {"address_bits", nullptr, 32, 32},
};
constexpr uint32_t kMaxSlices = 256;

std::string both(const char *key, int64_t value, const char *relation, uint64_t limit) {
  return std::string(key) + " " + std::to_string(value) + " " + relation + " " + std::to_string(limit);
}

Expected<void> readNumber(const NumberKey &number, const json::Value &value, MachineConfig &machine) {
  if (value.kind != json::Value::Kind::Integer)
    return Error{std::string(number.key) + " is not a whole number"};
  if (number.least == number.greatest && value.integer != number.least)
    return Error{both(number.key, value.integer, "is not supported, only", number.least)};
  if (value.integer < number.least)
    return Error{both(number.key, value.integer, "is below", number.least)};
  if (value.integer > number.greatest)
    return Error{both(number.key, value.integer, "exceeds", number.greatest)};
  if (!number.member)
    return {};
  if (number.member != &MachineConfig::depthwiseTaps &&
      !std::has_single_bit(static_cast<uint64_t>(value.integer)))
    return Error{std::string(number.key) + " " + std::to_string(value.integer) + " is not a power of two"};
  machine.*number.member = static_cast<uint32_t>(value.integer);
  return {};
}

Expected<void> readFeatures(const json::Value &value, MachineConfig &machine) {
  if (value.kind != json::Value::Kind::Array)
    return Error{"features is not a list"};
  for (const json::Value &item : value.items) {
    uint32_t bit = 0;
    while (bit < kFeatureCount && item.string != featureName(static_cast<Feature>(bit)))
      ++bit;
    if (item.kind != json::Value::Kind::String || bit == kFeatureCount)
      return Error{"unknown feature \"" + item.string + "\""};
    if (machine.features >> bit & 1)
      return Error{"feature \"" + item.string + "\" appears twice"};
    machine.features |= 1u << bit;
  }
  return {};
}

Expected<void> readKey(const std::string &key, const json::Value &value, MachineConfig &machine) {
  for (const NumberKey &number : kNumbers)
    if (key == number.key)
      return readNumber(number, value, machine);
  if (key == "features")
    return readFeatures(value, machine);
  if (value.kind != json::Value::Kind::String)
    return Error{key == "name" || key == "description" || key == "level" ? key + " is not a string"
                                                                         : "unknown key \"" + key + "\""};
  if (key == "name")
    machine.name = value.string;
  else if (key == "description")
    machine.description = value.string;
  else if (key == "level" && value.string == "vta")
    machine.level = Level::Vta;
  else if (key == "level" && value.string == "tessera")
    machine.level = Level::Tessera;
  else if (key == "level")
    return Error{"level \"" + value.string + "\" is neither vta nor tessera"};
  else
    return Error{"unknown key \"" + key + "\""};
  return {};
}

/// Relations between the numbers.
Expected<void> checkRelations(const MachineConfig &machine) {
  if (machine.blockOut < machine.blockIn)
    return Error{both("block_out", machine.blockOut, "is below block_in", machine.blockIn)};
  if (machine.batch > 1 && machine.blockIn != machine.blockOut)
    return Error{both("batch", machine.batch, "needs block_in equal to block_out, not", machine.blockIn) +
                 " and " + std::to_string(machine.blockOut)};
  if (machine.depthwiseTaps > machine.blockIn)
    return Error{both("depthwise_taps", machine.depthwiseTaps, "exceeds block_in", machine.blockIn)};
  if (!std::has_single_bit(machine.depthwiseTaps))
    return Error{"depthwise_taps " + std::to_string(machine.depthwiseTaps) + " is not a power of two"};
  if (machine.dramElementBytes(MemoryType::Inp) < machine.busBytes())
    return Error{both("inp element of", machine.dramElementBytes(MemoryType::Inp),
                      "bytes is smaller than the bus of", machine.busBytes()) +
                 " bytes"};
  for (MemoryType type : {MemoryType::Wgt, MemoryType::Acc, MemoryType::Par}) {
    uint32_t slices = machine.dramElementBytes(type) / machine.busBytes();
    if (slices > kMaxSlices)
      return Error{std::string(memoryName(type)) +
                   both(" element of", slices, "bus beats exceeds", kMaxSlices)};
  }
  if (machine.level == Level::Vta && machine.features)
    return Error{"level vta has no features, but the machine lists some"};
  return Layout::checkFits(machine);
}

Expected<MachineConfig> readMachine(std::string_view text) {
  Expected<json::Value> root = json::parse(text);
  if (!root)
    return root.error();
  if (root->kind != json::Value::Kind::Object)
    return Error{"the machine is not a JSON object"};
  MachineConfig machine;
  for (size_t i = 0; i < root->keys.size(); ++i)
    if (Expected<void> read = readKey(root->keys[i], root->items[i], machine); !read)
      return read.error();
  for (const char *key : {"name", "description", "level", "features"})
    if (!root->find(key))
      return Error{std::string("missing key \"") + key + "\""};
  for (const NumberKey &number : kNumbers)
    if (!root->find(number.key))
      return Error{std::string("missing key \"") + number.key + "\""};
  if (Expected<void> sound = checkRelations(machine); !sound)
    return sound.error();
  return machine;
}

} // namespace

Expected<MachineConfig> parseMachine(std::string_view text, const std::string &origin) {
  Expected<MachineConfig> machine = readMachine(text);
  if (!machine)
    return Error{origin + ": " + machine.error().message};
  return machine;
}

Expected<MachineConfig> loadMachine(const std::string &nameOrPath) {
  if (nameOrPath.find('/') != std::string::npos || nameOrPath.ends_with(".json")) {
    std::ifstream file(nameOrPath, std::ios::binary);
    std::ostringstream text;
    if (file && file.peek() == std::ifstream::traits_type::eof() && !file.bad())
      return Error{nameOrPath + ": the machine file is empty"};
    if (!file || !(text << file.rdbuf()))
      return Error{nameOrPath + ": cannot read the machine file: " + std::strerror(errno ? errno : EIO)};
    return parseMachine(text.str(), nameOrPath);
  }
  for (size_t i = 0; i < kEmbeddedMachineCount; ++i)
    if (nameOrPath == kEmbeddedMachines[i].name)
      return parseMachine(kEmbeddedMachines[i].text, nameOrPath);
  std::string known;
  for (const std::string &name : machineNames())
    known += (known.empty() ? "" : ", ") + name;
  return Error{"no machine is named \"" + nameOrPath + "\"; there are " + known};
}

std::vector<std::string> machineNames() {
  std::vector<std::string> names;
  for (size_t i = 0; i < kEmbeddedMachineCount; ++i)
    names.emplace_back(kEmbeddedMachines[i].name);
  return names;
}

} // namespace tessera::isa
