/// The tuning log: what was measured, and which choice won; a SQLite file that `tessera tune` writes and compilations read.
///
/// A task is what is tuned (a few neighbouring layers, a kernel), by its key: what it computes. A place is where it was measured: the
/// machine with its memory model, or a processor, and the version of everything that decides about time. Choices are text, values are
/// cycles or seconds: smaller is better. Docs: docs/tuning.md.
///
/// Several processes may use a file at once: each call is one transaction, and waits up to kBusySeconds for the others. A file that is damaged,
/// of something else or of a newer format is an error and stays as it is. Errors name the file. Thread safety: calls on one object come
/// from one thread at a time.
#ifndef TESSERA_COMPILER_TUNING_LOG_H
#define TESSERA_COMPILER_TUNING_LOG_H

#include "tessera/isa/error.h"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler {

/// Where something is measured, and with what.
struct TuningPlace {
  std::string machine; ///< hash of the machine's configuration, or the processor
  std::string memory;  ///< the memory model; empty on a processor
  std::string version; ///< tuningVersion()
};

/// Names everything that decides about time: a hash of the compiler's planner, the driver's recording, the instruction set and the Verilog.
std::string tuningVersion();

struct TuningMeasurement {
  std::string choice;
  std::optional<double> value; ///< nothing: it could not be measured
};

struct TunedChoice {
  std::string choice;
  double value = 0, untuned = 0; ///< of this choice and of the usual one
};

class TuningLog {
public:
  enum class Mode { Read, Write };
  static constexpr int kBusySeconds = 20;

  virtual ~TuningLog() = default;

  /// Opens the file; with Write makes it where there is none, with its folder.
  static isa::Expected<std::unique_ptr<TuningLog>> open(const std::string &path, Mode mode);

  /// All measurements of a task, in the order in which they came.
  virtual isa::Expected<std::vector<TuningMeasurement>> measurements(const TuningPlace &place,
                                                                     const std::string &task) = 0;
  /// Adds measurements; one of a choice that is there already takes its place.
  virtual isa::Expected<void> add(const TuningPlace &place, const std::string &task,
                                  std::span<const TuningMeasurement> measurements) = 0;

  virtual isa::Expected<std::optional<TunedChoice>> chosen(const TuningPlace &place,
                                                           const std::string &task) = 0;
  /// Sets the task's choice, or takes it away.
  virtual isa::Expected<void> choose(const TuningPlace &place, const std::string &task,
                                     const std::optional<TunedChoice> &choice) = 0;
  /// Sets the choices of several tasks, all or none of them.
  virtual isa::Expected<void> choose(const TuningPlace &place,
                                     const std::map<std::string, TunedChoice> &choices) = 0;
};

/// `tuning.db` in the user's cache folder: $XDG_CACHE_HOME/tessera, or ~/.cache/tessera.
std::string defaultTuningLog();

} // namespace tessera::compiler

#endif
