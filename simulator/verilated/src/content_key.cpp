#include "model_library.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace fs = std::filesystem;

namespace tessera::simulator {
namespace {

/// As PATTERNS in build_model.py: folder and ending ("" is everything; a name is that file).
struct Pattern {
  const char *folder;
  const char *ending;
};
constexpr Pattern kPatterns[] = {
    {"hw_rtl/src", ".sv"},
    {"hw_rtl/src", ".svh"},
    {"hw_rtl/cells", ".sv"},
    {"hw_rtl/cells", ".svh"},
    {"hw_rtl/vendor", ".sv"},
    {"hw_rtl/vendor", ".svh"},
    {"hw_rtl/assert", ".sv"},
    {"isa/generated", "tsr_isa_pkg.sv"},
    {"isa", "generate.py"},
    {"isa/generator", ".py"},
    {"isa", "encoding.json"},
    {"simulator/verilated/model", ""},
    {"simulator/verilated", "build_model.py"},
    {"simulator/verilated/include/tessera/simulator", "core_pins.h"},
};

bool matches(const std::string &name, const std::string &ending) {
  if (name.empty() || name.front() == '.')
    return false;
  if (ending.empty() || ending.front() == '.')
    return name.size() >= ending.size() &&
           name.compare(name.size() - ending.size(), ending.size(), ending) == 0;
  return name == ending;
}

bool isShare(const fs::path &folder) {
  std::error_code ignored;
  return fs::exists(folder / "hw_rtl/src/tsr_core.sv", ignored) &&
         fs::exists(folder / "isa/generate.py", ignored) &&
         fs::exists(folder / "simulator/verilated/build_model.py", ignored);
}

} // namespace

std::string shareFolder() {
  if (const char *given = std::getenv("TESSERA_SHARE"))
    return isShare(given) ? given : "";
  std::error_code error;
  fs::path binary = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    for (fs::path folder = binary.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
      if (isShare(folder))
        return folder;
      if (isShare(folder / "share/tessera"))
        return folder / "share/tessera";
    }
  }
  return isShare(TESSERA_SOURCE_FOLDER) ? TESSERA_SOURCE_FOLDER : "";
}

std::string contentKey(const std::string &share) {
  std::vector<std::string> paths;
  for (const Pattern &pattern : kPatterns) {
    std::error_code error;
    for (fs::directory_iterator entry(fs::path(share) / pattern.folder, error), end; !error && entry != end;
         entry.increment(error)) {
      std::string name = entry->path().filename();
      if (entry->is_regular_file(error) && matches(name, pattern.ending))
        paths.push_back(std::string(pattern.folder) + "/" + name);
    }
  }
  if (paths.empty())
    return "";
  std::sort(paths.begin(), paths.end());
  uint64_t value = 0xcbf29ce484222325u;
  auto add = [&](unsigned char byte) { value = (value ^ byte) * 0x100000001b3u; };
  for (const std::string &path : paths) {
    for (char c : path)
      add(static_cast<unsigned char>(c));
    add(0);
    std::ifstream file(fs::path(share) / path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (char c : bytes)
      add(static_cast<unsigned char>(c));
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

} // namespace tessera::simulator
