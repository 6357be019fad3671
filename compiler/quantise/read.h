/// Reads a float network: checked, in order, constants as initialisers, at least opset 13 (scales a channel begin there).
#ifndef TESSERA_COMPILER_QUANTISE_READ_H
#define TESSERA_COMPILER_QUANTISE_READ_H

#include "quantise/network.h"

#include <cstdint>
#include <span>

namespace tessera::compiler::quantise {

/// Ends with an error on a damaged file, a network that is quantised already, and on inner graphs (If, Loop, Scan).
Network readNetwork(std::span<const uint8_t> file);

/// Rewrites nodes of older opsets as opset 13 has them; nothing where the network is that new.
void upgradeOpset(::onnx::ModelProto &model);

/// Nodes whose inputs are all constants are computed once, on the host.
void foldConstants(Network &network);

} // namespace tessera::compiler::quantise

#endif
