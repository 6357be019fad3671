#include "kernel.h"

#include "status.h"

#include <algorithm>
#include <optional>
#include <span>

namespace tessera::driver {

namespace {

constexpr const char *kIndexNames[] = {"dst", "src", "wgt"};

isa::Error error(std::string message) { return {std::move(message)}; }

/// Drops loops of one iteration and indices that are not used; merges a loop with the one inside it where the two walk on as one.
/// Loops of the reduction keep to themselves.
struct Simplified {
  std::vector<Loop> outer, reduction;
};

void append(std::vector<Loop> &loops, Loop loop, uint32_t iterationLimit) {
  if (loop.extent == 1)
    return;
  if (!loops.empty()) {
    Loop &before = loops.back();
    bool continues = uint64_t{before.extent} * loop.extent <= iterationLimit;
    for (size_t k = 0; k < 3; ++k)
      continues = continues && before.stride[k] == uint64_t{loop.stride[k]} * loop.extent;
    if (continues) {
      before = {before.extent * loop.extent, loop.stride};
      return;
    }
  }
  loops.push_back(loop);
}

Simplified simplify(const Nest &nest, const KernelRules &rules) {
  Simplified simplified;
  const size_t outerLoops = nest.loops.size() - nest.reduceLoops;
  for (size_t l = 0; l < nest.loops.size(); ++l) {
    Loop loop = nest.loops[l];
    for (size_t k = 0; k < 3; ++k)
      if (!rules.used[k])
        loop.stride[k] = 0;
    append(l < outerLoops ? simplified.outer : simplified.reduction, loop, rules.iterationLimit);
  }
  return simplified;
}

bool canIterate(const Loop &loop, const KernelRules &rules) {
  if (loop.extent > rules.iterationLimit)
    return false;
  for (size_t k = 0; k < 3; ++k)
    if (loop.stride[k] > rules.factorLimit[k])
      return false;
  return true;
}

std::optional<isa::Error> unroll(std::span<const Loop> loops, const KernelRules &rules,
                                 std::vector<isa::MicroOp> &microOps) {
  uint64_t count = 1;
  for (const Loop &loop : loops)
    if ((count *= loop.extent) > rules.microOpCount)
      return error(text("kernel needs %llu micro-ops or more, uop depth is %u",
                        static_cast<unsigned long long>(count), rules.microOpCount));
  std::array<uint64_t, 3> highest{};
  for (const Loop &loop : loops)
    for (size_t k = 0; k < 3; ++k)
      highest[k] += uint64_t{loop.extent - 1} * loop.stride[k];
  for (size_t k = 0; k < 3; ++k)
    if (highest[k] > rules.microOpLimit[k])
      return error(text("kernel needs %s index %llu in a micro-op, the field holds %u", kIndexNames[k],
                        static_cast<unsigned long long>(highest[k]), rules.microOpLimit[k]));
  microOps.assign(1, {});
  for (const Loop &loop : loops) {
    std::vector<isa::MicroOp> inner;
    inner.reserve(microOps.size() * loop.extent);
    for (const isa::MicroOp &u : microOps)
      for (uint32_t i = 0; i < loop.extent; ++i)
        inner.push_back({u.dst + i * loop.stride[0], u.src + i * loop.stride[1], u.wgt + i * loop.stride[2]});
    microOps = std::move(inner);
  }
  return std::nullopt;
}

/// Two results of REDUCE with the same dst in a row would be one group.
std::optional<isa::Error> checkGroups(const std::vector<isa::MicroOp> &microOps, size_t groupSize) {
  for (size_t u = groupSize; u < microOps.size(); u += groupSize)
    if (microOps[u].dst == microOps[u - 1].dst)
      return error(text("two results in a row go to dst %u: a loop that is no reduction has dst stride 0",
                        microOps[u].dst));
  return std::nullopt;
}

} // namespace

std::array<uint64_t, 3> HardwareKernel::highest() const {
  std::array<uint64_t, 3> top{};
  for (const isa::MicroOp &u : microOps) {
    top[0] = std::max<uint64_t>(top[0], u.dst);
    top[1] = std::max<uint64_t>(top[1], u.src);
    top[2] = std::max<uint64_t>(top[2], u.wgt);
  }
  for (size_t k = 0; k < 3; ++k)
    top[k] += uint64_t{iterOut - 1} * factorOut[k] + uint64_t{iterIn - 1} * factorIn[k];
  return top;
}

isa::Expected<HardwareKernel> lowerKernel(const Nest &nest, const KernelRules &rules) {
  const Simplified simplified = simplify(nest, rules);
  if (rules.use == KernelUse::Element && !simplified.reduction.empty())
    return error("a kernel with reduction loops makes no sense for vec");
  std::vector<Loop> loops = simplified.outer;
  loops.insert(loops.end(), simplified.reduction.begin(), simplified.reduction.end());
  const size_t mayIterate = rules.use == KernelUse::Group ? simplified.outer.size() : loops.size();
  size_t iterations = 0;
  while (iterations < std::min<size_t>(mayIterate, 2) && canIterate(loops[iterations], rules))
    ++iterations;

  HardwareKernel kernel;
  if (iterations > 0) { // a single loop is the inner one
    kernel.iterIn = loops[iterations - 1].extent;
    kernel.factorIn = loops[iterations - 1].stride;
  }
  if (iterations == 2) {
    kernel.iterOut = loops[0].extent;
    kernel.factorOut = loops[0].stride;
  }
  const std::span<const Loop> rest = std::span(loops).subspan(iterations);
  if (auto failed = unroll(rest, rules, kernel.microOps))
    return *failed;
  if (rules.use == KernelUse::Group) {
    size_t groupSize = 1;
    for (const Loop &loop : simplified.reduction)
      groupSize *= loop.extent;
    if (auto failed = checkGroups(kernel.microOps, groupSize))
      return *failed;
  }
  return kernel;
}

} // namespace tessera::driver
