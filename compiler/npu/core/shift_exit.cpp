#include "shift_exit.h"

#include "average.h"

#include "tessera/isa/numerics.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tessera::compiler::npu {
namespace {

constexpr int32_t kHalf = 1 << 30; // a multiplier of one half, in Q31
constexpr int32_t kMostShift = 16; // beyond it a float32 of the sum may have lost bits that count (mode ONNX)
constexpr int32_t kMostLeft = 8;   // a scale of 256: any step beyond saturates
constexpr int32_t kMostStep = 64;  // largest power of two that an int8 weight holds
constexpr int32_t kMostImmediate = 0x7fff;

int32_t shiftOf(isa::ExitMode mode, int32_t multiplier, int32_t shift) {
  switch (mode) {
  case isa::ExitMode::Tflite:
  case isa::ExitMode::TfliteSingle:
    return multiplier == kHalf ? 1 - shift : Exit::kNoShift;
  case isa::ExitMode::Onnx: {
    uint32_t bits = uint32_t(multiplier);
    bool positive = bits >> 31 == 0; // and without mantissa
    return positive && bits << 9 == 0 ? 127 - int32_t(bits >> 23) : Exit::kNoShift;
  }
  default:
    return Exit::kNoShift;
  }
}

// Adds as many immediates as it takes.
void addConstant(std::vector<Command> &commands, const Kernel &results, uint32_t base, int32_t value) {
  while (value != 0) {
    int32_t now = std::clamp(value, -kMostImmediate, kMostImmediate);
    commands.push_back(aluImmediate(isa::AluOpcode::Add, results, base, now));
    value -= now;
  }
}

class ExitWriter {
public:
  ExitWriter(const Target &target, const Kernel &results, uint32_t base)
      : results_(results), base_(base), temporary_(target.temporaryBase()) {}

  void immediate(isa::AluOpcode op, int32_t value) {
    commands_.push_back(aluImmediate(op, results_, base_, value));
  }
  void shift(int32_t amount) {
    if (amount != 0)
      immediate(isa::AluOpcode::Shr, amount);
  }
  void add(int32_t value) { addConstant(commands_, results_, base_, value); }

  // Adds -1 to the sums for which ((sum + offset) << left) is negative, else 0.
  void addSign(int32_t offset, int32_t left) {
    const int32_t start = std::clamp(offset, -kMostImmediate, kMostImmediate);
    copyToTemporary(start);
    addConstant(commands_, results_, temporary_, offset - start);
    if (left != 0)
      commands_.push_back(aluImmediate(isa::AluOpcode::Shr, results_, temporary_, -left));
    commands_.push_back(aluImmediate(isa::AluOpcode::Shr, results_, temporary_, 31));
    commands_.push_back(aluTensor(isa::AluOpcode::Add, results_, base_, temporary_));
  }

  // Multiplies by a positive number, bit by bit from above.
  void multiply(uint32_t factor) {
    copyToTemporary();
    for (int32_t bit = int32_t(std::bit_width(factor)) - 2; bit >= 0; --bit) {
      shift(-1);
      if (factor >> bit & 1)
        commands_.push_back(aluTensor(isa::AluOpcode::Add, results_, base_, temporary_));
    }
  }

  // Adds 1 << left, which may be no immediate.
  void addPower(int32_t left) {
    setResults(commands_, results_, temporary_, 1);
    commands_.push_back(aluImmediate(isa::AluOpcode::Shr, results_, temporary_, -left));
    commands_.push_back(aluTensor(isa::AluOpcode::Add, results_, base_, temporary_));
  }

  std::vector<Command> take() { return std::move(commands_); }

private:
  // The sums, and `more`.
  void copyToTemporary(int32_t more = 0) {
    setResults(commands_, results_, temporary_, more);
    commands_.push_back(aluTensor(isa::AluOpcode::Add, results_, temporary_, base_));
  }

  const Kernel &results_;
  uint32_t base_, temporary_;
  std::vector<Command> commands_;
};

bool isUniform(std::span<const int32_t> values) {
  return std::all_of(values.begin(), values.end(), [&](int32_t value) { return value == values[0]; });
}

constexpr int32_t kMostFactorShift = 30;
constexpr int64_t kMostReach = 1 << 16; // of sums that are all tried

// A parameter element's numbers for one channel.
struct ExitNumbers {
  uint32_t multiplier;
  int32_t shift, bias;
};

double scaleOf(const Exit &exit, const ExitNumbers &n) {
  if (exit.mode == isa::ExitMode::Onnx)
    return double(std::bit_cast<float>(n.multiplier));
  // An average's shift counts from 0, a Q31 multiplier's from 31.
  return std::ldexp(double(n.multiplier), exit.mode == isa::ExitMode::Average ? n.shift : n.shift - 31);
}

// The smallest factor and shift with which every sum of the layer gives the byte that its mode says, and no product leaves 32 bits.
void findFactor(const Layer &layer, const ExitNumbers &numbers, Exit &exit) {
  int64_t taps = int64_t(layer.window.kernelHeight) * layer.window.kernelWidth * layer.weightParts;
  int64_t reach = taps * layer.mostWeight * UINT8_MAX + layer.mostBias;
  double scale = scaleOf(exit, numbers);
  if (reach > kMostReach || !(scale > 0) || !(scale < 1))
    return;
  isa::ExitSettings settings{exit.mode, exit.zeroPoint, exit.clampMin, exit.clampMax};
  for (int32_t shift = 1; shift <= kMostFactorShift; ++shift) {
    int64_t factor = int64_t(std::llround(std::ldexp(scale, shift))), half = int64_t(1) << (shift - 1);
    if (factor < 1)
      continue;
    if (reach * factor + half > INT32_MAX)
      return;
    bool fits = true;
    for (int64_t sum = -reach; sum <= reach && fits; ++sum) {
      int64_t value = ((sum * factor + half) >> shift) + exit.zeroPoint;
      fits = std::clamp<int64_t>(value, exit.clampMin, exit.clampMax) ==
             isa::exitValue(int32_t(sum), numbers.multiplier, numbers.shift, numbers.bias, settings);
    }
    if (fits) {
      exit.shift = shift;
      exit.factor = int32_t(factor);
      return;
    }
  }
}

int32_t halfOf(int32_t shift) { return shift > 0 ? 1 << (shift - 1) : 0; }

} // namespace

int32_t sharedShift(isa::ExitMode mode, std::span<const int32_t> multiplier, std::span<const int32_t> shift) {
  if (multiplier.empty() || multiplier.size() != shift.size())
    return Exit::kNoShift;
  int32_t first = shiftOf(mode, multiplier[0], shift[0]);
  for (size_t i = 1; i < multiplier.size(); ++i)
    if (shiftOf(mode, multiplier[i], shift[i]) != first)
      return Exit::kNoShift;
  return first;
}

void resolveShift(Layer &layer, std::span<const int32_t> multiplier, std::span<const int32_t> shift) {
  Exit exit = layer.exit;
  layer.shiftExit.reset();
  switch (layer.kind) {
  case LayerKind::Conv:
  case LayerKind::Depthwise:
    exit.shift = sharedShift(exit.mode, multiplier, shift);
    if (layer.kind == LayerKind::Depthwise && exit.shift == Exit::kNoShift && !multiplier.empty() &&
        isUniform(multiplier) && isUniform(shift))
      findFactor(layer, {uint32_t(multiplier[0]), shift[0], 0}, exit);
    break;
  case LayerKind::MaxPool:
    exit.shift = 0;
    break;
  case LayerKind::AveragePool: {
    std::vector<uint32_t> counts = averageCounts(layer);
    if (counts.size() == 1 && std::has_single_bit(counts[0]))
      exit.shift = std::countr_zero(counts[0]);
    else if (counts.size() == 1) {
      auto reciprocal = isa::averageReciprocal(counts[0]);
      Layer sum = layer;
      sum.mostWeight = 1;
      findFactor(sum, {reciprocal.multiplier, reciprocal.shift, reciprocal.bias}, exit);
    }
    break;
  }
  case LayerKind::Add: {
    // An operand is its steps times 2^(isa::kOperandLeftShift - 1 + shift); the smaller power is taken off both and off the shift behind.
    int32_t left = isa::kOperandLeftShift - 1 + layer.lhs.shift,
            right = isa::kOperandLeftShift - 1 + layer.rhs.shift;
    int32_t common = std::min(left, right), behind = sharedShift(exit.mode, multiplier, shift);
    bool halves = layer.lhs.multiplier == uint32_t(kHalf) && layer.rhs.multiplier == uint32_t(kHalf);
    if (!halves || common < 0 || behind < 0 || behind == Exit::kNoShift)
      return;
    for (auto [step, power] :
         {std::pair{&layer.lhsStep, left - common}, std::pair{&layer.rhsStep, right - common}}) {
      if (power > std::countr_zero(uint32_t(kMostStep)))
        return;
      *step = 1 << power;
    }
    exit.shift = behind - common;
    if (common > 0 &&
        exit.mode == isa::ExitMode::Tflite) // the first of its two roundings finds nothing to round
      exit.mode = isa::ExitMode::Average;
    break;
  }
  }
  if (exit.shift >= -kMostLeft && exit.shift <= (exit.factor == 1 ? kMostShift : kMostFactorShift))
    layer.shiftExit = exit;
}

std::string sumRefusal(const Layer &layer) {
  // Each product twice: once in the sum, once in a bias with the input's zero point folded in.
  uint64_t products = uint64_t(layer.window.kernelHeight) * layer.window.kernelWidth * layer.weightParts * 2;
  if (layer.kind == LayerKind::Conv)
    products *= layer.input.channels;
  uint64_t offset = uint64_t(biasOffset(*layer.shiftExit)) + uint64_t(std::abs(layer.shiftExit->zeroPoint));
  uint64_t reach = uint64_t(layer.mostBias) + products * 128 * uint64_t(layer.mostWeight) + 2 * offset;
  if (layer.shiftExit->factor != 1) // findFactor has seen what comes of them
    return "";
  // Mode tflite multiplies by a half what it has shifted one further to the left.
  int32_t left = (layer.shiftExit->mode == isa::ExitMode::Tflite ? 1 : 0) - layer.shiftExit->shift;
  reach <<= std::max(0, left);
  return reach <= INT32_MAX
             ? ""
             : "sums of up to " + std::to_string(reach) + " may leave 32 bits where the machine rounds them";
}

int32_t biasOffset(const Exit &exit) {
  if (exit.factor != 1)
    return 0; // the half comes behind the factor
  if (exit.mode != isa::ExitMode::Tflite)
    return halfOf(exit.shift);
  return exit.shift <= 0 ? 0 : 1 + (exit.shift > 1 ? halfOf(exit.shift) : 0);
}

Command aluImmediate(isa::AluOpcode op, const Kernel &results, uint32_t base, int32_t immediate) {
  Command c = aluTensor(op, results, base, base);
  c.useImmediate = true;
  c.immediate = immediate;
  return c;
}

void setResults(std::vector<Command> &commands, const Kernel &results, uint32_t base, int32_t value) {
  for (isa::AluOpcode op : {isa::AluOpcode::Min, isa::AluOpcode::Max})
    commands.push_back(aluImmediate(op, results, base, value));
}

Command aluTensor(isa::AluOpcode op, const Kernel &kernel, uint32_t base, uint32_t source) {
  Command c;
  c.kind = Command::Kind::Alu;
  c.op = uint32_t(op);
  c.kernel = kernel;
  c.dstBase = base;
  c.srcBase = source;
  return c;
}

std::vector<Command> exitCommands(const Target &target, const Exit &exit, const Kernel &results,
                                  uint32_t base) {
  ExitWriter write(target, results, base);
  int32_t shift = exit.shift;
  if (exit.factor != 1) {
    write.multiply(uint32_t(exit.factor));
    write.addPower(shift - 1);
    write.shift(shift);
  } else if (shift < 0) {
    write.shift(shift);
  } else if (shift > 0) {
    switch (exit.mode) {
    case isa::ExitMode::Tflite: // (x + 1) >> 1, then to nearest with halves away from zero
      write.shift(1);
      if (--shift > 0)
        write.addSign(-halfOf(shift), 0);
      break;
    case isa::ExitMode::Average: // halves away from zero: a half less one for a negative sum
      write.addSign(-halfOf(shift), 0);
      break;
    case isa::ExitMode::
        Onnx: // halves to even: a half less one where the quotient is even, which its lowest bit turned tells
      write.addSign(halfOf(shift), 31 - shift);
      break;
    default: // halves up
      break;
    }
    write.shift(shift);
  }
  write.add(exit.zeroPoint);
  write.immediate(isa::AluOpcode::Min, exit.clampMax);
  write.immediate(isa::AluOpcode::Max, exit.clampMin);
  return write.take();
}

} // namespace tessera::compiler::npu
