/// One loop nest of the host's code by itself: compiled with a given tile, run on memory of its own, and timed.
#ifndef TESSERA_COMPILER_TUNE_CPU_KERNEL_H
#define TESSERA_COMPILER_TUNE_CPU_KERNEL_H

#include "cpu/tile_choice.h"

#include "tessera/compiler/host_code.h"
#include "tessera/isa/error.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tessera::compiler {

class CpuKernel {
public:
  /// Compiles the nest (MLIR bytecode, as pipeline.h's KernelSink gets it) with the tile of that text, the usual one without.
  static isa::Expected<std::unique_ptr<CpuKernel>> make(const std::string &bytecode,
                                                        const std::optional<std::string> &tile);
  /// What is known of the nest: its key and loops. Nothing where it is not tiled.
  struct Nest {
    std::string key;
    cpu::LoopNest nest;
  };
  static isa::Expected<std::optional<Nest>> look(const std::string &bytecode);

  /// Puts the same values into the buffers each time.
  void fill();
  void run() const;
  /// Every byte of the buffers, for comparing.
  std::vector<uint8_t> bytes() const;
  /// Seconds of a run, on average over so many.
  double seconds(int runs) const;

private:
  struct Buffer {
    std::vector<uint8_t> bytes; ///< with room to align
    uint8_t *data = nullptr;
    size_t size = 0;
    bool isFloat = false;
  };
  std::unique_ptr<HostCode> code_;
  std::vector<Buffer> buffers_;
  mutable std::vector<void *> pointers_;
};

/// Keeps the calling thread on the processor that it is on, as long as this lives.
class Pinned {
public:
  Pinned();
  ~Pinned();
  Pinned(const Pinned &) = delete;
  Pinned &operator=(const Pinned &) = delete;

private:
  std::vector<unsigned char> before_; ///< a cpu_set_t
};

/// For each kernel how long it takes against the first one: the median over rounds in which all take turns.
std::vector<double> timeAgainstFirst(const std::vector<CpuKernel *> &kernels, int rounds, double secondsEach);

} // namespace tessera::compiler

#endif
