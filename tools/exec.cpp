#include "commands.h"
#include "estimate.h"
#include "exec_options.h"
#include "files.h"

#include "tessera/device.h"
#include "tessera/isa/assembler.h"
#include "tessera/isa/encoding.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

namespace reg = isa::reg;

constexpr const char *kCounterNames[TSR_COUNTERS] = {
    "fetch_stall", "load_busy",  "load_stall", "compute_busy", "array_busy", "vector_busy",
    "wait_load",   "wait_store", "store_busy", "store_stall",  "read_beats", "write_beats"};

constexpr uint64_t kDramBytes = uint64_t{256} << 20;

struct CloseDevice {
  void operator()(tsr_device *device) const { tsr_device_close(device); }
};

/// One raw program on one device.
class Execution {
public:
  Execution(const ExecArguments &arguments, ExecPlan plan) : arguments_(arguments), plan_(std::move(plan)) {}

  /// Everything up to the files and the report. An error means that nothing ran; how a program ended is in the report.
  Expected<void> run() {
    for (auto step : {&Execution::open, &Execution::writeMemory, &Execution::check, &Execution::launch,
                      &Execution::readMemory, &Execution::report})
      if (Expected<void> done = (this->*step)(); !done)
        return done;
    return {};
  }

  bool succeeded() const { return status_ == TSR_OK; }
  const std::string &failure() const { return failure_; }

private:
  Expected<void> deviceResult(tsr_status status) const {
    if (status == TSR_OK)
      return {};
    return Error{tsr_device_message(device_.get())};
  }

  Expected<void> open() {
    auto machine = isa::loadMachine(arguments_.machine);
    if (!machine)
      return machine.error();
    machine_ = std::move(*machine);
    const tsr_device_options options{arguments_.machine.c_str(),
                                     arguments_.memory.empty() ? nullptr : arguments_.memory.c_str(),
                                     kDramBytes, 0};
    tsr_device *device = nullptr;
    if (tsr_device_open(arguments_.device.c_str(), &options, &device) != TSR_OK)
      return Error{tsr_open_message()};
    device_.reset(device);
    return {};
  }

  Expected<void> writeMemory() {
    for (const MemoryWrite &write : plan_.writes) {
      const auto data = readFile(write.path);
      if (!data)
        return data.error();
      if (auto done =
              deviceResult(tsr_device_write(device_.get(), write.address, data->data(), data->size()));
          !done)
        return Error{write.path + ": " + done.error().message};
    }
    return {};
  }

  Expected<void> check() {
    if (!arguments_.check)
      return {};
    if (plan_.insnAddress + uint64_t{plan_.insnCount} * sizeof(isa::Word128) > kDramBytes)
      return Error{"program is refused: " + arguments_.count + " instructions at " + arguments_.insns +
                   " end past the device's " + std::to_string(kDramBytes) + " bytes of memory"};
    std::vector<isa::Word128> program(plan_.insnCount);
    if (auto read = deviceResult(tsr_device_read(device_.get(), plan_.insnAddress, program.data(),
                                                 program.size() * sizeof program[0]));
        !read)
      return read;
    isa::CheckContext context;
    context.dramBytes = kDramBytes;
    context.bases = plan_.bases;
    context.readWords = [this](uint64_t address, std::span<uint32_t> words) {
      return tsr_device_read(device_.get(), static_cast<uint32_t>(address), words.data(),
                             words.size_bytes()) == TSR_OK;
    };
    if (auto checked = isa::checkProgram(machine_, program, context); !checked)
      return Error{"program is refused: " + checked.error().message};
    return {};
  }

  Expected<void> launch() {
    const isa::BasePointers &b = plan_.bases;
    if (auto checked = isa::checkBases(machine_, b); !checked)
      return Error{"program is refused: " + checked.error().message};
    for (auto [offset, value] : {std::pair{reg::kUopBase, b.uop},
                                 {reg::kInpBase, b.inp},
                                 {reg::kWgtBase, b.wgt},
                                 {reg::kAccBase, b.acc},
                                 {reg::kOutBase, b.out},
                                 {reg::kParBase, b.par},
                                 {reg::kInsnAddress, plan_.insnAddress},
                                 {reg::kInsnCount, plan_.insnCount}})
      if (auto done = deviceResult(tsr_device_write_register(device_.get(), offset, value)); !done)
        return done;
    if (!arguments_.wave.empty())
      if (auto done = deviceResult(tsr_device_wave(device_.get(), arguments_.wave.c_str(), 0, UINT32_MAX));
          !done)
        return done;
    if (auto done = deviceResult(tsr_device_launch(device_.get())); !done)
      return done;
    status_ = tsr_device_wait(device_.get(), arguments_.timeoutSeconds, &result_);
    if (status_ != TSR_OK)
      failure_ = tsr_device_message(device_.get());
    if (result_.errorCode != 0)
      describeFailure();
    return {};
  }

  /// Adds the text of the instruction that failed.
  void describeFailure() {
    isa::Word128 word;
    if (result_.errorIndex >= plan_.insnCount ||
        tsr_device_read(device_.get(), plan_.insnAddress + 16 * result_.errorIndex, &word, sizeof word) !=
            TSR_OK)
      return;
    failedInstruction_ = isa::disassemble(word, machine_);
    failure_ += ": " + failedInstruction_;
  }

  Expected<void> readMemory() {
    if (status_ == TSR_TIMEOUT)
      return {};
    for (const MemoryRead &read : plan_.reads) {
      if (uint64_t{read.address} + read.bytes > kDramBytes)
        return Error{read.path + ": " + std::to_string(read.bytes) + " bytes at " +
                     std::to_string(read.address) + " end past the device's " + std::to_string(kDramBytes) +
                     " bytes of memory"};
      std::vector<uint8_t> data(read.bytes);
      if (auto done = deviceResult(tsr_device_read(device_.get(), read.address, data.data(), data.size()));
          !done)
        return Error{read.path + ": " + done.error().message};
      if (auto written = writeFile(read.path, std::span<const uint8_t>(data)); !written)
        return written;
    }
    return {};
  }

  Expected<void> report() {
    uint64_t counters[TSR_COUNTERS] = {};
    if (status_ != TSR_TIMEOUT)
      if (auto done = deviceResult(tsr_device_counters(device_.get(), counters)); !done)
        return done;
    if (!plan_.isStdoutTaken)
      printReport(counters);
    if (arguments_.json.empty())
      return {};
    nlohmann::ordered_json json;
    json["device"] = arguments_.device;
    json["machine"] = machine_.name;
    json["memory"] = arguments_.memory;
    json["status"] = status_ == TSR_OK ? "ok" : status_ == TSR_TIMEOUT ? "timeout" : "error";
    json["cycles"] = result_.cycles;
    json["cycles_estimated"] = estimatesCycles(arguments_.device, arguments_.memory);
    json["wall_seconds"] = result_.wallSeconds;
    json["simulated_cycles_per_second"] = cyclesPerSecond();
    if (status_ != TSR_OK) {
      json["error"] = {{"message", failure_},
                       {"code", result_.errorCode},
                       {"name", tsr_error_name(result_.errorCode)},
                       {"index", result_.errorIndex},
                       {"instruction", failedInstruction_}};
    }
    for (size_t i = 0; i < TSR_COUNTERS; ++i)
      json["counters"][kCounterNames[i]] = counters[i];
    return writeFile(arguments_.json, std::string_view(json.dump(2) + "\n"));
  }

  double cyclesPerSecond() const {
    return result_.wallSeconds > 0 ? static_cast<double>(result_.cycles) / result_.wallSeconds : 0;
  }

  void printReport(const uint64_t *counters) const {
    std::printf("%s %s: %s\n", arguments_.device.c_str(), machine_.name.c_str(),
                status_ == TSR_OK ? "done" : "failed");
    if (result_.cycles == 0)
      return;
    if (estimatesCycles(arguments_.device, arguments_.memory)) {
      std::printf("  %llu cycles by estimate\n", static_cast<unsigned long long>(result_.cycles));
      return; // nothing is counted
    }
    std::printf("  %llu cycles, %.0f cycles/s simulated\n", static_cast<unsigned long long>(result_.cycles),
                cyclesPerSecond());
    for (size_t i = 0; i < TSR_COUNTERS; ++i)
      std::printf("  %-12s %llu\n", kCounterNames[i], static_cast<unsigned long long>(counters[i]));
  }

  const ExecArguments &arguments_;
  ExecPlan plan_;
  isa::MachineConfig machine_;
  std::unique_ptr<tsr_device, CloseDevice> device_;
  tsr_status status_ = TSR_OK;
  tsr_launch_result result_{};
  std::string failure_, failedInstruction_;
};

int exec(const ExecArguments &arguments) {
  auto plan = planExec(arguments);
  if (!plan)
    return fail(plan.error().message);
  Execution execution(arguments, std::move(*plan));
  if (auto done = execution.run(); !done)
    return fail(done.error().message);
  return execution.succeeded() ? 0 : fail(execution.failure());
}

} // namespace

void addExec(CLI::App &app, int &status) {
  auto arguments = std::make_shared<ExecArguments>();
  CLI::App *command =
      app.add_subcommand("exec", "Run a raw program on a device, as a foreign VTA program is tried");
  command->add_option("--device", arguments->device, "functional, cycle, systemc")->capture_default_str();
  command->add_option("--machine", arguments->machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command->add_option("--memory", arguments->memory,
                      "memory model: bench, bench,latency=16, ideal, ddr3, chaos,seed=7");
  command->add_option("--write", arguments->writes,
                      "ADDRESS=FILE: a file to device memory before the launch");
  command->add_option("--insns", arguments->insns, "address of the first instruction")->capture_default_str();
  command->add_option("--count", arguments->count, "number of instructions")->required();
  command->add_option("--base", arguments->bases,
                      "MEMORY=ADDRESS: base pointer of uop, inp, wgt, acc, out or par; 0 if not given");
  command->add_option("--read", arguments->reads,
                      "ADDRESS:BYTES=FILE: device memory to a file after the launch");
  command->add_option("--json", arguments->json, "write the report there; - is stdout");
  command->add_option("--timeout", arguments->timeoutSeconds, "seconds")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_option("--wave", arguments->wave, "waveform (FST) to write");
  command->add_flag("--check", arguments->check,
                    "refuse programs that the checker cannot prove; without it any program is tried");
  command->footer("\nNumbers are decimal or 0x.\n"
                  "tessera exec --device cycle --machine pynq --write 0=insns.bin --write 0x1000=data.bin "
                  "--count 12 --base "
                  "inp=0x1000 --read 0x8000:1024=out.bin --json report.json");
  command->callback([arguments, &status] { status = exec(*arguments); });
}

} // namespace tessera::tools
