// Which elements an instruction reads and writes.
#ifndef TESSERA_COSIM_ACCESS_SET_H
#define TESSERA_COSIM_ACCESS_SET_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tessera::cosim {

/// Scratchpads and DRAM (bytes). OUT and ACC are two memories.
enum class Space : uint8_t { Uop, Wgt, Inp, Acc, Out, Par, Dram };
inline constexpr size_t kSpaces = 7;

/// A set of [begin, end) pieces; adjoining ones are joined when added in order.
class PieceSet {
public:
  void add(uint32_t begin, uint32_t end);
  bool empty() const { return pieces_.empty(); }
  bool meets(const PieceSet &other) const;
  const std::vector<std::pair<uint32_t, uint32_t>> &pieces() const { return pieces_; }

private:
  std::vector<std::pair<uint32_t, uint32_t>> pieces_;
  uint32_t lowest_ = UINT32_MAX, highest_ = 0;
};

struct AccessSet {
  std::array<PieceSet, kSpaces> reads, writes;
  PieceSet &reading(Space space) { return reads[static_cast<size_t>(space)]; }
  PieceSet &writing(Space space) { return writes[static_cast<size_t>(space)]; }
  /// One writes what the other reads or writes.
  bool conflicts(const AccessSet &other) const;
};

} // namespace tessera::cosim

#endif
