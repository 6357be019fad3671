#include "random_errors.h"

#include <algorithm>

#include "dram_map.h"

namespace tessera::cosim {

using isa::ErrorCode;
using isa::MemoryType;

namespace {

class Errors {
public:
  Errors(ProgramBuilder &builder, RandomInstructions &instructions, isa::Level level)
      : builder_(builder), random_(builder.random()), machine_(builder.machine()),
        instructions_(instructions), layout_(machine_), tessera_(level == isa::Level::Tessera) {}

  std::optional<PlantedError> emit() {
    if (machine_.level == isa::Level::Vta && random_.chance(15))
      return badOpcode();
    switch (random_.below(6)) {
    case 0:
      return badMemoryType();
    case 1:
      return badField();
    case 2:
      return transferBounds();
    case 3:
      return kernelBounds();
    case 4:
      return dramFault();
    default:
      return deadlock();
    }
  }

private:
  /// REDUCE, VEC and SET where there is only VTA.
  std::optional<PlantedError> badOpcode() {
    auto planted = fails(instructions_.gemm(), ErrorCode::BadOpcode);
    planted->clear = 7;
    planted->set = random_.range(5, 7);
    return planted;
  }

  std::optional<PlantedError> badMemoryType() {
    if (random_.chance(50)) {
      isa::Load x = instructions_.load();
      x.memoryType = static_cast<MemoryType>(machine_.level == isa::Level::Vta ? random_.pick({4, 6, 7})
                                                                               : random_.pick({4, 7}));
      return fails(x, ErrorCode::BadMemoryType);
    }
    isa::Store x = instructions_.store();
    do
      x.memoryType = static_cast<MemoryType>(random_.below(8));
    while (x.memoryType == MemoryType::Out);
    return fails(x, ErrorCode::BadMemoryType);
  }

  std::optional<PlantedError> badField() {
    if (!tessera_ || random_.chance(15)) {
      isa::Alu x = instructions_.alu();
      x.aluOpcode = static_cast<isa::AluOpcode>(random_.range(5, 7));
      return fails(x, ErrorCode::BadField);
    }
    switch (random_.below(5)) {
    case 0: {
      isa::Reduce x = instructions_.reduce();
      if (random_.chance(50))
        x.init = static_cast<isa::ReduceInit>(3);
      else
        x.destination = static_cast<isa::Destination>(3);
      return fails(x, ErrorCode::BadField);
    }
    case 1: {
      isa::Vec x = instructions_.vec();
      if (random_.chance(50))
        x.op = static_cast<isa::VecOp>(3);
      else
        x.destination = static_cast<isa::Destination>(3);
      return fails(x, ErrorCode::BadField);
    }
    case 2: {
      isa::SetExit x;
      x.mode = static_cast<isa::ExitMode>(random_.range(5, 7));
      return fails(x, ErrorCode::BadField);
    }
    case 3: {
      isa::SetLhs x;
      x.shift = random_.chance(50) ? random_.between(1, 31) : -32;
      if (random_.chance(50))
        return fails(x, ErrorCode::BadField);
      isa::SetRhs y;
      y.shift = x.shift;
      return fails(y, ErrorCode::BadField);
    }
    default: {
      auto planted = fails(isa::SetMark{}, ErrorCode::BadField);
      planted->clear = 0x380;
      planted->set = uint64_t{random_.range(6, 7)} << 7;
      return planted;
    }
    }
  }

  /// LOAD and STORE check their bounds before anything moves.
  std::optional<PlantedError> transferBounds() {
    if (random_.chance(40)) {
      isa::Store x = instructions_.store();
      if (x.xSize == 0 || x.ySize == 0)
        return std::nullopt;
      x.sramBase = machine_.accDepth - x.xSize * x.ySize + random_.range(1, 400);
      return fails(x, ErrorCode::SramBounds);
    }
    isa::Load x = instructions_.load();
    if (x.xSize == 0 || x.ySize == 0)
      return std::nullopt;
    const uint32_t total = (x.yPad0 + x.ySize + x.yPad1) * (x.xPad0 + x.xSize + x.xPad1);
    const uint32_t depth = machine_.depth(x.memoryType);
    if (total > depth)
      return fails(x, ErrorCode::SramBounds);
    x.sramBase = random_.chance(50) ? depth - total + 1 : depth - total + random_.range(1, 3000);
    return fails(x, ErrorCode::SramBounds);
  }

  /// A kernel may have written results before it fails: nothing else may be under way.
  std::optional<PlantedError> kernelBounds() {
    builder_.barrier();
    for (int attempt = 0; attempt < 8; ++attempt) {
      std::optional<isa::Instruction> x;
      switch (random_.below(tessera_ ? 4 : 2)) {
      case 0: {
        isa::Gemm gemm = instructions_.gemm();
        x = tooFar(gemm,
                   random_.pick({&isa::Gemm::dstFactorIn, &isa::Gemm::srcFactorIn, &isa::Gemm::wgtFactorIn}));
        break;
      }
      case 1: {
        isa::Alu alu = instructions_.alu();
        x = tooFar(alu,
                   random_.pick({&isa::Alu::dstFactorIn, &isa::Alu::srcFactorIn, &isa::Alu::dstFactorOut}));
        break;
      }
      case 2: {
        isa::Reduce reduce = instructions_.reduce();
        reduce.overlap = 0;
        x = tooFar(reduce,
                   random_.pick({&isa::Reduce::dstBase, &isa::Reduce::srcBase, &isa::Reduce::wgtBase}));
        break;
      }
      default: {
        isa::Vec vec = instructions_.vec();
        vec.overlap = 0;
        x = tooFar(vec, random_.pick({&isa::Vec::dstBase, &isa::Vec::lhsBase, &isa::Vec::rhsBase}));
        break;
      }
      }
      if (x)
        return fails(*x, ErrorCode::SramBounds);
    }
    return std::nullopt;
  }

  bool outOfBounds(const isa::Instruction &x) const {
    return effectsOf(machine_, builder_.registers(), kDramBytes, builder_.context(), x).error ==
           ErrorCode::SramBounds;
  }

  /// What fits the field: encoding alone knows how wide it is.
  template <class Kernel> uint32_t greatestValue(Kernel x, uint32_t Kernel::*field) const {
    x.*field = UINT32_MAX;
    const auto decoded = layout_.decodeFields(layout_.encode(x));
    return std::get<Kernel>(*decoded).*field;
  }

  /// The instruction with the field raised until it leaves its memory, often by exactly one element; or with a micro-op range
  /// past the depth.
  template <class Kernel> std::optional<isa::Instruction> tooFar(Kernel x, uint32_t Kernel::*field) {
    if (random_.chance(15)) {
      x.uopEnd = machine_.uopDepth + (random_.chance(50) ? 1 : random_.range(1, 9));
      x.uopBgn = x.uopEnd - random_.range(1, 20);
      return outOfBounds(x) ? std::optional<isa::Instruction>(x) : std::nullopt;
    }
    x.iterIn = std::max(x.iterIn, 2u);
    uint32_t low = 0, high = greatestValue(x, field);
    x.*field = high;
    if (!outOfBounds(x))
      return std::nullopt;
    while (low < high) { // the least value that fails
      const uint32_t middle = (low + high) / 2;
      x.*field = middle;
      if (outOfBounds(x))
        high = middle;
      else
        low = middle + 1;
    }
    x.*field = random_.chance(60) ? low : std::min(greatestValue(x, field), low + random_.below(40));
    return outOfBounds(x) ? std::optional<isa::Instruction>(x) : std::nullopt;
  }

  std::optional<PlantedError> dramFault() {
    builder_.barrier();
    const auto farAway = [&](uint32_t bytes) {
      switch (random_.below(3)) {
      case 0:
        return kDramBytes / bytes - 10 + random_.below(500); // across the end or past it
      case 1:
        return random_.range(0x40000000u / bytes, 0xf0000000u / bytes);
      default:
        return 0xffffffffu - random_.below(64); // past 2^32 for elements of more than a byte
      }
    };
    if (random_.chance(40)) {
      isa::Store x = instructions_.plainStore(0, random_.range(1, 40));
      x.dramBase = farAway(machine_.dramElementBytes(x.memoryType));
      return failsInDram(x);
    }
    const MemoryType type = random_.pick({MemoryType::Uop, MemoryType::Wgt, MemoryType::Inp, MemoryType::Acc,
                                          MemoryType::Acc8bit, MemoryType::Par});
    if (type == MemoryType::Par && !tessera_)
      return std::nullopt;
    isa::Load x = instructions_.plainLoad(type, 0, random_.range(1, 40));
    x.dramBase = farAway(machine_.dramElementBytes(type));
    return failsInDram(x);
  }

  std::optional<PlantedError> failsInDram(const isa::Instruction &x) {
    const Effects effects = effectsOf(machine_, builder_.registers(), kDramBytes, builder_.context(), x);
    return effects.error == ErrorCode::DramFault ? fails(x, ErrorCode::DramFault) : std::nullopt;
  }

  /// Waits for a token that nobody gives.
  std::optional<PlantedError> deadlock() {
    isa::Instruction x;
    switch (random_.below(4)) {
    case 0: {
      builder_.drain(Channel::ComputeToLoad);
      x = instructions_.load(MemoryType::Inp);
      dependenciesOf(x).popNext = true;
      break;
    }
    case 1: {
      builder_.drain(Channel::ComputeToStore);
      x = instructions_.store();
      dependenciesOf(x).popPrev = true;
      break;
    }
    case 2: {
      builder_.drain(Channel::LoadToCompute);
      x = random_.chance(50) ? isa::Instruction{instructions_.alu()}
                             : isa::Instruction{instructions_.load(MemoryType::Uop)};
      if (auto *load = std::get_if<isa::Load>(&x))
        load->viaLoad = 0;
      dependenciesOf(x).popPrev = true;
      break;
    }
    default: {
      builder_.drain(Channel::StoreToCompute);
      x = instructions_.gemm();
      dependenciesOf(x).popNext = true;
      break;
    }
    }
    builder_.emitFailing(std::move(x));
    return PlantedError{ErrorCode::Deadlock, builder_.size() - 1, 0, 0};
  }

  std::optional<PlantedError> fails(isa::Instruction x, ErrorCode code) {
    isa::Dependencies &flags = dependenciesOf(x);
    flags = {};
    flags.pushNext = random_.chance(20);
    flags.pushPrev = random_.chance(20);
    builder_.emitFailing(std::move(x));
    return PlantedError{code, builder_.size() - 1, 0, 0};
  }

  ProgramBuilder &builder_;
  Random &random_;
  const isa::MachineConfig &machine_;
  RandomInstructions &instructions_;
  isa::Layout layout_;
  bool tessera_;
};

} // namespace

std::optional<PlantedError> emitError(ProgramBuilder &builder, RandomInstructions &instructions,
                                      isa::Level level) {
  return Errors(builder, instructions, level).emit();
}

} // namespace tessera::cosim
