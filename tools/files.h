/// Whole files in and out. Errors name the file and the system's reason.
#ifndef TESSERA_TOOLS_FILES_H
#define TESSERA_TOOLS_FILES_H

#include "tessera/isa/image.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::tools {

using isa::readFile;

/// Writes `path` as a whole or not at all. What is there and is no ordinary file (a pipe, a link such as /dev/stdout) is written to
/// as it is; `-` is stdout.
isa::Expected<void> writeFile(const std::string &path, std::span<const uint8_t> data);
isa::Expected<void> writeFile(const std::string &path, std::string_view text);

/// Before work is spent on it: whether all these files can be read, and whether files can be written at these paths ("" and "-" always can). Errors as
/// reading and writing would give them.
isa::Expected<void> checkFiles(const std::vector<std::string> &read, const std::vector<std::string> &written);

/// The folder that a file lies in.
std::string folderOf(const std::string &path);

/// Whether a file may be a network: a TFLite one by its identifier, an ONNX one (which has none) by its first field.
bool isModel(std::span<const uint8_t> file);

/// "NAME=N" texts as names and extents.
isa::Expected<std::map<std::string, int64_t>> readExtents(const std::vector<std::string> &texts);

/// Before work is spent on it: whether makeFolder() could, as far as what is there tells.
isa::Expected<void> checkFolder(const std::string &path);

/// Makes the folder and those above it where they are missing, and checks that files can be written there.
isa::Expected<void> makeFolder(const std::string &path);

} // namespace tessera::tools

#endif
