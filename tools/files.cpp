#include "files.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

Error failure(const std::string &what, const std::string &path, int code) {
  return Error{"cannot " + what + " " + path + ": " + std::strerror(code)};
}

/// A file descriptor that is closed when it leaves.
class Descriptor {
public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor &) = delete;
  Descriptor &operator=(const Descriptor &) = delete;

  int get() const { return value_; }
  /// 0, or errno: some file systems report a full disk only here.
  int close() {
    int result = value_ >= 0 && ::close(value_) != 0 ? errno : 0;
    value_ = -1;
    return result;
  }

private:
  int value_;
};

/// 0 or errno.
int writeAll(int descriptor, std::span<const uint8_t> data) {
  while (!data.empty()) {
    ssize_t written = ::write(descriptor, data.data(), data.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return errno;
    data = data.subspan(static_cast<size_t>(written));
  }
  return 0;
}

} // namespace

Expected<std::vector<uint8_t>> readFile(const std::string &path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0)
    return failure("read", path, errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0)
    return failure("read", path, errno);
  if (S_ISDIR(status.st_mode))
    return failure("read", path, EISDIR);
  std::vector<uint8_t> data;
  if (S_ISREG(status.st_mode) && static_cast<uint64_t>(status.st_size) > kMaxFileBytes)
    return Error{"cannot read " + path + ": " + std::to_string(status.st_size) + " bytes, more than " +
                 std::to_string(kMaxFileBytes)};
  data.reserve(static_cast<size_t>(status.st_size));
  uint8_t block[1 << 16];
  for (;;) {
    ssize_t count = ::read(file.get(), block, sizeof block);
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return failure("read", path, errno);
    if (count == 0)
      return data;
    if (data.size() + static_cast<size_t>(count) > kMaxFileBytes)
      return Error{"cannot read " + path + ": more than " + std::to_string(kMaxFileBytes) + " bytes"};
    data.insert(data.end(), block, block + count);
  }
}

Expected<void> writeFile(const std::string &path, std::span<const uint8_t> data) {
  if (path == "-") {
    if (int code = writeAll(STDOUT_FILENO, data))
      return failure("write", "stdout", code);
    return {};
  }
  struct stat status{};
  bool direct = ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  std::string name = direct ? path : path + ".part" + std::to_string(::getpid());
  Descriptor file(::open(name.c_str(), O_WRONLY | O_CLOEXEC | (direct ? 0 : O_CREAT | O_TRUNC), 0666));
  if (file.get() < 0)
    return failure("write", path, errno);
  int code = writeAll(file.get(), data);
  if (code == 0 && !direct && ::fsync(file.get()) != 0)
    code = errno;
  if (int closing = file.close(); code == 0)
    code = closing;
  if (code == 0 && !direct && ::rename(name.c_str(), path.c_str()) != 0)
    code = errno;
  if (code == 0)
    return {};
  if (!direct)
    ::unlink(name.c_str());
  return failure("write", path, code);
}

Expected<void> writeFile(const std::string &path, std::string_view text) {
  return writeFile(path, std::span(reinterpret_cast<const uint8_t *>(text.data()), text.size()));
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
