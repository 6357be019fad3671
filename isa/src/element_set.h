// A set of scratchpad elements that can be shifted and joined.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tessera::isa {

class ElementSet {
public:
  /// Holds elements below `depth`.
  explicit ElementSet(size_t depth) : words_((depth + 63) / 64) {}

  void add(size_t element) { words_[element / 64] |= uint64_t{1} << element % 64; }
  bool has(size_t element) const { return words_[element / 64] >> element % 64 & 1; }

  /// Adds every element of the other set, which has the same depth, plus `shift`; what passes the depth is dropped.
  void addShifted(const ElementSet &other, size_t shift) {
    size_t skip = shift / 64, bits = shift % 64;
    for (size_t i = words_.size(); i-- > skip;) {
      words_[i] |= other.words_[i - skip] << bits;
      if (bits != 0 && i > skip)
        words_[i] |= other.words_[i - skip - 1] >> (64 - bits);
    }
  }

private:
  std::vector<uint64_t> words_;
};

} // namespace tessera::isa
