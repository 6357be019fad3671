#include "traffic.h"

#include <algorithm>

namespace tessera::driver {

using isa::MemoryType;

namespace {

/// A set of bytes as ranges; merged whenever it grows, so that its size is that of what it covers.
class ByteSet {
public:
  void add(uint64_t begin, uint64_t end) {
    if (begin == end)
      return;
    if (!ranges_.empty() && ranges_.back().second == begin) {
      ranges_.back().second = end;
      return;
    }
    if (ranges_.size() == limit_) {
      merge();
      limit_ = std::max(kLeastLimit, 2 * ranges_.size());
    }
    ranges_.emplace_back(begin, end);
  }

  /// How many bytes are in it; empties it.
  uint64_t take() {
    merge();
    uint64_t bytes = 0;
    for (const auto &[begin, end] : ranges_)
      bytes += end - begin;
    ranges_.clear();
    return bytes;
  }

private:
  static constexpr size_t kLeastLimit = size_t{1} << 16;

  void merge() {
    std::sort(ranges_.begin(), ranges_.end());
    size_t kept = 0;
    for (const auto &range : ranges_) {
      if (kept && range.first <= ranges_[kept - 1].second)
        ranges_[kept - 1].second = std::max(ranges_[kept - 1].second, range.second);
      else
        ranges_[kept++] = range;
    }
    ranges_.resize(kept);
  }

  std::vector<std::pair<uint64_t, uint64_t>> ranges_;
  size_t limit_ = kLeastLimit;
};

} // namespace

std::vector<Traffic> trafficOf(const isa::MachineConfig &machine, std::span<const isa::Word128> stream) {
  const isa::Layout layout(machine);
  std::vector<Traffic> all(1);
  ByteSet reads, writes;
  // The driver sets all base pointers to 0: places in DRAM are those of the instructions.
  const auto move = [&](const auto &instruction, ByteSet *set) {
    const uint64_t element = machine.dramElementBytes(instruction.memoryType);
    for (uint64_t row = 0; set && row < instruction.ySize; ++row) {
      const uint64_t begin = (instruction.dramBase + row * instruction.xStride) * element;
      set->add(begin, begin + instruction.xSize * element);
    }
    return uint64_t{instruction.ySize} * instruction.xSize * element;
  };
  for (const isa::Word128 &word : stream) {
    all.back().instructions += sizeof word;
    const auto instruction = layout.decode(word);
    if (!instruction)
      continue;
    if (const auto *load = std::get_if<isa::Load>(&*instruction))
      all.back().read += move(*load, load->memoryType == MemoryType::Uop ? nullptr : &reads);
    else if (const auto *store = std::get_if<isa::Store>(&*instruction))
      all.back().written += move(*store, &writes);
    else if (std::holds_alternative<isa::SetMark>(*instruction)) {
      all.back().least = reads.take() + writes.take();
      all.emplace_back();
    }
  }
  all.back().least = reads.take() + writes.take();
  return all;
}

} // namespace tessera::driver
