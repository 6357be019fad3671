#include "aot/target.h"

#include "cpu/processor.h"
#include "tessera/compiler/ahead_of_time.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/TargetParser/ARMTargetParser.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include <vector>

namespace tessera::compiler::aot {

using isa::Error;
using isa::Expected;

namespace {

constexpr Target kTargets[] = {
    {"x86_64-linux-gnu", "x86_64-unknown-linux-gnu", "x86-64", "+64bit"},
    {"aarch64-linux-gnu", "aarch64-unknown-linux-gnu", "generic", "+neon"},
    {"arm-linux-gnueabihf", "armv7a-unknown-linux-gnueabihf", "generic", "+neon"},
};

/// What LLVM does not take from a processor's name: ARM's floating point and vector unit, which is optional by its architecture.
std::string featuresOf(const std::string &triple, llvm::StringRef cpu) {
  std::vector<llvm::StringRef> features;
  if (llvm::Triple(triple).isARM())
    llvm::ARM::getFPUFeatures(llvm::ARM::getDefaultFPU(cpu, llvm::ARM::parseCPUArch(cpu)), features);
  return llvm::join(features, ",");
}

/// Checks that there is the processor and that it has what is `needed`; `target`: as it is called in messages.
Expected<void> checkProcessor(const std::string &target, const std::string &triple, const std::string &cpu,
                              llvm::StringRef needed) {
  auto all = cpu::subtargetOf(triple, "", "");
  if (!all)
    return all.error();
  std::string names = "native";
  for (const llvm::SubtargetSubTypeKV &processor : (*all)->getAllProcessorDescriptions()) {
    auto info = cpu::subtargetOf(triple, processor.Key, featuresOf(triple, processor.Key));
    if (!info || (!needed.empty() && !(*info)->checkFeatures(needed)))
      continue;
    if (cpu == processor.Key)
      return {};
    names += ", " + std::string(processor.Key);
  }
  return Error{"no processor " + cpu + " for " + target + ", there are " + names};
}

bool isHost(const std::string &triple) {
  const llvm::Triple host(llvm::sys::getProcessTriple());
  return llvm::Triple(triple).getArch() == host.getArch();
}

} // namespace

Expected<const Target *> targetOf(const std::string &name) {
  std::string names;
  for (const Target &target : kTargets) {
    if (name == target.name)
      return &target;
    names += (names.empty() ? "" : ", ") + std::string(target.name);
  }
  return Error{"no target " + name + ", there are " + names};
}

Expected<cpu::HostTarget> processorOf(const Target &target, const std::string &cpu) {
  if (cpu == "native") {
    if (!isHost(target.triple))
      return Error{"processor native is " + llvm::Triple(llvm::sys::getProcessTriple()).getArchName().str() +
                   " here, and the target " + target.name};
    cpu::HostTarget host = cpu::thisHost();
    host.triple = target.triple;
    return host;
  }
  if (cpu.empty())
    return cpu::HostTarget{target.triple, target.baseline, target.needed};
  if (auto known = checkProcessor(target.name, target.triple, cpu, target.needed); !known)
    return known.error();
  return cpu::HostTarget{target.triple, cpu, featuresOf(target.triple, cpu)};
}

} // namespace tessera::compiler::aot

namespace tessera::compiler {

isa::Expected<std::string> processorOf(const std::string &target, const std::string &name) {
  if (!target.empty()) {
    auto found = aot::targetOf(target);
    if (!found)
      return found.error();
    if (auto fits = aot::processorOf(**found, name); !fits)
      return fits.error();
    return name;
  }
  if (name == "native")
    return std::string();
  const std::string triple = llvm::sys::getProcessTriple();
  llvm::StringRef needed;
  for (const aot::Target &known : aot::kTargets)
    if (aot::isHost(known.triple))
      needed = known.needed;
  if (auto known = aot::checkProcessor(triple, triple, name, needed); !known)
    return known.error();
  return name;
}

} // namespace tessera::compiler
