#include "npy.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct TypeName {
  std::string_view code; // as numpy writes it, without the byte order
  std::string_view name;
  uint32_t bytes;
};

constexpr TypeName kTypes[] = {{"i1", "int8", 1},    {"u1", "uint8", 1},   {"b1", "bool", 1},
                               {"i2", "int16", 2},   {"u2", "uint16", 2},  {"i4", "int32", 4},
                               {"u4", "uint32", 4},  {"i8", "int64", 8},   {"u8", "uint64", 8},
                               {"f2", "float16", 2}, {"f4", "float32", 4}, {"f8", "float64", 8}};
constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr size_t kMaxRank = 32;

/// Reads the header's Python dictionary: three keys, in any order.
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  bool parse() {
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!string(key) || !take(':'))
        return false;
      if (key == "descr"           ? !string(descr)
          : key == "fortran_order" ? !boolean()
          : key == "shape"         ? !tuple()
                                   : true)
        return false;
      seen_ |= key == "descr" ? 1u : key == "shape" ? 2u : 4u;
      if (!take(',') && peek() != '}')
        return false;
    }
    return seen_ == 7;
  }

  std::string descr;
  bool fortran = false;
  std::vector<uint64_t> shape;

private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted)
      return false;
    ++at_;
    return true;
  }
  bool string(std::string &value) {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return false;
    size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos)
      return false;
    value = text_.substr(at_, end - at_);
    at_ = end + 1;
    return true;
  }
  bool boolean() {
    peek();
    fortran = text_.substr(at_, 4) == "True";
    if (!fortran && text_.substr(at_, 5) != "False")
      return false;
    at_ += fortran ? 4 : 5;
    return true;
  }
  bool number(uint64_t &value) {
    value = 0;
    size_t first = (peek(), at_);
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (value > std::numeric_limits<uint32_t>::max())
        return false;
      value = value * 10 + static_cast<uint64_t>(text_[at_] - '0');
    }
    if (at_ < text_.size() && text_[at_] == 'L')
      ++at_;
    return at_ > first;
  }
  bool tuple() {
    if (!take('('))
      return false;
    while (!take(')')) {
      uint64_t extent = 0;
      if (shape.size() == kMaxRank || !number(extent))
        return false;
      shape.push_back(extent);
      if (!take(',') && peek() != ')')
        return false;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  unsigned seen_ = 0;
};

template <class T> T elementAt(const Array &array, size_t index) {
  T value;
  std::memcpy(&value, array.data.data() + index * sizeof(T), sizeof(T));
  return value;
}

/// An IEEE binary16: sign, 5 bits of exponent (bias 15), 10 of fraction.
double halfToDouble(uint16_t bits) {
  const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
  const double magnitude = exponent == 31  ? (fraction ? std::numeric_limits<double>::quiet_NaN()
                                                       : std::numeric_limits<double>::infinity())
                           : exponent == 0 ? std::ldexp(fraction, -24)
                                           : std::ldexp(1024 + fraction, exponent - 25);
  return bits & 0x8000 ? -magnitude : magnitude;
}

} // namespace

double numberAt(const Array &array, size_t index) {
  const std::string &type = array.type;
  if (type == "int8")
    return elementAt<int8_t>(array, index);
  if (type == "uint8" || type == "bool")
    return elementAt<uint8_t>(array, index);
  if (type == "int16")
    return elementAt<int16_t>(array, index);
  if (type == "uint16")
    return elementAt<uint16_t>(array, index);
  if (type == "int32")
    return elementAt<int32_t>(array, index);
  if (type == "uint32")
    return elementAt<uint32_t>(array, index);
  if (type == "int64")
    return static_cast<double>(elementAt<int64_t>(array, index));
  if (type == "uint64")
    return static_cast<double>(elementAt<uint64_t>(array, index));
  if (type == "float16")
    return halfToDouble(elementAt<uint16_t>(array, index));
  if (type == "float32")
    return static_cast<double>(elementAt<float>(array, index));
  return type == "float64" ? elementAt<double>(array, index) : 0;
}

size_t largestOf(const Array &array, size_t first, size_t count) {
  size_t best = 0;
  double most = std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < count; ++i)
    if (const double value = numberAt(array, first + i);
        value > most || (std::isnan(most) && !std::isnan(value))) {
      most = value;
      best = i;
    }
  return best;
}

uint32_t elementBytes(const std::string &type) {
  for (const TypeName &known : kTypes)
    if (known.name == type)
      return known.bytes;
  return 0;
}

std::string describe(const std::string &type, std::span<const uint64_t> shape) {
  std::string text = type + "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? "," : "") + std::to_string(shape[i]);
  return text + "]";
}

Expected<Array> parseNpy(std::span<const uint8_t> file, const std::string &name) {
  if (file.size() < 10 || std::memcmp(file.data(), kMagic.data(), kMagic.size()) != 0)
    return Error{name + " is no .npy file"};
  unsigned version = file[6];
  if (version < 1 || version > 3)
    return Error{name + ": .npy format " + std::to_string(version) + " is not known (1 to 3 are)"};
  size_t lengthBytes = version == 1 ? 2 : 4, start = 8 + lengthBytes, length = 0;
  if (file.size() < start)
    return Error{name + ": .npy header is cut off"};
  for (size_t i = 0; i < lengthBytes; ++i)
    length |= static_cast<size_t>(file[8 + i]) << (8 * i);
  if (length > file.size() - start)
    return Error{name + ": .npy header of " + std::to_string(length) + " bytes is cut off"};
  HeaderParser header(std::string_view(reinterpret_cast<const char *>(file.data()) + start, length));
  if (!header.parse())
    return Error{name + ": .npy header cannot be understood"};
  std::string_view code = header.descr;
  if (!code.empty() && (code[0] == '<' || code[0] == '|' || code[0] == '='))
    code.remove_prefix(1);
  const auto *type =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName &t) { return t.code == code; });
  if (type == std::end(kTypes))
    return Error{name + ": .npy type " + header.descr + " is not supported"};
  if (header.fortran && header.shape.size() > 1)
    return Error{name + ": .npy array is in Fortran order, C order is needed"};
  std::span<const uint8_t> data = file.subspan(start + length);
  uint64_t bytes = type->bytes;
  for (uint64_t extent : header.shape) {
    if (extent != 0 && bytes > std::numeric_limits<uint64_t>::max() / extent)
      return Error{name + ": .npy shape is too large"};
    bytes *= extent;
  }
  if (bytes != data.size())
    return Error{name + ": " + describe(std::string(type->name), header.shape) + " is " +
                 std::to_string(bytes) + " bytes, the file has " + std::to_string(data.size())};
  return Array{std::string(type->name), header.shape, std::vector<uint8_t>(data.begin(), data.end())};
}

std::vector<uint8_t> formatNpy(const Array &array) {
  std::string code;
  for (const TypeName &known : kTypes)
    if (known.name == array.type)
      code = (known.bytes == 1 ? "|" : "<") + std::string(known.code);
  std::string header = "{'descr': '" + code + "', 'fortran_order': False, 'shape': (";
  for (size_t i = 0; i < array.shape.size(); ++i)
    header +=
        (i ? " " : "") + std::to_string(array.shape[i]) + (i + 1 < array.shape.size() || i == 0 ? "," : "");
  header += "), }";
  header.append((64 - (kMagic.size() + 4 + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::vector<uint8_t> file(kMagic.begin(), kMagic.end());
  file.insert(file.end(),
              {1, 0, static_cast<uint8_t>(header.size() & 255), static_cast<uint8_t>(header.size() >> 8)});
  file.insert(file.end(), header.begin(), header.end());
  file.insert(file.end(), array.data.begin(), array.data.end());
  return file;
}

} // namespace tessera::tools
