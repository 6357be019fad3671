// The machine configuration: the one query class for all hardware facts. It comes from a JSON file a machine
// (isa/machines/*.json, compiled into the library under their names), is validated on loading, and derives every other number.
// Units: depths count elements of the memory, sizes are bytes where the name says so, buses are bits.
#pragma once

#include "tessera/isa/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::isa {

enum class Level : uint8_t { Vta, Tessera };

/// Memory types of LOAD and STORE; the values stand in isa/encoding.json too (a test compares them).
enum class MemoryType : uint8_t { Uop = 0, Wgt = 1, Inp = 2, Acc = 3, Out = 4, Acc8bit = 5, Par = 6 };

/// Optional abilities; the value is the bit in MachineConfig::features and in the features register.
enum class Feature : uint8_t { Requantise, RequantiseOnnx, PadValue, Depthwise, Pool, RescaledAdd, Chain };
inline constexpr uint32_t kFeatureCount = 7;

/// `uop`, `wgt`, `inp`, `acc`, `out`, `acc_8bit`, `par`; "reserved" for another value.
const char *memoryName(MemoryType type);
/// `requantise` ... as in the machine file.
const char *featureName(Feature feature);

struct MachineConfig {
  std::string name;
  std::string description;
  Level level = Level::Tessera;
  uint32_t batch = 0;         ///< rows of an element of INP, ACC, OUT
  uint32_t blockIn = 0;       ///< int8 values a row of an INP element
  uint32_t blockOut = 0;      ///< values a row of an ACC or OUT element
  uint32_t busBits = 0;       ///< width of the AXI data bus
  uint32_t uopDepth = 0;      ///< micro-ops
  uint32_t inpDepth = 0;      ///< elements
  uint32_t wgtDepth = 0;      ///< elements
  uint32_t accDepth = 0;      ///< elements, of OUT too
  uint32_t parDepth = 0;      ///< elements
  uint32_t depthwiseTaps = 0; ///< taps a micro-op of REDUCE can take
  uint32_t features = 0;      ///< one bit a Feature

  bool has(Feature feature) const { return features >> static_cast<uint32_t>(feature) & 1; }

  /// Width of an index into the memory; at least 1.
  uint32_t uopIndexBits() const;
  uint32_t inpIndexBits() const;
  uint32_t wgtIndexBits() const;
  uint32_t accIndexBits() const;
  uint32_t parIndexBits() const;
  /// Width of the field that holds taps - 1; at least 1.
  uint32_t tapBits() const;

  /// INP elements an ACC element: R = blockOut / blockIn.
  uint32_t inpPerOut() const { return blockOut / blockIn; }
  uint32_t busBytes() const { return busBits / 8; }
  uint32_t macsPerCycle() const { return batch * blockIn * blockOut; }

  /// Elements of the scratchpad that the type addresses (OUT and ACC_8BIT: those of ACC); 0 for a reserved type.
  uint32_t depth(MemoryType type) const;
  /// Bytes of an element as it stands in DRAM; 0 for a reserved type.
  uint32_t dramElementBytes(MemoryType type) const;

  /// Every number that changes what a program means, and every bit position, one a line. Name and description are not in it.
  std::string canonicalText() const;
  /// 64-bit FNV-1a of canonicalText(): what the core's registers, program images and tsr_cfg_pkg carry.
  uint64_t hash() const;
};

/// Loads a named machine, or the file where the argument contains '/' or ends in .json. Fails on an unknown name, a file that
/// cannot be read, malformed JSON (with line and column), unknown or missing keys, and values that the core cannot have.
Expected<MachineConfig> loadMachine(const std::string &nameOrPath);

/// The same from the text of a machine file; `origin` stands in front of error messages.
Expected<MachineConfig> parseMachine(std::string_view text, const std::string &origin);

/// Names of the machines compiled into the library, sorted.
std::vector<std::string> machineNames();

} // namespace tessera::isa
