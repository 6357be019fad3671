// Where the buffers of a device stand in its DRAM: first fit over an ordered map. Units are bytes.
#ifndef TESSERA_DRIVER_ALLOCATOR_H
#define TESSERA_DRIVER_ALLOCATOR_H

#include <cstdint>
#include <map>
#include <optional>

namespace tessera::driver {

class Allocator {
public:
  explicit Allocator(uint64_t bytes) : bytes_(bytes) {}

  /// An address that is a multiple of `alignment` (any number above 0), or nothing where no gap is large enough.
  std::optional<uint32_t> allocate(uint64_t bytes, uint64_t alignment);

  /// False where no buffer starts at `address`.
  bool release(uint32_t address);

  uint64_t used() const { return used_; }
  uint64_t capacity() const { return bytes_; }

private:
  uint64_t bytes_, used_ = 0;
  std::map<uint64_t, uint64_t> buffers_; // address, bytes
};

} // namespace tessera::driver

#endif
