/// Whole files in and out. Errors name the file and the system's reason.
#ifndef TESSERA_TOOLS_FILES_H
#define TESSERA_TOOLS_FILES_H

#include "tessera/isa/error.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::tools {

/// Largest file that is read (2 GiB).
inline constexpr uint64_t kMaxFileBytes = uint64_t{1} << 31;

isa::Expected<std::vector<uint8_t>> readFile(const std::string &path);

/// Writes `path` as a whole or not at all: into a file beside it, which takes its name only when every byte is on the disk.
/// What is there and is no ordinary file (a pipe, /dev/stdout) is written to as it is; `-` is stdout.
isa::Expected<void> writeFile(const std::string &path, std::span<const uint8_t> data);
isa::Expected<void> writeFile(const std::string &path, std::string_view text);

/// Makes the folder and those above it where they are missing, and checks that files can be written there.
isa::Expected<void> makeFolder(const std::string &path);

} // namespace tessera::tools

#endif
