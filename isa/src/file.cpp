// Whole files in and out.
#include "tessera/isa/image.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>

namespace tessera::isa {
namespace {

struct CloseFile {
  void operator()(FILE *file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

Error failed(const std::string &path, const char *what, int cause) {
  return Error{std::string("cannot ") + what + " " + path + ": " + std::strerror(cause ? cause : EIO)};
}

/// Empty on success, else the errno of the first failure.
int writeAll(const std::string &path, std::span<const uint8_t> bytes) {
  errno = 0;
  File file(std::fopen(path.c_str(), "wbx"));
  if (!file)
    return errno ? errno : EIO;
  bool written = bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  int cause = written ? 0 : errno ? errno : EIO;
  if (std::fclose(file.release()) != 0 && cause == 0)
    cause = errno ? errno : EIO;
  return cause;
}

} // namespace

Expected<std::vector<uint8_t>> readFile(const std::string &path) {
  std::error_code status;
  if (std::filesystem::is_directory(path, status))
    return failed(path, "read", EISDIR);
  errno = 0;
  File file(std::fopen(path.c_str(), "rb"));
  if (!file)
    return failed(path, "read", errno);
  std::vector<uint8_t> bytes;
  constexpr size_t kStep = size_t{1} << 20;
  size_t got = kStep;
  while (got == kStep) {
    if (bytes.size() > kMaxFileBytes)
      return Error{"cannot read " + path + ": more than " + std::to_string(kMaxFileBytes) + " bytes"};
    bytes.resize(bytes.size() + kStep);
    got = std::fread(bytes.data() + bytes.size() - kStep, 1, kStep, file.get());
    bytes.resize(bytes.size() - kStep + got);
  }
  if (std::ferror(file.get()))
    return failed(path, "read", errno);
  return bytes;
}

Expected<void> writeFileAtomically(const std::string &path, std::span<const uint8_t> bytes) {
  std::error_code status;
  // The name of a device or a pipe must not become that of a file.
  if (std::filesystem::exists(path, status) && !std::filesystem::is_regular_file(path, status))
    return Error{"cannot write " + path + ": not a regular file"};
  std::string temporary = path + ".part" + std::to_string(std::random_device()());
  if (int cause = writeAll(temporary, bytes)) {
    std::remove(temporary.c_str());
    return failed(path, "write", cause);
  }
  std::filesystem::rename(temporary, path, status);
  if (!status)
    return {};
  std::remove(temporary.c_str());
  return failed(path, "write", status.value());
}

} // namespace tessera::isa
