// The machine's tensor instructions as data, and the matcher that finds the one which computes a loop nest.
//
// An instruction is a small function: how it combines (multiply and add, maximum, ...), and its lanes: the dimensions that one
// micro-op covers, each described by the operands whose index it moves, whether it is summed over, how far it reaches and
// where it lies in the source. A computation is a list of dimensions described the same way. The matcher gives lanes to
// dimensions; what is left over becomes the loops of the kernel. To add an instruction to the compiler, add an entry to the table.
#pragma once

#include "kernel.h"
#include "target.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tessera::compiler::npu {

enum class Combine { MultiplyAdd, Add, Max, ScaledAdd, Requantise };

// Bits of operands, for "this dimension moves the index of these".
enum Operands : uint8_t { kDst = 1, kSrc = 2, kWgt = 4 };

struct Lane {
  enum class Extent { BlockOut, BlockIn, Taps };
  enum class Place { NotInSource, WithinElement, AcrossPixels };
  uint8_t operands;
  bool reduction;
  Extent extent;
  Place place;
};

struct TensorInstruction {
  const char *name;
  bool vector;   // VEC, else REDUCE
  uint32_t code; // isa::VecOp or isa::ReduceOp
  Combine combine;
  std::optional<isa::Feature>
      feature; // what the machine must have; none: level vta, where GEMM and ALU make it up (expand_vta.h)
  std::vector<Lane> lanes;
};

// One dimension of a computation. Strides are in elements: of one step, or for a dimension that becomes a lane of one lane's worth
// (save the source of taps, which is given per pixel).
struct Dimension {
  const char *name;
  uint32_t extent;
  uint8_t operands;
  bool reduction;
  bool withinSource; // its index runs inside a source element
  uint32_t dst = 0, src = 0, wgt = 0;
};

// Dimensions outermost first, reductions last.
struct Computation {
  Combine combine;
  std::vector<Dimension> dimensions;
};

struct TensorMatch {
  const TensorInstruction *instruction = nullptr;
  uint32_t taps = 1; // pixels that a micro-op covers
  uint32_t overread =
      0; // pixels past the window that the last micro-op of a row reads (their weights are zero)
  Kernel kernel;
};

// No instruction fits: instruction is null in the result, and *why (if given) says what each candidate lacked.
TensorMatch matchComputation(const Target &target, const Computation &computation,
                             std::string *why = nullptr);

} // namespace tessera::compiler::npu
