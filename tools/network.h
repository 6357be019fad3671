/// What `tessera run`, `eval` and `profile` begin with: a network, and the device and machine that it runs on.
#ifndef TESSERA_TOOLS_NETWORK_H
#define TESSERA_TOOLS_NETWORK_H

#include "commands.h"
#include "progress.h"

#include "tessera/compiler/session.h"

#include <memory>
#include <string>
#include <vector>

namespace tessera::tools {

struct Network {
  std::string model; ///< path of a TFLite or ONNX model, or of a program image
  compiler::SessionOptions session;
  std::vector<std::string> extents; ///< NAME=N
};

/// MODEL and the options that decide how it is compiled and where it runs; `devices` are those that the command's help names.
void addNetworkOptions(CLI::App &command, Network &network, const char *devices);

/// Reads and compiles the network, with progress and warnings on stderr. An error that lies in the model names its file; one of the machine
/// or of an option does not.
isa::Expected<std::unique_ptr<compiler::Session>> openNetwork(const Network &network, Progress &progress);

} // namespace tessera::tools

#endif
