/// What `tessera info` knows about each kind of thing, and how it is printed. Each print function takes the facts of its kind.
#ifndef TESSERA_TOOLS_INFO_H
#define TESSERA_TOOLS_INFO_H

#include "facts.h"

#include "tessera/isa/machine.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tessera::tools {

/// name, description, level, config_hash, batch, block_in, block_out, macs_per_cycle, depthwise_taps, bus_bits, memories (name,
/// elements, element_bytes, index_bits), features.
Facts machineFacts(const isa::MachineConfig &machine);
void printMachine(const Facts &facts);

/// The program image in `file`: file, config_hash, sections (name, bytes), and its metadata (docs/host-code.md).
isa::Expected<Facts> imageFacts(std::span<const uint8_t> file, const std::string &name);
void printImage(const Facts &facts);

/// The same of the image that the model (TFLite or ONNX) in `file` compiles to for the machine, with open extents fixed ("batch=1").
isa::Expected<Facts> modelFacts(std::span<const uint8_t> file, const std::string &name,
                                const std::string &machine, const std::vector<std::string> &extents);

/// areas: one a machine (all that have one where `machine` is empty), with machine, chip, made_for (the configuration's hash), current
/// (whether that is the machine's today), and dsp48, ramb36, lut, ff, each with used and available (null where no chip is named).
isa::Expected<Facts> areaFacts(const std::string &machine);
void printArea(const Facts &facts);

} // namespace tessera::tools

#endif
