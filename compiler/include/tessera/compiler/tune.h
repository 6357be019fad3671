/// Tuning of a network by measuring: plans of its layers are varied, the most promising ones run on a device, and the fastest kept in a log
/// (tuning_log.h) that later compilations read. What is computed stays the same to the byte. Docs: docs/tuning.md.
#ifndef TESSERA_COMPILER_TUNE_H
#define TESSERA_COMPILER_TUNE_H

#include "tessera/isa/error.h"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler {

/// How far a tuning is. Cycles are of the whole network, by estimate from those of its tasks.
struct TuneProgress {
  size_t measured = 0, trials = 0;
  double untuned = 0, best = 0;
  double seconds = 0;
};

struct TuneOptions {
  std::string device = "cycle"; ///< any that counts cycles
  std::string machine = "pynq"; ///< a machine's name or the path of its JSON file
  std::string memory;           ///< memory model; empty: the device's default, "bench"
  size_t dramBytes = 0;         ///< of each device; 0: its default
  bool assertions = false;      ///< measure on the core with the RTL's assertions: slower, the same cycles
  size_t devices = 2;           ///< that measure at the same time
  size_t trials = 640;          ///< measurements at most, those of the whole network not counted
  double timeLimitSeconds =
      540; ///< no batch of measurements begins later; the last one, and the whole network's, come on top
  double epsilon = 0.15; ///< share of the measurements that is drawn at random
  uint64_t seed = 1;
  std::string log; ///< the file
  std::string modelName = "model";
  std::string modelFolder;
  std::map<std::string, int64_t> extents;
  /// Asked between batches of measurements: true ends the search, and what was found is kept.
  std::function<bool()> stop;
  std::function<void(const TuneProgress &)> progress;
};

/// A few neighbouring layers that were tuned together; cycles are theirs and those of the neighbours that were measured with them.
struct TunedTask {
  std::string firstLayer, lastLayer;
  size_t layers = 0;
  size_t occurrences = 0; ///< in the network
  uint64_t untuned = 0, tuned = 0;
  uint64_t ideal = 0; ///< multiply-accumulates / those of a cycle
  std::string choice; ///< as the log has it
};

struct TuneReport {
  std::string machine, memory;
  size_t measured = 0; ///< in this run, those that failed included
  size_t failed = 0;
  size_t known = 0;                ///< from the log
  uint64_t untuned = 0, tuned = 0; ///< cycles of the whole network, measured
  bool kept = false;               ///< the choices are in the log: the network is faster with them
  double seconds = 0;
  std::vector<TunedTask> tasks; ///< in the order of the network
};

/// Tunes the NPU part of the TFLite or ONNX file in `model`. Errors: what compile() and the device give, no layer on the NPU, a log that cannot be
/// read or written.
isa::Expected<TuneReport> tuneModel(std::span<const uint8_t> model, const TuneOptions &options);

/// Tunes the loop nests of the whole network on this processor, one thread, by time: `untuned`, `tuned` and the tasks' are nanoseconds. Of the
/// options trials, timeLimitSeconds, epsilon, seed, log, modelName, modelFolder, extents, stop and progress count.
isa::Expected<TuneReport> tuneModelOnCpu(std::span<const uint8_t> model, const TuneOptions &options);

} // namespace tessera::compiler

#endif
