/// Sums of products of signed bytes as dots of four, and of int16 as dots of two, for processors that have an instruction for them.
#ifndef TESSERA_COMPILER_CPU_BYTE_DOT_H
#define TESSERA_COMPILER_CPU_BYTE_DOT_H

#include "cpu/nest_of.h"

#include <optional>
#include <vector>

namespace tessera::compiler::cpu {

/// A nest whose reduction `run` goes in steps of a group of four bytes, or two int16, that lie side by side in the picture.
///
/// The instruction takes the picture's bytes as unsigned. Where they are signed: with their top bit flipped they are 128 more, so each sum is 128 times the sum of its
/// weights too large; `excess` is what to take away, by the filter's number. All is modulo 2^32, so the sums are the same to the bit. Pairs of int16 are signed.
///
/// Weights of int16 that are bytes less a zero point (unsigned networks) are held as bytes, `zeroPoint` less than they are: to each sum that many times the sum of the
/// picture's values is to be added, which is one more dot for each place of the picture, of ones.
struct ByteDot {
  NestOf source;        ///< the weights' array counts groups (an int32), the picture's its elements
  unsigned picture = 0; ///< numbers of the inputs
  unsigned weights = 0;
  unsigned run = 0;         ///< the loop of groups
  bool isUnsigned = false;  ///< the picture's bytes are
  int64_t group = 4;        ///< elements of one
  int64_t elements = 0;     ///< of the run; the last group may have fewer
  std::vector<char> groups; ///< the weights, group by group, zeros behind the run's end
  int32_t zeroPoint = 0;
  unsigned filters = 0; ///< the loop of filters
  std::vector<uint32_t> excess;
};

/// Nothing where `source` is no sum of products of a picture of int8 or int16, whose elements lie side by side along a reduction, with constant weights that the
/// target has a dot for.
std::optional<ByteDot> byteDotOf(mlir::linalg::LinalgOp op, const NestOf &source, const CpuTarget &target);

/// A nest of products of narrow integers that lie side by side along the lanes (depthwise): each a dot of two int16 of which the second is zero.
struct WordProducts {
  NestOf source; ///< the weights' array counts int32: an int16 and zeros above it
  unsigned picture = 0;
  unsigned weights = 0;
  bool isUnsigned = false;      ///< the picture's elements are
  std::vector<uint32_t> values; ///< the weights in the order of the constant
};

/// Nothing where `source` is no sum of products of int8 or int16 with constants, or the target has no dot for them.
std::optional<WordProducts> wordProductsOf(mlir::linalg::LinalgOp op, const NestOf &source,
                                           const CpuTarget &target);

} // namespace tessera::compiler::cpu

#endif
