// libFuzzer target of the image reader: whatever it accepts must survive writing and reading unchanged.
// A custom mutator mends the checksums most of the time, so that the code behind them is reached.
#include "tessera/isa/image.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {

constexpr size_t kHeaderBytes = 40, kEntryBytes = 56;

uint64_t get(const uint8_t *at, size_t bytes) {
  uint64_t value = 0;
  std::memcpy(&value, at, bytes);
  return value;
}

void put32(uint8_t *at, uint32_t value) { std::memcpy(at, &value, 4); }

void mendChecksums(uint8_t *data, size_t size) {
  if (size < kHeaderBytes)
    return;
  size_t count = std::min<size_t>(get(data + 12, 4), (size - kHeaderBytes) / kEntryBytes);
  for (size_t i = 0; i < count; ++i) {
    uint8_t *entry = data + kHeaderBytes + i * kEntryBytes;
    uint64_t offset = get(entry + 32, 8), bytes = get(entry + 40, 8);
    if (offset <= size && bytes <= size - offset)
      put32(entry + 48, tessera::isa::crc32({data + offset, bytes}));
  }
  put32(data + 32, 0);
  put32(data + 32, tessera::isa::crc32({data, kHeaderBytes + count * kEntryBytes}));
}

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  if (size < kHeaderBytes) {
    tessera::isa::ProgramImage image;
    image.configHash = seed;
    image.setText("metadata", "{}");
    image.set("constants", std::vector<uint8_t>(seed % 100, 7));
    std::vector<uint8_t> bytes = *image.serialize();
    size = std::min(bytes.size(), maxSize);
    std::copy_n(bytes.begin(), size, data);
  }
  size = LLVMFuzzerMutate(data, size, maxSize);
  if (seed % 8 != 0) {
    if (size >= kHeaderBytes && seed % 3 != 0)
      std::memcpy(data + 24, &size, 8);
    mendChecksums(data, size);
  }
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  auto image = tessera::isa::ProgramImage::parse({data, size});
  if (!image) {
    if (image.error().message.empty())
      std::abort();
    return 0;
  }
  auto bytes = image->serialize();
  auto again = bytes ? tessera::isa::ProgramImage::parse(*bytes)
                     : tessera::isa::Expected<tessera::isa::ProgramImage>(bytes.error());
  if (!again || again->configHash != image->configHash || again->sections() != image->sections())
    std::abort();
  return 0;
}
