#include "tune/choices.h"

#include "cpu/object_code.h"

#include "llvm/TargetParser/Triple.h"

#include <cstdio>

namespace tessera::compiler {

using isa::Expected;

TuningPlace npuPlace(const isa::MachineConfig &machine, const std::string &memory,
                     const std::string &device) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(machine.hash()));
  return {hash, (memory.empty() ? "bench" : memory) + (device == "cycle" ? "" : " on " + device),
          tuningVersion()};
}

TuningPlace cpuPlace(const std::string &triple, const std::string &cpu, const std::string &features) {
  const cpu::HostTarget here = cpu::thisHost();
  const std::string &name = cpu.empty() ? here.cpu : cpu;
  const std::string &all = cpu.empty() ? here.features : features;
  const std::string hash = std::to_string(std::hash<std::string>{}(all) % 100'000'000);
  // A library's target names the same architecture otherwise (unknown, not pc).
  const bool isHere = triple.empty() || llvm::Triple(triple).getArch() == llvm::Triple(here.triple).getArch();
  return {"cpu " + (isHere ? here.triple : triple) + " " + name + " " + hash, "", tuningVersion()};
}

Expected<std::unique_ptr<LoggedChoices>> LoggedChoices::open(const CompileOptions &options) {
  std::unique_ptr<LoggedChoices> choices(new LoggedChoices(options));
  auto log = TuningLog::open(options.tuned, TuningLog::Mode::Read);
  if (!log)
    return log.error();
  choices->log_ = std::move(*log);
  return choices;
}

std::optional<std::string> LoggedChoices::chosen(const TuningPlace &place, const std::string &key) {
  ++asked_;
  auto chosen = log_->chosen(place, key);
  if (!chosen) {
    if (failed_)
      failed_ = chosen.error();
    return std::nullopt;
  }
  if (!*chosen)
    return std::nullopt;
  ++found_;
  return (*chosen)->choice;
}

npu::Tuning LoggedChoices::npu() {
  npu::Tuning tuning;
  tuning.choice = [this](const std::string &key) { return chosen(npuPlace_, key); };
  tuning.warn = options_.warn;
  return tuning;
}

cpu::TileChoices LoggedChoices::cpu() {
  cpu::TileChoices choices;
  choices.choice = [this](const std::string &key) { return chosen(cpuPlace_, key); };
  choices.warn = options_.warn;
  return choices;
}

Expected<void> LoggedChoices::finish() {
  if (failed_ && asked_ > 0 && found_ == 0 && options_.warn)
    options_.warn("the tuning log " + options_.tuned + " has no choice for this network on " +
                  (options_.cpuOnly
                       ? options_.hostCpu.empty() ? "this processor" : "processor " + options_.hostCpu
                       : "machine " + options_.machine.name + " with memory " + npuPlace_.memory) +
                  " and version " + tuningVersion());
  return failed_;
}

} // namespace tessera::compiler
