/// What `tessera info` prints about each kind of thing.
#ifndef TESSERA_TOOLS_INFO_H
#define TESSERA_TOOLS_INFO_H

#include "tessera/isa/machine.h"

#include <cstdint>
#include <span>
#include <string>

namespace tessera::tools {

void printMachine(const isa::MachineConfig &machine);

/// Prints the program image in `file`; returns the exit status.
int printImage(std::span<const uint8_t> file, const std::string &name);

/// Compiles the TFLite model in `file` for the machine, and prints it as an image; returns the exit status.
int printModel(std::span<const uint8_t> file, const std::string &name, const std::string &machine);

/// Prints the area table of the machine (all that have one when empty); returns the exit status.
int printArea(const std::string &machine);

} // namespace tessera::tools

#endif
