#include "model_library.h"

#include "processor.h"
#include "run_command.h"

#include "tessera/isa/encoding.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace fs = std::filesystem;
using tessera::isa::Error;
using tessera::isa::Expected;
using tessera::isa::MachineConfig;

namespace tessera::simulator {
namespace {

constexpr int kBuildSeconds = 900;
constexpr int kLockSeconds = 300;

std::string hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

/// A name that is safe in a file name.
std::string fileName(const MachineConfig &machine) {
  std::string name;
  for (char c : machine.name)
    name += std::isalnum(static_cast<unsigned char>(c)) || c == '_' ? c : '_';
  return "libtessera_cycle_" + name;
}

/// Part of the name of what is cached: machines that share a home folder do not take each other's models.
std::string processorKey() { return hex(std::hash<std::string>{}(processorFeatures())).substr(0, 8); }

fs::path cacheFolder() {
  if (const char *given = std::getenv("XDG_CACHE_HOME"); given && *given)
    return fs::path(given) / "tessera";
  if (const char *home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".cache/tessera";
  return fs::temp_directory_path() / ("tessera-cache-" + std::to_string(getuid()));
}

/// Opens a library; null where it is not there, does not fit the machine, or comes from other sources than `key`. What was
/// built for another processor is not even loaded, and `unfit` says so.
const TsrCycleApi *open(const fs::path &path, const MachineConfig &machine, ModelVariant variant,
                        const std::string &key, std::string &unfit) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    return nullptr;
  if (const std::string why = unfitForProcessor(path); !why.empty()) {
    unfit = " (" + path.string() + " cannot be used here: " + why + ")";
    return nullptr;
  }
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return nullptr;
  auto entry = reinterpret_cast<const TsrCycleApi *(*)()>(dlsym(library, "tsr_cycle_api"));
  const TsrCycleApi *api = entry ? entry() : nullptr;
  if (api && api->abi == kTsrCycleAbi && api->configHash == machine.hash() &&
      (api->waves != 0) == variant.waves && (api->assertions != 0) == variant.assertions &&
      (key.empty() || key == api->contentKey))
    return api;
  dlclose(library);
  return nullptr;
}

std::string machineJson(const MachineConfig &machine) {
  std::string text = "{\n  \"name\": \"";
  for (char c : machine.name)
    text += std::isalnum(static_cast<unsigned char>(c)) || c == '_' ? c : '_';
  text += "\",\n  \"description\": \"made by the simulator\"";
  auto number = [&](const char *key, uint32_t value) {
    text += std::string(",\n  \"") + key + "\": " + std::to_string(value);
  };
  number("batch", machine.batch);
  number("block_in", machine.blockIn);
  number("block_out", machine.blockOut);
  number("bus_bits", machine.busBits);
  number("uop_depth", machine.uopDepth);
  number("inp_depth", machine.inpDepth);
  number("wgt_depth", machine.wgtDepth);
  number("acc_depth", machine.accDepth);
  number("par_depth", machine.parDepth);
  number("depthwise_taps", machine.depthwiseTaps);
  number("input_bits", 8);
  number("weight_bits", 8);
  number("accumulator_bits", 32);
  number("address_bits", 32);
  text += std::string(",\n  \"level\": \"") + (machine.level == isa::Level::Vta ? "vta" : "tessera") + "\"";
  text += ",\n  \"features\": [";
  bool first = true;
  for (uint32_t bit = 0; bit < isa::kFeatureCount; ++bit) {
    if (!(machine.features >> bit & 1))
      continue;
    text += std::string(first ? "" : ", ") + "\"" + isa::featureName(static_cast<isa::Feature>(bit)) + "\"";
    first = false;
  }
  return text + "]\n}\n";
}

/// Holds the lock of one cache entry, or goes on without it after a while: builders may race, the result is the same.
class CacheLock {
public:
  explicit CacheLock(const fs::path &path) : file_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    for (int k = 0; file_ >= 0 && k < kLockSeconds * 10 && flock(file_, LOCK_EX | LOCK_NB) != 0; ++k)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ~CacheLock() {
    if (file_ >= 0)
      close(file_);
  }
  CacheLock(const CacheLock &) = delete;
  CacheLock &operator=(const CacheLock &) = delete;

private:
  int file_;
};

Expected<const TsrCycleApi *> build(const MachineConfig &machine, ModelVariant variant,
                                    const std::string &share, const std::string &key, std::string &unfit) {
  const fs::path folder = cacheFolder();
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    return Error{"cannot make the cache folder " + folder.string() + ": " + error.message()};
  const std::string stem = fileName(machine) + "-" + hex(machine.hash()) + "-" + key + "-" + processorKey() +
                           "-" + TESSERA_VERSION + (variant.waves ? "-waves" : "") +
                           (variant.assertions ? "" : "-unchecked");
  const fs::path library = folder / (stem + ".so");
  if (const TsrCycleApi *api = open(library, machine, variant, key, unfit))
    return api;

  CacheLock lock(folder / (stem + ".lock"));
  if (const TsrCycleApi *api = open(library, machine, variant, key, unfit))
    return api; // somebody else built it meanwhile
  if (isatty(2))
    std::fprintf(stderr, "building the cycle model of %s%s%s, once ...\n", machine.name.c_str(),
                 variant.waves ? " with waveforms" : "", variant.assertions ? "" : " without assertions");
  const fs::path description = folder / (stem + "." + std::to_string(getpid()) + ".json");
  {
    std::ofstream file(description);
    file << machineJson(machine);
    if (!file.flush())
      return Error{"cannot write " + description.string()};
  }
  std::vector<std::string> command = {"python3",   "-B",    share + "/simulator/verilated/build_model.py",
                                      "--root",    share,   "--machine",
                                      description, "--out", library};
  if (variant.waves)
    command.push_back("--waves");
  if (!variant.assertions)
    command.push_back("--no-assert");
  Expected<std::string> output = runCommand(command, kBuildSeconds);
  fs::remove(description, error);
  if (!output)
    return Error{"cannot build the cycle model of " + machine.name + ": " + output.error().message + unfit};
  if (const TsrCycleApi *api = open(library, machine, variant, key, unfit))
    return api;
  const char *reason = dlerror();
  return Error{"the cycle model of " + machine.name +
               " that was built does not load: " + (reason ? reason : library.string())};
}

} // namespace

Expected<const TsrCycleApi *> loadModelLibrary(const MachineConfig &machine, ModelVariant variant) {
  const std::string share = shareFolder();
  const std::string key = share.empty() ? "" : contentKey(share);
  std::string unfit;
  if (!variant.waves && variant.assertions) {
    std::vector<fs::path> folders;
    std::error_code error;
    fs::path binary = fs::read_symlink("/proc/self/exe", error).parent_path();
    folders.push_back(binary);
    folders.push_back(binary / "../lib/tessera");
    folders.push_back(TESSERA_MODEL_FOLDER);
    for (const fs::path &folder : folders)
      if (const TsrCycleApi *api = open(folder / (fileName(machine) + ".so"), machine, variant, key, unfit))
        return api;
  }
  if (share.empty())
    return Error{"no cycle model of " + machine.name +
                 " is built, and its sources are not found (set TESSERA_SHARE)" + unfit};
  return build(machine, variant, share, key, unfit);
}

} // namespace tessera::simulator
