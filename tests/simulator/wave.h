// Waveform files (FST), read with the library that writes them (it comes with Verilator).
#ifndef TESSERA_TESTS_SIMULATOR_WAVE_H
#define TESSERA_TESTS_SIMULATOR_WAVE_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tessera::simulator {

struct Wave {
  uint64_t start = 0, end = 0; ///< first and last time
  int secondsExponent = 0;     ///< of a unit of time: -9 is nanoseconds
  /// Signals up to 64 bits wide: their values from a time on. Only those that were asked for and exist.
  std::map<std::string, std::map<uint64_t, uint64_t>> signals;
  size_t wanted = 0;

  bool isComplete() const { return wanted != 0 && signals.size() == wanted; }
  const std::map<uint64_t, uint64_t> &changes(const std::string &name) const { return signals.at(name); }
  uint64_t at(const std::string &name, uint64_t time) const;
};

/// The named signals (`TOP/clk_i`) of a file; a Wave without signals where it is no waveform.
Wave readWave(const std::string &path, const std::vector<std::string> &names);

} // namespace tessera::simulator

#endif
