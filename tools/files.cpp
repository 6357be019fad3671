#include "files.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <unistd.h>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

Error failure(const std::string &what, const std::string &path, int code) {
  return Error{"cannot " + what + " " + path + ": " + std::strerror(code)};
}

/// 0 or errno.
int writeAll(FILE *file, std::span<const uint8_t> data) {
  errno = 0;
  if (std::fwrite(data.data(), 1, data.size(), file) != data.size() || std::fflush(file) != 0)
    return errno ? errno : EIO;
  return 0;
}

struct CloseFile {
  void operator()(FILE *file) const { std::fclose(file); }
};

} // namespace

Expected<void> writeFile(const std::string &path, std::span<const uint8_t> data) {
  if (path == "-") {
    if (int code = writeAll(stdout, data))
      return failure("write", "stdout", code);
    return {};
  }
  std::error_code unknown;
  std::filesystem::file_status there = std::filesystem::symlink_status(path, unknown);
  if (!std::filesystem::exists(there) || std::filesystem::is_regular_file(there))
    return isa::writeFileAtomically(path, data);
  std::unique_ptr<FILE, CloseFile> file(std::fopen(path.c_str(), "wb"));
  if (!file)
    return failure("write", path, errno);
  if (int code = writeAll(file.get(), data))
    return failure("write", path, code);
  return {};
}

Expected<void> writeFile(const std::string &path, std::string_view text) {
  return writeFile(path, std::span(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
}

Expected<void> checkFiles(const std::vector<std::string> &read, const std::vector<std::string> &written) {
  std::error_code unknown;
  for (const std::string &path : read)
    if (!path.empty() && ::access(path.c_str(), R_OK) != 0)
      return failure("read", path, errno);
  for (const std::string &path : written) {
    if (path.empty() || path == "-")
      continue;
    if (std::filesystem::is_directory(path, unknown))
      return failure("write", path, EISDIR);
    // A file is made beside its name first; a pipe or a device is written to as it is.
    const bool isThere =
        std::filesystem::exists(path, unknown) && !std::filesystem::is_regular_file(path, unknown);
    if (::access(isThere ? path.c_str() : folderOf(path).c_str(), isThere ? W_OK : W_OK | X_OK) != 0)
      return failure("write", path, errno);
  }
  return {};
}

std::string folderOf(const std::string &path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

bool isModel(std::span<const uint8_t> file) {
  const bool isTflite = file.size() >= 8 && std::memcmp(file.data() + 4, "TFL3", 4) == 0;
  return isTflite || (file.size() > 2 && file[0] == 0x08);
}

Expected<std::map<std::string, int64_t>> readExtents(const std::vector<std::string> &texts) {
  std::map<std::string, int64_t> extents;
  for (const std::string &text : texts) {
    const size_t equals = text.rfind('=');
    const char *end = text.data() + text.size();
    int64_t extent = 0;
    if (equals == std::string::npos || equals == 0)
      return Error{"--extent " + text + ": expected NAME=N"};
    const auto [last, code] = std::from_chars(text.data() + equals + 1, end, extent);
    if (code != std::errc() || last != end || extent < 1)
      return Error{"--extent " + text + ": " + text.substr(equals + 1) + " is no extent"};
    extents[text.substr(0, equals)] = extent;
  }
  return extents;
}

Expected<void> checkFolder(const std::string &path) {
  std::error_code unknown;
  std::filesystem::path there = std::filesystem::absolute(path, unknown);
  while (there.has_relative_path() && !std::filesystem::exists(there, unknown))
    there = there.parent_path();
  if (!std::filesystem::is_directory(there, unknown))
    return failure("make folder", path, ENOTDIR);
  if (::access(there.c_str(), W_OK | X_OK) != 0)
    return failure("write into", path, errno);
  return {};
}

Expected<void> makeFolder(const std::string &path) {
  std::error_code code;
  std::filesystem::create_directories(path, code);
  if (code)
    return failure("make folder", path, code.value());
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return failure("write into", path, errno);
  return {};
}

} // namespace tessera::tools
