/// Measures tasks of the accelerator on devices, several at a time, each device in a thread of its own.
#ifndef TESSERA_COMPILER_TUNE_NPU_MEASURE_H
#define TESSERA_COMPILER_TUNE_NPU_MEASURE_H

#include "tune/search.h"

#include "npu/core/command.h"
#include "npu/core/target.h"

#include "tessera/device.h"

namespace tessera::compiler {

struct NpuDevices {
  std::string device = "cycle", machine = "pynq", memory;
  size_t dramBytes = 0;
  bool assertions = false;
  size_t count = 2;
  double timeoutSeconds = 120; ///< of a measurement: longer is not measured
};

class NpuMeasure {
public:
  /// Opens the devices. `target` must outlive it; regions of the device's memory have these sizes.
  static isa::Expected<std::unique_ptr<NpuMeasure>> open(const NpuDevices &devices, const npu::Target &target,
                                                         size_t constantBytes, size_t arenaBytes);
  ~NpuMeasure();

  /// Cycles of programs; nothing where one does not end in time or the core reports an error. Error: a device fails otherwise.
  isa::Expected<std::vector<std::optional<double>>>
  cycles(std::span<const std::function<isa::Expected<std::vector<npu::Command>>()>> programs);

private:
  NpuMeasure(const NpuDevices &options, const npu::Target &target) : options_(options), target_(target) {}
  isa::Expected<std::optional<double>> run(size_t device, std::span<const npu::Command> commands);

  struct Open {
    tsr_device *device = nullptr;
    uint32_t places[2] = {};
  };
  NpuDevices options_;
  const npu::Target &target_;
  std::vector<Open> devices_;
  uint32_t bytes_[2] = {};
};

} // namespace tessera::compiler

#endif
