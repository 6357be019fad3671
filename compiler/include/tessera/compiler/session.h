/// A network ready to run on a device: compiled or loaded, linked, and its constants on the device.
///
/// What the command line, the examples and the tests use. A session owns its device. Tensors are dense row-major bytes (NHWC),
/// as the model file declares them. The first run of a session records, later ones replay. Calls on one session come from
/// one thread at a time; two sessions are independent.
#ifndef TESSERA_COMPILER_SESSION_H
#define TESSERA_COMPILER_SESSION_H

#include "tessera/isa/error.h"
#include "tessera/isa/machine.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler {

struct SessionOptions {
  /// A name of tsr_device_list(), or "cpu": everything on the host, no device.
  std::string device = "functional";
  /// A machine's name or the path of its JSON file. Empty: the one that a program image was made for, or pynq.
  std::string machine;
  /// Memory model of the devices that have one: "bench", "bench,latency=16", "ideal", "ddr3", "chaos,seed=7". Empty: the device's default.
  std::string memory;
  /// Device DRAM; 0 is the device's default.
  size_t dramBytes = 0;
  /// False: device cycle without the RTL's assertions, which is faster.
  bool assertions = true;
  /// Threads of the CPU's part, the caller's among them; 0: one for each processor that the process may use, and never more.
  uint32_t threads = 1;
  /// False: the CPU does nothing while the device runs, and run() of several cases does one after the other.
  bool overlap = true;
  /// Limit of each launch.
  double timeoutSeconds = 600;
  /// Name of the model in reports.
  std::string modelName = "model";
  /// Reads where the cycles of each launch went, for profile(); open() fails where the device does not count that.
  bool profile = false;
  /// With `profile`: keeps when instructions and host code ran, for timeline(), at most so many events a launch. 0: not kept.
  uint64_t timelineEvents = 0;
  /// Where an ONNX model's data in other files may lie; empty: nowhere.
  std::string modelFolder;
  /// Fixes open extents of an ONNX model's inputs by their names.
  std::map<std::string, int64_t> extents;
  /// A tuning log whose choices, measured with `memory`, the compilation takes; empty: none.
  std::string tuned;
  /// Called with one line about what the log could not give.
  std::function<void(const std::string &warning)> warn;
};

/// An extent that only a run decides.
inline constexpr uint64_t kDynamicExtent = ~uint64_t{0};

/// An input or output.
struct TensorInfo {
  std::string name;
  std::string
      type; ///< int8, uint8, ..., int64, uint64, float16, float32, float64, bool; bfloat16 and smaller ones of ONNX
  std::vector<uint64_t> shape; ///< kDynamicExtent where the run decides
  std::vector<std::string>
      symbols;      ///< the file's names of dynamic extents, "?" where it has none; empty for a static shape
  double scale = 0; ///< 0: not quantised
  int64_t zeroPoint = 0;
  uint64_t bytes = 0; ///< 0 where an extent is dynamic
  bool isDynamic() const { return !symbols.empty(); }
};

/// What a run gets or gives: bytes and their shape.
struct TensorData {
  std::vector<uint64_t> shape;
  std::vector<uint8_t> data;
};

/// One operation of the network, as it was placed, and what it cost in the last run.
struct LayerReport {
  std::string name;
  std::string op;
  std::string placement; ///< "npu" or "cpu"
  std::string reason;    ///< why there
  uint64_t macs = 0;
  uint64_t cycles = 0;    ///< 0 on the CPU and on devices that do not count
  double utilization = 0; ///< macs / (cycles x multiply-accumulates a cycle)
  double wallSeconds = 0; ///< its share of the launch's time, by cycles
};

/// What crossed between the host and the launches, in bytes of dense arrays (docs/profile.md).
struct BorderBytes {
  uint64_t shared = 0;    ///< written and read where they lie
  uint64_t copied = 0;    ///< in the same order
  uint64_t converted = 0; ///< to or from the device's layout
};

struct RunReport {
  uint64_t cycles = 0; ///< of all launches
  uint64_t macs = 0;
  double utilization = 0;
  double wallSeconds = 0;              ///< of the whole inference, host code included; of many cases the mean
  double deviceSeconds = 0;            ///< of the launches
  double simulatedCyclesPerSecond = 0; ///< cycles / deviceSeconds
  uint64_t instructions = 0;
  uint64_t microOps = 0;
  BorderBytes borders;
  std::vector<LayerReport> layers;
};

/// Where the cycles went, in the order of the driver's TSR_CYCLE_ARRAY ...
inline constexpr std::array<const char *, 7> kCycleClasses = {"array", "vector",      "load",    "store",
                                                              "token", "instruction", "pipeline"};

/// What the device did from one layer's end to the next layer's: the cycles by class, which add up, and bytes.
struct ProfileRow {
  std::string
      name; ///< of the layer, or of the first of those that ran side by side; "(end)": after a launch's last layer
  std::string op;
  size_t layers = 0; ///< how many it stands for
  uint32_t segment = 0;
  uint64_t macs = 0;
  uint64_t cycles = 0;
  std::array<uint64_t, kCycleClasses.size()> classes{};
  uint64_t readBytes = 0, writtenBytes = 0, instructionBytes = 0;
  uint64_t leastBytes = 0; ///< every byte that the layer reads or writes in device memory, once
};

/// When something ran, on the one clock that host and device share (docs/profile.md).
struct TimelineSlice {
  enum class Track { Host, HostLayer, Launch, Instruction };
  std::string name; ///< what the host did, or the instruction's text
  Track track = Track::Host;
  size_t run = 0;    ///< which inference
  size_t lane = 0;   ///< which of the host's threads had it
  uint32_t unit = 0; ///< of an instruction: 0 load, 1 store, 2 array, 3 vector unit, 4 compute's loader
  uint32_t segment = 0;
  uint32_t instruction = 0;       ///< its place in the launch's program
  uint64_t cycle = 0, cycles = 0; ///< of the device: from the launch's begin, and how many
  double begin = 0, end = 0;      ///< microseconds from the first run's begin
};

class Session {
public:
  virtual ~Session() = default;

  /// Compiles `file` where it is a TFLite or ONNX model, loads it where it is a program image, and opens the device.
  static isa::Expected<std::unique_ptr<Session>> open(std::span<const uint8_t> file,
                                                      const SessionOptions &options);

  virtual const isa::MachineConfig &machine() const = 0;
  virtual const std::string &modelName() const = 0;
  virtual const std::vector<TensorInfo> &inputs() const = 0;
  virtual const std::vector<TensorInfo> &outputs() const = 0;

  /// One inference; `inputs` in the order of inputs(), each of exactly its bytes. Gives the outputs in the order of outputs().
  virtual isa::Expected<std::vector<std::vector<uint8_t>>>
  run(std::span<const std::span<const uint8_t>> inputs) = 0;

  /// One inference of a network whose shapes may be dynamic: each input with its shape, each output with the one it got. Checks
  /// shapes against inputs(); extents of one name must agree.
  virtual isa::Expected<std::vector<TensorData>> run(std::span<const TensorData> inputs) = 0;

  /// Many cases, the outputs of each. Where the shapes are static, two are under way at a time: while one is on the device, the CPU prepares the next and finishes the
  /// last. Outputs are those of one after the other; an error begins with "case N: ", where the first is `number`.
  virtual isa::Expected<std::vector<std::vector<TensorData>>>
  run(std::span<const std::vector<TensorData>> cases, size_t number = 0) = 0;

  /// True where an input or output has a dynamic extent: the other run() is refused then.
  virtual bool isDynamic() const = 0;

  /// What the last run cost; before the first run, the placement alone.
  virtual RunReport report() const = 0;

  /// What the last run's launches did (of several cases the last's), row by row in the order of the program; only with SessionOptions::profile.
  virtual isa::Expected<std::vector<ProfileRow>> profile() const = 0;

  /// The inferences of the timeline, all of the last run(), and what the launches of each did; only with SessionOptions::timelineEvents.
  virtual size_t timelineRuns() const = 0;
  virtual size_t timelineLanes() const = 0; ///< threads of the host that they were on: 1 or 2
  virtual isa::Expected<std::vector<ProfileRow>> profileOfRun(size_t run) const = 0;

  /// Tells every slice of the last run's timeline, the host's, then launch by launch and unit by unit in order of time, on a device of this
  /// clock, and gives how many events were past the limit; only with SessionOptions::timelineEvents.
  virtual isa::Expected<uint64_t> timeline(double clockMegahertz,
                                           const std::function<void(const TimelineSlice &)> &tell) const = 0;

  /// Writes the waveform (FST) of instructions [first, last] of the next run's launches to `path`.
  virtual isa::Expected<void> wave(const std::string &path, uint32_t first, uint32_t last) = 0;
};

} // namespace tessera::compiler

#endif
