#include "aot/link.h"

#include "tessera/isa/image.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tessera::compiler::aot {

using isa::Error;
using isa::Expected;

namespace {

constexpr const char *kLinkers[] = {"ld.lld-19", "ld.lld"};

/// A folder that is gone with its files at the end.
class ScratchFolder {
public:
  ScratchFolder() {
    std::error_code code;
    std::string name = (std::filesystem::temp_directory_path(code) / "tessera-XXXXXX").string();
    if (!code && ::mkdtemp(name.data()))
      path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty())
      std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder &) = delete;
  ScratchFolder &operator=(const ScratchFolder &) = delete;

  bool exists() const { return !path_.empty(); }
  std::string operator/(const std::string &name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

/// The exit status; nothing where there is no such program. What it says goes to the file `said`.
Expected<std::optional<int>> run(const char *program, const std::vector<std::string> &arguments,
                                 const std::string &said) {
  std::vector<char *> pointers{const_cast<char *>(program)};
  for (const std::string &argument : arguments)
    pointers.push_back(const_cast<char *>(argument.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, said.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t child = 0;
  const int code = ::posix_spawnp(&child, program, &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code == ENOENT)
    return std::optional<int>();
  if (code != 0)
    return Error{std::string("cannot run ") + program + ": " + std::strerror(code)};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return Error{std::string("cannot wait for ") + program + ": " + std::strerror(errno)};
  return std::optional<int>(WIFEXITED(status) ? WEXITSTATUS(status) : 255);
}

/// The linker's first complaint.
std::string complaintOf(const std::string &path) {
  auto bytes = isa::readFile(path);
  std::string text = bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
  text = text.substr(0, text.find('\n'));
  if (const size_t at = text.find("error: "); at != std::string::npos)
    text = text.substr(at + 7);
  return text;
}

Expected<void> callLinker(const std::vector<std::string> &arguments, const std::string &said) {
  for (const char *linker : kLinkers) {
    auto status = run(linker, arguments, said);
    if (!status)
      return status.error();
    if (!*status)
      continue;
    if (**status != 0)
      return Error{std::string(linker) + " ended with status " + std::to_string(**status) + ": " +
                   complaintOf(said)};
    return {};
  }
  return Error{"libraries are linked by ld.lld-19, which is not here (Debian package lld-19)"};
}

} // namespace

std::string_view networkHeader() {
  for (size_t i = 0; i < kEmbeddedCount; ++i)
    if (std::strcmp(kEmbedded[i].name, "tessera_network.h") == 0)
      return {reinterpret_cast<const char *>(kEmbedded[i].begin),
              static_cast<size_t>(kEmbedded[i].end - kEmbedded[i].begin)};
  return {};
}

Expected<std::vector<uint8_t>> link(const std::string &target, const std::string &name,
                                    std::span<const std::vector<uint8_t>> objects) {
  const ScratchFolder folder;
  if (!folder.exists())
    return Error{std::string("no folder for temporary files: ") + std::strerror(errno)};
  const std::string library = folder / ("lib" + name + ".so"), exports = folder / "exports";
  std::vector<std::string> arguments{"-shared",
                                     "-z",
                                     "now",
                                     "-z",
                                     "defs",
                                     "-O2",
                                     "--as-needed",
                                     "--build-id=none",
                                     "--version-script=" + exports,
                                     "-soname",
                                     "lib" + name + ".so",
                                     "-o",
                                     library};
  Expected<void> written;
  const auto write = [&](const std::string &path, std::span<const uint8_t> bytes) {
    if (written)
      written = isa::writeFileAtomically(path, bytes);
  };
  std::string rule = "{ global:";
  for (const char *function : {"describe", "create", "run", "run_in", "message", "destroy"})
    rule += " " + name + "_" + function + ";";
  rule += " local: *; };\n";
  write(exports, std::span(reinterpret_cast<const uint8_t *>(rule.data()), rule.size()));
  for (size_t i = 0; i < objects.size(); ++i) {
    arguments.push_back(folder / ("part_" + std::to_string(i) + ".o"));
    write(arguments.back(), objects[i]);
  }
  for (size_t i = 0; i < kEmbeddedCount; ++i) {
    if (target != kEmbedded[i].target)
      continue;
    arguments.push_back(folder / kEmbedded[i].name);
    write(arguments.back(), std::span(kEmbedded[i].begin, kEmbedded[i].end));
  }
  if (!written)
    return written.error();
  if (auto linked = callLinker(arguments, folder / "said"); !linked)
    return linked.error();
  return isa::readFile(library);
}

} // namespace tessera::compiler::aot
