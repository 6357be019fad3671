/// Sums of products of signed bytes as dots of four, for processors that have an instruction for them.
#ifndef TESSERA_COMPILER_CPU_BYTE_DOT_H
#define TESSERA_COMPILER_CPU_BYTE_DOT_H

#include "cpu/nest_of.h"

#include <optional>
#include <vector>

namespace tessera::compiler::cpu {

/// A nest whose reduction `run` goes in steps of four bytes that lie side by side in the picture.
///
/// The instruction takes the picture's bytes as unsigned: with their top bit turned they are 128 more, so each sum is 128 times the sum of its
/// weights too large; `excess` is what to take away, by the filter's number. All is modulo 2^32, so the sums are the same to the bit.
struct ByteDot {
  NestOf source;        ///< the weights' array counts groups of four (an int32), the picture's bytes
  unsigned picture = 0; ///< numbers of the inputs
  unsigned weights = 0;
  unsigned run = 0;         ///< the loop of groups
  int64_t bytes = 0;        ///< of the run; the last group may have fewer than four
  std::vector<char> groups; ///< the weights, four by four, zeros behind the run's end
  unsigned filters = 0;     ///< the loop of filters
  std::vector<uint32_t> excess;
};

/// Nothing where `source` is no sum of products of an int8 picture, whose bytes lie side by side along a reduction, with constant int8 weights.
std::optional<ByteDot> byteDotOf(mlir::linalg::LinalgOp op, const NestOf &source);

} // namespace tessera::compiler::cpu

#endif
