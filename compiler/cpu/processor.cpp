#include "cpu/processor.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/TargetParser/Host.h"

#include <algorithm>

namespace tessera::compiler::cpu {

using isa::Error;
using isa::Expected;

namespace {

/// Instructions that come of their own intrinsics alone, which no pass makes; virtual machines hide many of them.
constexpr const char *kNotOfLoops[] = {
    "amx-bf16",  "amx-complex", "amx-fp16", "amx-int8", "amx-tile",  "avx512vp2intersect",
    "cldemote",  "clflushopt",  "clwb",     "clzero",   "enqcmd",    "fsgsbase",
    "fxsr",      "hreset",      "invpcid",  "kl",       "lwp",       "movdir64b",
    "movdiri",   "mwaitx",      "pconfig",  "pku",      "prefetchi", "prfchw",
    "ptwrite",   "rdpid",       "rdpru",    "rdrnd",    "rdseed",    "rtm",
    "serialize", "sgx",         "shstk",    "tsxldtrk", "uintr",     "usermsr",
    "waitpkg",   "wbnoinvd",    "widekl",   "xsave",    "xsavec",    "xsaveopt",
    "xsaves"};
constexpr size_t kNamed = 8; ///< features that an error names

bool isOfLoops(llvm::StringRef feature) {
  return std::find(std::begin(kNotOfLoops), std::end(kNotOfLoops), feature) == std::end(kNotOfLoops);
}

std::vector<std::string> enabledIn(const llvm::MCSubtargetInfo &processor) {
  std::vector<std::string> names;
  for (const llvm::SubtargetFeatureKV &feature : processor.getAllProcessorFeatures())
    if (processor.getFeatureBits().test(feature.Value))
      names.emplace_back(feature.Key);
  return names;
}

} // namespace

Expected<std::unique_ptr<llvm::MCSubtargetInfo>>
subtargetOf(const std::string &triple, const std::string &cpu, const std::string &features) {
  registerTargets();
  std::string message;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, message);
  std::unique_ptr<llvm::MCSubtargetInfo> info(found ? found->createMCSubtargetInfo(triple, cpu, features)
                                                    : nullptr);
  if (!info)
    return Error{"no code generator for " + triple};
  return info;
}

Expected<std::vector<std::string>> codeFeatures(const HostTarget &target) {
  auto processor = subtargetOf(target.triple, target.cpu, target.features);
  if (!processor)
    return processor.error();
  std::vector<std::string> names = enabledIn(**processor);
  // LLVM's features are also how code is tuned: what it tells of this processor, there or not, is instructions.
  const auto told = llvm::sys::getHostCPUFeatures();
  std::erase_if(names, [&](const std::string &name) { return !told.contains(name) || !isOfLoops(name); });
  return names;
}

Expected<void> checkThisHost(const std::string &cpu, const std::vector<std::string> &features) {
  const HostTarget here = thisHost();
  auto processor = subtargetOf(here.triple, here.cpu, here.features);
  if (!processor)
    return processor.error();
  const std::vector<std::string> has = enabledIn(**processor);
  size_t missing = 0;
  std::string names;
  for (const std::string &feature : features)
    if (std::find(has.begin(), has.end(), feature) == has.end() && ++missing <= kNamed)
      names += (names.empty() ? "" : ", ") + feature;
  if (missing > kNamed)
    names += " and " + std::to_string(missing - kNamed) + " more";
  if (missing != 0)
    return Error{"the code is for processor " + cpu + ", and this one, " + here.cpu + ", has no " + names};
  return {};
}

} // namespace tessera::compiler::cpu
