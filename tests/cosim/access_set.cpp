#include "access_set.h"

#include <algorithm>

namespace tessera::cosim {

void PieceSet::add(uint32_t begin, uint32_t end) {
  if (begin >= end)
    return;
  lowest_ = std::min(lowest_, begin);
  highest_ = std::max(highest_, end);
  for (size_t back = 0; back < 4 && back < pieces_.size(); ++back) {
    auto &piece = pieces_[pieces_.size() - 1 - back];
    if (begin <= piece.second && end >= piece.first) {
      piece = {std::min(begin, piece.first), std::max(end, piece.second)};
      return;
    }
  }
  pieces_.emplace_back(begin, end);
}

bool PieceSet::meets(const PieceSet &other) const {
  if (empty() || other.empty() || highest_ <= other.lowest_ || other.highest_ <= lowest_)
    return false;
  for (const auto &[begin, end] : pieces_)
    if (begin < other.highest_ && other.lowest_ < end)
      for (const auto &[otherBegin, otherEnd] : other.pieces_)
        if (begin < otherEnd && otherBegin < end)
          return true;
  return false;
}

bool AccessSet::conflicts(const AccessSet &other) const {
  for (size_t s = 0; s < kSpaces; ++s)
    if (writes[s].meets(other.writes[s]) || writes[s].meets(other.reads[s]) ||
        reads[s].meets(other.writes[s]))
      return true;
  return false;
}

} // namespace tessera::cosim
