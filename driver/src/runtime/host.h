// What host code of networks with dynamic shapes needs: memory, results of sizes known late, and a way to give up.
#ifndef TESSERA_DRIVER_RUNTIME_HOST_H
#define TESSERA_DRIVER_RUNTIME_HOST_H

#include "tessera/runtime.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tessera::driver {

/// Memory of one run. What host code does not free is freed at the end; freed blocks are kept for the next run.
class HostHeap {
public:
  HostHeap() = default;
  ~HostHeap();
  HostHeap(const HostHeap &) = delete;
  HostHeap &operator=(const HostHeap &) = delete;

  /// 64-byte aligned; null where the limit or the machine's memory does not allow it.
  void *allocate(uint64_t bytes);
  void release(void *data);
  void releaseAll();

  uint64_t limitBytes = uint64_t{1} << 31;

private:
  struct Block {
    uint64_t capacity = 0;
    size_t place = 0; ///< in `live_`
  };
  static Block *blockOf(void *data);
  static void destroy(Block *block);
  void dropSpare();

  std::vector<Block *> live_, spare_;
  uint64_t liveBytes_ = 0, spareBytes_ = 0;
};

/// A result whose shape the run decides.
struct HostResult {
  std::vector<int64_t> extents;
  std::vector<uint8_t> data;
  bool isSet = false;
};

/// Calls the entry with the host functions of this thread bound to `runtime`. What host code gives up with becomes TSR_OUT_OF_RANGE
/// and the runtime's message.
int32_t callHost(tsr_runtime *runtime, const void *const *inputs, void *const *outputs);

} // namespace tessera::driver

#endif
