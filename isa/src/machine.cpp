#include "tessera/isa/machine.h"

#include "tessera/isa/encoding.h"

#include <bit>

namespace tessera::isa {
namespace {

constexpr const char *kMemoryNames[] = {"uop", "wgt", "inp", "acc", "out", "acc_8bit", "par"};
constexpr const char *kFeatureNames[kFeatureCount] = {
    "requantise", "requantise_onnx", "pad_value", "depthwise", "pool", "rescaled_add", "chain"};

uint32_t indexBits(uint32_t depth) {
  return depth <= 2 ? 1 : static_cast<uint32_t>(std::bit_width(depth - 1));
}

std::string positionText(FieldPosition position) {
  return std::to_string(position.lsb) + ":" + std::to_string(position.width);
}

} // namespace

const char *memoryName(MemoryType type) {
  auto value = static_cast<size_t>(type);
  return value < std::size(kMemoryNames) ? kMemoryNames[value] : "reserved";
}

const char *featureName(Feature feature) {
  auto value = static_cast<size_t>(feature);
  return value < kFeatureCount ? kFeatureNames[value] : "unknown";
}

uint32_t MachineConfig::uopIndexBits() const { return indexBits(uopDepth); }
uint32_t MachineConfig::inpIndexBits() const { return indexBits(inpDepth); }
uint32_t MachineConfig::wgtIndexBits() const { return indexBits(wgtDepth); }
uint32_t MachineConfig::accIndexBits() const { return indexBits(accDepth); }
uint32_t MachineConfig::parIndexBits() const { return indexBits(parDepth); }
uint32_t MachineConfig::tapBits() const { return indexBits(depthwiseTaps); }

uint32_t MachineConfig::depth(MemoryType type) const {
  switch (type) {
  case MemoryType::Uop:
    return uopDepth;
  case MemoryType::Wgt:
    return wgtDepth;
  case MemoryType::Inp:
    return inpDepth;
  case MemoryType::Acc:
  case MemoryType::Out:
  case MemoryType::Acc8bit:
    return accDepth;
  case MemoryType::Par:
    return parDepth;
  }
  return 0;
}

uint32_t MachineConfig::dramElementBytes(MemoryType type) const {
  switch (type) {
  case MemoryType::Uop:
    return 4;
  case MemoryType::Wgt:
    return blockIn * blockOut;
  case MemoryType::Inp:
    return batch * blockIn;
  case MemoryType::Acc:
    return 4 * batch * blockOut;
  case MemoryType::Out:
  case MemoryType::Acc8bit:
    return batch * blockOut;
  case MemoryType::Par:
    return 12 * blockOut;
  }
  return 0;
}

std::string MachineConfig::canonicalText() const {
  std::string text =
      "tessera configuration " + std::to_string(kVersionMajor) + "." + std::to_string(kVersionMinor);
  text += std::string("\nlevel=") + (level == Level::Vta ? "vta" : "tessera") + "\n";
  const std::pair<const char *, uint32_t> numbers[] = {
      {"batch", batch},         {"block_in", blockIn},
      {"block_out", blockOut},  {"bus_bits", busBits},
      {"uop_depth", uopDepth},  {"inp_depth", inpDepth},
      {"wgt_depth", wgtDepth},  {"acc_depth", accDepth},
      {"par_depth", parDepth},  {"depthwise_taps", depthwiseTaps},
      {"input_bits", 8},        {"weight_bits", 8},
      {"accumulator_bits", 32}, {"address_bits", 32}};
  for (const auto &[key, value] : numbers)
    text += std::string(key) + "=" + std::to_string(value) + "\n";
  text += "features=";
  const char *separator = "";
  for (uint32_t bit = 0; bit < kFeatureCount; ++bit)
    if (features >> bit & 1) {
      text += std::string(separator) + kFeatureNames[bit];
      separator = ",";
    }
  text += "\n";
  Layout layout(*this);
  for (size_t i = 0; i < instructionTable().size(); ++i) {
    text += std::string(instructionTable()[i].name) + "=";
    separator = "";
    for (size_t f = 0; f < instructionTable()[i].fields.size(); ++f)
      if (layout.position(i, f).width) {
        text += separator + positionText(layout.position(i, f));
        separator = ",";
      }
    text += "\n";
  }
  text += "micro_op=";
  for (size_t f = 0; f < kMicroOpFields; ++f)
    text += (f ? "," : "") + positionText(layout.microOpPosition(f));
  return text + "\n";
}

uint64_t MachineConfig::hash() const {
  uint64_t value = 0xcbf29ce484222325;
  for (unsigned char byte : canonicalText())
    value = (value ^ byte) * 0x100000001b3;
  return value;
}

} // namespace tessera::isa
