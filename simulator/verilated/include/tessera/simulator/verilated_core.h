// The Verilog core, cycle by cycle: one object is one core of one machine with its memory model and DRAM.
//
// Contract
// - The model of a machine is a shared library of its own (libtessera_cycle_<machine>.so). It is looked for beside the
//   binary, in the build, then in the cache folder ${XDG_CACHE_HOME:-~/.cache}/tessera; when no fresh one is there it is
//   built (configuration generator, verilator, clang++), which takes a minute and says so on stderr if that is a terminal.
// - Deterministic: the same program, machine and memory text give the same bytes and the same number of cycles.
// - Nothing hangs: every call has a limit. Nothing throws.
// - Calls on one object come from one thread at a time; several objects may live side by side.
// - A failed AXI assertion of the core or of its checkers ends the run with RunEnd::Assertion; message() has the text.
//
// Units: addresses and sizes are bytes, times are clock cycles. Register offsets are those of isa (tessera::isa::reg).
//
// Memory models (text of `openVerilatedCore`): "bench" (the model of published cycle counts), "bench,latency=16", "ideal" (bench with
// a latency of 1), "ddr3" (one channel that reads and writes share, with rows and refresh), "chaos,seed=7" (random latency, back-pressure and order between IDs), "mute,after=100" (stops answering after so many
// cycles, for the watchdog's tests; "mute,after=100,until=5000" comes back). An access outside the DRAM answers DECERR.
#ifndef TESSERA_SIMULATOR_VERILATED_CORE_H
#define TESSERA_SIMULATOR_VERILATED_CORE_H

#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"
#include "tessera/simulator/core_pins.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tessera::simulator {

/// How a core is opened.
struct VerilatedOptions {
  std::string memory = "bench"; ///< memory model text; empty is "bench"
  std::size_t dramBytes = std::size_t{256} << 20;
  bool wave = false; ///< use the waveform variant from the start (slower)
  bool assertions =
      true; ///< false: the RTL without its assertions and AXI checkers (faster); a waveform has them again
};

/// Limits of a run; the first that is reached ends it.
struct RunLimits {
  uint64_t maxCycles = 10'000'000'000;
  double maxSeconds = 0; ///< wall time; 0 is no limit
};

enum class RunEnd {
  Done,       ///< the launch has ended: see registers control, error_code and error_index
  CycleLimit, ///< still running after maxCycles
  TimeLimit,  ///< still running after maxSeconds
  Assertion   ///< an assertion in the RTL or its checkers failed: message()
};

class VerilatedCore {
public:
  virtual ~VerilatedCore() = default;

  virtual const isa::MachineConfig &machine() const = 0;

  /// One AXI4-Lite transaction each; takes a few clock cycles. offset is a byte offset, a multiple of 4.
  virtual uint32_t readRegister(uint32_t offset) = 0;
  virtual void writeRegister(uint32_t offset, uint32_t value) = 0;

  /// The device's DRAM, address 0 first. Valid for the life of the core. Starts as zeros.
  virtual std::span<uint8_t> dram() = 0;

  /// Runs until the core is not busy (a launch was written to the control register before). Returns at once if it is not.
  virtual RunEnd runUntilDone(const RunLimits &limits = {}) = 0;

  virtual bool busy() const = 0;       ///< a launch is running
  virtual bool interrupt() const = 0;  ///< level of irq_o
  virtual uint64_t cycles() const = 0; ///< clock cycles since the core was opened, register accesses included
  virtual double secondsInModel() const = 0; ///< wall time spent in runUntilDone

  /// Waveform (FST) of the next launch, from the first cycle in which instruction `first` or a later one runs until every
  /// instruction up to `last` has ended, 10 ns a clock cycle. The file is made at once and stays empty where no launch comes
  /// to `first`. Empty path turns it off. Where the core was opened without `wave`, this exchanges
  /// the model for its waveform variant: registers are kept, scratchpads start as zeros.
  virtual isa::Expected<void> wave(const std::string &path, uint32_t first, uint32_t last) = 0;

  /// Keeps when the instructions of later launches begin and end, at most `limit` events of each; 0 turns it off.
  virtual void timeline(uint64_t limit) = 0;

  /// The events of the last launch, valid until the next call: cycle of the launch << 16 | tsr_core's timeline_o.
  virtual std::span<const uint64_t> timelineEvents(uint64_t &dropped) const = 0;

  /// What the last failed assertion said; empty if none.
  virtual std::string message() const = 0;
};

/// Opens the core of `machine`. Errors: unknown memory model, DRAM not to be had, no model and no tool to build one.
isa::Expected<std::unique_ptr<VerilatedCore>> openVerilatedCore(const isa::MachineConfig &machine,
                                                                const VerilatedOptions &options = {});

/// The same by machine name or path and memory text.
isa::Expected<std::unique_ptr<VerilatedCore>>
openVerilatedCore(const std::string &machine, const std::string &memory,
                  std::size_t dramBytes = std::size_t{256} << 20);

// ---------------------------------------------------------------------------------------------------------------------
// The same core without a memory model, pin by pin, for SystemC.

class VerilatedPins {
public:
  virtual ~VerilatedPins() = default;
  virtual const isa::MachineConfig &machine() const = 0;
  /// Outputs of the present cycle.
  virtual const CorePinsOut &outputs() const = 0;
  /// One rising clock edge that sees `in` together with outputs(); then outputs() are those of the next cycle.
  virtual void clock(const CorePinsIn &in) = 0;
  virtual std::string message() const = 0; ///< first failed assertion; empty if none
};

/// Opens the pins of a core, in reset for a few cycles already (outputs() are those of the first cycle after reset).
isa::Expected<std::unique_ptr<VerilatedPins>> openVerilatedPins(const isa::MachineConfig &machine);

} // namespace tessera::simulator

#endif
