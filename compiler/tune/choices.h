/// A tuning log as a compilation reads it.
#ifndef TESSERA_COMPILER_TUNE_CHOICES_H
#define TESSERA_COMPILER_TUNE_CHOICES_H

#include "tessera/compiler/compiler.h"
#include "tessera/compiler/tuning_log.h"

#include "cpu/tile_choice.h"
#include "npu/core/task.h"

namespace tessera::compiler {

/// Where cycles of a machine under a memory model are measured; an empty memory is the device's default, "bench". Compilations read what
/// the cycle device measured; what another one counts or estimates has a place of its own.
TuningPlace npuPlace(const isa::MachineConfig &machine, const std::string &memory,
                     const std::string &device = "cycle");

/// Where time on a processor is measured; empty: this one.
TuningPlace cpuPlace(const std::string &triple, const std::string &cpu, const std::string &features);

class LoggedChoices {
public:
  /// The log of options.tuned. Error: it cannot be read.
  static isa::Expected<std::unique_ptr<LoggedChoices>> open(const CompileOptions &options);

  /// Valid as long as this lives.
  npu::Tuning npu();
  cpu::TileChoices cpu();

  /// After the compilation: the first error of reading, and a warning where the log knows none of the tasks.
  isa::Expected<void> finish();

private:
  explicit LoggedChoices(const CompileOptions &options)
      : options_(options), npuPlace_(npuPlace(options.machine, options.tunedMemory)),
        cpuPlace_(cpuPlace(options.hostTriple, options.hostCpu, options.hostFeatures)) {}
  std::optional<std::string> chosen(const TuningPlace &place, const std::string &key);

  const CompileOptions &options_;
  TuningPlace npuPlace_, cpuPlace_;
  std::unique_ptr<TuningLog> log_;
  size_t asked_ = 0, found_ = 0;
  isa::Expected<void> failed_;
};

} // namespace tessera::compiler

#endif
