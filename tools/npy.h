/// Arrays in numpy's .npy files (format 1, 2 and 3; little endian, C order), and raw bytes.
/// Source of the format: numpy.lib.format. Broken files give an error that names the file; nothing is read past the end.
#ifndef TESSERA_TOOLS_NPY_H
#define TESSERA_TOOLS_NPY_H

#include "tessera/isa/error.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tessera::tools {

/// An array of numbers. `type` is int8, uint8, bool, int16, uint16, int32, uint32, int64, uint64, float16, float32 or float64.
struct Array {
  std::string type;
  std::vector<uint64_t> shape;
  std::vector<uint8_t> data;
};

/// Bytes an element of the type; 0 for a type that is none of the above.
uint32_t elementBytes(const std::string &type);

/// `int8[1,32,32,3]`.
std::string describe(const std::string &type, std::span<const uint64_t> shape);

/// Element `index` (from 0, below the number of elements); integers above 2^53 are rounded.
double numberAt(const Array &array, size_t index);

/// The place, from 0 on, of the largest of the `count` (1 or more) elements from `first` on: of equal ones the first, a NaN never.
size_t largestOf(const Array &array, size_t first, size_t count);

isa::Expected<Array> parseNpy(std::span<const uint8_t> file, const std::string &name);

/// The bytes of a .npy file, format 1. The array's type must be one of the above and its data complete.
std::vector<uint8_t> formatNpy(const Array &array);

} // namespace tessera::tools

#endif
