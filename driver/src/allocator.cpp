#include "allocator.h"

namespace tessera::driver {

std::optional<uint32_t> Allocator::allocate(uint64_t bytes, uint64_t alignment) {
  const auto aligned = [&](uint64_t address) { return (address + alignment - 1) / alignment * alignment; };
  if (bytes == 0 || bytes > bytes_ || alignment == 0 || alignment > bytes_)
    return std::nullopt;
  uint64_t candidate = 0;
  for (const auto &[address, size] : buffers_) {
    if (candidate + bytes <= address)
      break;
    candidate = aligned(address + size);
  }
  if (candidate + bytes > bytes_)
    return std::nullopt;
  buffers_.emplace(candidate, bytes);
  used_ += bytes;
  return static_cast<uint32_t>(candidate);
}

bool Allocator::release(uint32_t address) {
  const auto found = buffers_.find(address);
  if (found == buffers_.end())
    return false;
  used_ -= found->second;
  buffers_.erase(found);
  return true;
}

} // namespace tessera::driver
