// Which field values a machine accepts: the decode-time part of "Errors" in docs/instruction-set.md.
#include "tessera/isa/encoding.h"

namespace tessera::isa {
namespace {

class Legality {
public:
  Legality(Level level, uint32_t features, uint32_t depthwiseTaps)
      : level_(level), features_(features), depthwiseTaps_(depthwiseTaps) {}

  Expected<void> operator()(const Load &x) const {
    bool known = static_cast<uint32_t>(x.memoryType) <= static_cast<uint32_t>(MemoryType::Par) &&
                 x.memoryType != MemoryType::Out &&
                 (x.memoryType != MemoryType::Par || level_ == Level::Tessera);
    return known ? Expected<void>() : badMemory("load", x.memoryType);
  }
  Expected<void> operator()(const Store &x) const {
    return x.memoryType == MemoryType::Out ? Expected<void>() : badMemory("store", x.memoryType);
  }
  Expected<void> operator()(const Gemm &) const { return {}; }
  Expected<void> operator()(const Finish &) const { return {}; }
  Expected<void> operator()(const Alu &x) const {
    return reserved("alu alu_opcode", x.aluOpcode, AluOpcode::Mul);
  }
  Expected<void> operator()(const Reduce &x) const {
    if (Expected<void> ok = reserved("reduce init", x.init, ReduceInit::Acc); !ok)
      return ok;
    if (Expected<void> ok = destination("reduce", x.destination); !ok)
      return ok;
    if (x.taps >= depthwiseTaps_)
      return badField("reduce taps " + std::to_string(x.taps + 1) + " exceeds the machine's " +
                      std::to_string(depthwiseTaps_));
    if (x.op == ReduceOp::Depthwise)
      return needs("reduce op depthwise", Feature::Depthwise);
    if (x.op == ReduceOp::Sum || x.op == ReduceOp::Max)
      return needs(x.op == ReduceOp::Sum ? "reduce op sum" : "reduce op max", Feature::Pool);
    return {};
  }
  Expected<void> operator()(const Vec &x) const {
    if (Expected<void> ok = reserved("vec op", x.op, VecOp::Mul); !ok)
      return ok;
    if (Expected<void> ok = destination("vec", x.destination); !ok)
      return ok;
    return x.op == VecOp::Requantise ? Expected<void>() : needs("vec op add or mul", Feature::RescaledAdd);
  }
  Expected<void> operator()(const SetGeometry &) const { return {}; }
  Expected<void> operator()(const SetExit &x) const {
    switch (x.mode) {
    case ExitMode::None:
      return {};
    case ExitMode::Tflite:
    case ExitMode::TfliteSingle:
      return needs("set_exit mode tflite", Feature::Requantise);
    case ExitMode::Onnx:
      return needs("set_exit mode onnx", Feature::RequantiseOnnx);
    case ExitMode::Average:
      return needs("set_exit mode average", Feature::Pool);
    }
    return badField("set_exit mode " + std::to_string(static_cast<uint32_t>(x.mode)) + " is reserved");
  }
  Expected<void> operator()(const SetLhs &x) const { return operand("set_lhs", x.shift); }
  Expected<void> operator()(const SetRhs &x) const { return operand("set_rhs", x.shift); }
  Expected<void> operator()(const SetPad &) const { return needs("set_pad", Feature::PadValue); }
  Expected<void> operator()(const SetMark &) const { return {}; }

private:
  static Error badField(std::string message) {
    return Error{std::move(message), static_cast<uint32_t>(ErrorCode::BadField)};
  }
  Error badMemory(const char *owner, MemoryType type) const {
    return Error{std::string(owner) + " memory_type " + std::to_string(static_cast<uint32_t>(type)) + " (" +
                     memoryName(type) + ") is not allowed" + (level_ == Level::Vta ? " at level vta" : ""),
                 static_cast<uint32_t>(ErrorCode::BadMemoryType)};
  }
  template <class Enum> static Expected<void> reserved(const char *what, Enum value, Enum last) {
    if (value <= last)
      return {};
    return badField(std::string(what) + " " + std::to_string(static_cast<uint32_t>(value)) + " is reserved");
  }
  Expected<void> needs(const char *what, Feature feature) const {
    if (features_ >> static_cast<uint32_t>(feature) & 1)
      return {};
    return badField(std::string(what) + " needs the feature " + featureName(feature) +
                    ", which the machine lacks");
  }
  Expected<void> destination(const char *owner, Destination value) const {
    if (value > Destination::Inp)
      return badField(std::string(owner) + " destination " + std::to_string(static_cast<uint32_t>(value)) +
                      " is reserved");
    return value == Destination::Inp ? needs("destination inp", Feature::Chain) : Expected<void>();
  }
  Expected<void> operand(const char *owner, int32_t shift) const {
    if (shift > 0 || shift < -31)
      return badField(std::string(owner) + " shift " + std::to_string(shift) + " is outside [-31, 0]");
    return needs(owner, Feature::RescaledAdd);
  }

  Level level_;
  uint32_t features_;
  uint32_t depthwiseTaps_;
};

} // namespace

Expected<void> Layout::checkLegal(const Instruction &instruction) const {
  return std::visit(Legality(level_, features_, depthwiseTaps_), instruction);
}

} // namespace tessera::isa
