#include "kernel_use.h"

#include "status.h"

namespace tessera::driver {

namespace {

uint32_t mask(uint32_t bits) { return static_cast<uint32_t>((uint64_t{1} << bits) - 1); }

/// The memories behind dst, src and wgt with the elements that one index spans there.
struct Reach {
  isa::MemoryType memory{};
  uint64_t elementsPerIndex = 1, extra = 0;
};

std::array<Reach, 3> reaches(const isa::MachineConfig &machine, const KernelCommand &command) {
  using isa::MemoryType;
  const auto resultReach = [&](isa::Destination destination) {
    return destination == isa::Destination::Inp ? Reach{MemoryType::Inp, machine.inpPerOut(), 0}
                                                : Reach{MemoryType::Acc};
  };
  const Reach wgt{MemoryType::Wgt};
  if (const auto *reduce = std::get_if<isa::Reduce>(&command.instruction)) {
    // x(t) reads R elements, taps apart by R.
    const uint64_t taps = reduce->op == isa::ReduceOp::Matmul
                              ? 0
                              : uint64_t{reduce->taps} * machine.inpPerOut() + machine.inpPerOut() - 1;
    return {resultReach(reduce->destination), Reach{MemoryType::Inp, 1, taps}, wgt};
  }
  if (const auto *vec = std::get_if<isa::Vec>(&command.instruction))
    return {resultReach(vec->destination), Reach{MemoryType::Acc}, wgt};
  if (std::holds_alternative<isa::Alu>(command.instruction))
    return {Reach{MemoryType::Acc}, Reach{MemoryType::Acc}, wgt};
  return {Reach{MemoryType::Acc}, Reach{MemoryType::Inp}, wgt};
}

} // namespace

bool foldsBase(const KernelCommand &command) {
  return std::holds_alternative<isa::Gemm>(command.instruction) ||
         std::holds_alternative<isa::Alu>(command.instruction);
}

KernelRules kernelRules(const isa::MachineConfig &machine, const KernelCommand &command) {
  KernelRules rules;
  rules.factorLimit = rules.microOpLimit = {mask(machine.accIndexBits()), mask(machine.inpIndexBits()),
                                            mask(machine.wgtIndexBits())};
  rules.microOpCount = machine.uopDepth;
  if (const auto *gemm = std::get_if<isa::Gemm>(&command.instruction)) {
    rules.used = {true, !gemm->reset, !gemm->reset};
  } else if (std::holds_alternative<isa::Alu>(command.instruction)) {
    rules.used = {true, true, false};
  } else if (const auto *reduce = std::get_if<isa::Reduce>(&command.instruction)) {
    rules.use = KernelUse::Group;
    rules.used = {true, true, reduce->op == isa::ReduceOp::Matmul || reduce->op == isa::ReduceOp::Depthwise};
  } else {
    rules.use = KernelUse::Element;
    rules.used = {true, std::get<isa::Vec>(command.instruction).op != isa::VecOp::Requantise, false};
  }
  if (foldsBase(command)) // the base takes its part of the field
    for (size_t k = 0; k < 3; ++k)
      rules.microOpLimit[k] = command.base[k] > rules.microOpLimit[k] || !rules.used[k]
                                  ? 0
                                  : rules.microOpLimit[k] - command.base[k];
  return rules;
}

std::string checkIndices(const isa::MachineConfig &machine, const KernelCommand &command,
                         const HardwareKernel &kernel) {
  static constexpr const char *kNames[] = {"dst", "src", "wgt"};
  const KernelRules rules = kernelRules(machine, command);
  const std::array<Reach, 3> reach = reaches(machine, command);
  const std::array<uint64_t, 3> highest = kernel.highest();
  for (size_t k = 0; k < 3; ++k) {
    if (!rules.used[k])
      continue;
    const uint64_t last = (command.base[k] + highest[k]) * reach[k].elementsPerIndex +
                          reach[k].elementsPerIndex - 1 + reach[k].extra;
    const uint32_t depth = machine.depth(reach[k].memory);
    if (last >= depth)
      return text("%s index %llu exceeds %s depth %u", kNames[k], static_cast<unsigned long long>(last),
                  isa::memoryName(reach[k].memory), depth);
  }
  if (const auto *vec = std::get_if<isa::Vec>(&command.instruction))
    if (vec->lhsBase + highest[0] >= machine.accDepth)
      return text("lhs index %llu exceeds acc depth %u",
                  static_cast<unsigned long long>(vec->lhsBase + highest[0]), machine.accDepth);
  return {};
}

} // namespace tessera::driver
