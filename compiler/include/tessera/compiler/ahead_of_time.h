/// Networks as shared libraries: for programs that have neither this compiler nor LLVM (docs/ahead-of-time.md).
///
/// Errors are returned with their place, as compile() does. Linking calls the program ld.lld-19 (Debian package lld-19), which links for every
/// target; nothing of the target's C library is needed here. Thread safety: independent calls may run at the same time.
#ifndef TESSERA_COMPILER_AHEAD_OF_TIME_H
#define TESSERA_COMPILER_AHEAD_OF_TIME_H

#include "tessera/isa/error.h"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::compiler {

struct LibraryOptions {
  /// x86_64-linux-gnu, aarch64-linux-gnu or arm-linux-gnueabihf.
  std::string target;
  /// A processor's name as LLVM has them; "native": this host; empty: what every processor of the target has.
  std::string cpu;
  /// What the library, its header and its functions are called: identifierOf() of it.
  std::string name = "network";
  /// As CompileOptions has them.
  std::string modelFolder;
  std::map<std::string, int64_t> extents;
  std::function<void(std::string_view stage, const std::string &text)> dump;
  /// What "native" was tuned to (CompileOptions::tuned); other processors have no choices in a log.
  std::string tuned;
  std::function<void(const std::string &warning)> warn;
};

struct LibraryFile {
  std::string name; ///< "libNAME.so", "NAME.h", "tessera_network.h"
  std::vector<uint8_t> data;
};

/// `text` as a C identifier: other characters become '_', and a digit in front gets an 'n'.
std::string identifierOf(std::string_view text);

/// A processor's name for compile(): checks it for `target` (empty: this host's architecture) and replaces "native". The error names all there are.
isa::Expected<std::string> processorOf(const std::string &target, const std::string &name);

/// The library last.
isa::Expected<std::vector<LibraryFile>> makeLibrary(std::span<const uint8_t> model,
                                                    const LibraryOptions &options);

} // namespace tessera::compiler

#endif
