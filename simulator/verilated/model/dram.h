// The bytes behind a memory model, one bus beat at a time. An address outside answers DECERR and moves nothing.
#pragma once

#include <cstdint>
#include <cstring>

namespace tessera::cycle {

inline constexpr uint8_t kOkay = 0;
inline constexpr uint8_t kDecodeError = 3;

template <unsigned BusBytes> class Dram {
public:
  Dram(uint8_t *bytes, uint64_t size) : bytes_(bytes), size_(size) {}

  uint8_t read(uint64_t address, void *data) const {
    if (address + BusBytes > size_) {
      std::memset(data, 0, BusBytes);
      return kDecodeError;
    }
    std::memcpy(data, bytes_ + address, BusBytes);
    return kOkay;
  }

  uint8_t write(uint64_t address, const void *data, uint64_t strobes) {
    if (address + BusBytes > size_)
      return kDecodeError;
    if (strobes == kAll) {
      std::memcpy(bytes_ + address, data, BusBytes);
      return kOkay;
    }
    const uint8_t *from = static_cast<const uint8_t *>(data);
    for (unsigned k = 0; k < BusBytes; ++k)
      if (strobes >> k & 1)
        bytes_[address + k] = from[k];
    return kOkay;
  }

private:
  static constexpr uint64_t kAll = BusBytes == 64 ? ~uint64_t{0} : (uint64_t{1} << (BusBytes % 64)) - 1;
  uint8_t *bytes_;
  uint64_t size_;
};

} // namespace tessera::cycle
