#include "tune/choices.h"

#include <cstdio>

namespace tessera::compiler {

using isa::Expected;

TuningPlace npuPlace(const isa::MachineConfig &machine, const std::string &memory) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(machine.hash()));
  return {hash, memory.empty() ? "bench" : memory, tuningVersion()};
}

Expected<std::unique_ptr<LoggedChoices>> LoggedChoices::open(const CompileOptions &options) {
  std::unique_ptr<LoggedChoices> choices(new LoggedChoices(options));
  auto log = TuningLog::open(options.tuned, TuningLog::Mode::Read);
  if (!log)
    return log.error();
  choices->log_ = std::move(*log);
  return choices;
}

npu::Tuning LoggedChoices::tuning() {
  npu::Tuning tuning;
  tuning.choice = [this](const std::string &key) -> std::optional<std::string> {
    ++asked_;
    auto chosen = log_->chosen(place_, key);
    if (!chosen) {
      if (failed_)
        failed_ = chosen.error();
      return std::nullopt;
    }
    if (!*chosen)
      return std::nullopt;
    ++found_;
    return (*chosen)->choice;
  };
  tuning.warn = options_.warn;
  return tuning;
}

Expected<void> LoggedChoices::finish() {
  if (failed_ && asked_ > 0 && found_ == 0 && options_.warn)
    options_.warn("the tuning log " + options_.tuned + " has no choice for this network on machine " +
                  options_.machine.name + " with memory " + place_.memory + " and version " + place_.version);
  return failed_;
}

} // namespace tessera::compiler
