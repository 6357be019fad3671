#include "tune/npu_measure.h"

#include "npu/core/record_commands.h"

#include <atomic>
#include <mutex>
#include <thread>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

Expected<std::unique_ptr<NpuMeasure>> NpuMeasure::open(const NpuDevices &options, const npu::Target &target,
                                                       size_t constantBytes, size_t arenaBytes) {
  std::unique_ptr<NpuMeasure> measure(new NpuMeasure(options, target));
  measure->bytes_[0] = uint32_t(std::max<size_t>(constantBytes, 64));
  measure->bytes_[1] = uint32_t(std::max<size_t>(arenaBytes, 64));
  const tsr_device_options deviceOptions{options.machine.c_str(),
                                         options.memory.empty() ? nullptr : options.memory.c_str(),
                                         options.dramBytes, options.assertions ? 0 : 1};
  for (size_t i = 0; i < std::max<size_t>(options.count, 1); ++i) {
    Open open;
    if (tsr_device_open(options.device.c_str(), &deviceOptions, &open.device) != TSR_OK)
      return Error{tsr_open_message()};
    measure->devices_.push_back(open);
    for (int region = 0; region < 2; ++region)
      if (tsr_device_allocate(open.device, measure->bytes_[region], target.regionAlignment(),
                              &measure->devices_.back().places[region]) != TSR_OK)
        return Error{tsr_device_message(open.device)};
  }
  return measure;
}

NpuMeasure::~NpuMeasure() {
  for (Open &open : devices_)
    tsr_device_close(open.device);
}

Expected<std::optional<double>> NpuMeasure::run(size_t index, std::span<const npu::Command> commands) {
  struct End {
    void operator()(tsr_recorder *recorder) const { tsr_record_end(recorder); }
  };
  Open &open = devices_[index];
  tsr_recorder *made = nullptr;
  if (tsr_record_begin(open.device, &made) != TSR_OK)
    return Error{tsr_device_message(open.device)};
  const std::unique_ptr<tsr_recorder, End> recorder(made);
  for (uint32_t region = 0; region < 2; ++region)
    tsr_record_region(made, region, open.places[region], bytes_[region]);
  if (npu::recordCommands(made, commands) != TSR_OK || tsr_record_finish(made) != TSR_OK)
    return std::optional<double>(); // the program checker or the micro-op memory refuses it
  tsr_launch_result result{};
  switch (tsr_record_run(made, options_.timeoutSeconds, &result)) {
  case TSR_OK:
    return std::optional(double(result.cycles));
  case TSR_DEVICE_ERROR:
    return std::optional<double>();
  default:
    return Error{tsr_record_message(made)}; // after a timeout the core still runs
  }
}

Expected<std::vector<std::optional<double>>>
NpuMeasure::cycles(std::span<const std::function<Expected<std::vector<npu::Command>>()>> programs) {
  std::vector<std::optional<double>> values(programs.size());
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::optional<Error> failed;
  auto work = [&](size_t device) {
    for (size_t i; (i = next++) < programs.size();) {
      auto commands = programs[i]();
      if (!commands)
        continue;
      auto value = run(device, *commands);
      if (value) {
        values[i] = *value;
        continue;
      }
      const std::lock_guard lock(mutex);
      failed = value.error();
      return;
    }
  };
  std::vector<std::thread> threads;
  for (size_t device = 1; device < devices_.size(); ++device)
    threads.emplace_back(work, device);
  work(0);
  for (std::thread &thread : threads)
    thread.join();
  if (failed)
    return *failed;
  return values;
}

} // namespace tessera::compiler
