#include "cost.h"

#include "computation.h"

#include <algorithm>

namespace tessera::compiler::npu {

uint64_t Cost::busiest() const { return std::max({array, vector, load, store}); }

uint64_t Cost::cycles() const { return exposed + (overlapped ? busiest() : array + vector + load + store); }

Cost &Cost::operator+=(const Cost &other) {
  array += other.array, vector += other.vector, load += other.load, store += other.store;
  exposed += other.exposed;
  overlapped = overlapped && other.overlapped;
  return *this;
}

CostModel::CostModel(const Target &target, const Layer &layer)
    : target_(target), layer_(layer), microOps_(microOpsPerPosition(target, layer)) {}

Cost CostModel::of(const Tiling &t, const Footprint &f, bool halves) const {
  bool conv = layer_.kind == LayerKind::Conv, add = layer_.kind == LayerKind::Add;
  uint32_t allBlocks = target_.channelBlocks(layer_.output.channels);
  uint64_t tiles = tilesOf(layer_, t), chunks = (allBlocks + t.blocks - 1) / t.blocks;
  uint64_t steps = tiles * chunks, pieces = reductionPieces(target_, layer_, t);
  uint64_t positions = uint64_t(layer_.output.height) * layer_.output.width * allBlocks;
  uint64_t microOps = pieces > 1 ? std::max(microOps_, pieces * target_.partialSumCycles()) : microOps_;
  uint64_t instruction = target_.instructionCycles();

  Cost c;
  (add ? c.vector : c.array) = positions * microOps + uint64_t(allBlocks) * tiles * pieces * instruction;

  bool resident = weightsResident(target_, layer_, t);
  uint64_t inputLoad = add ? 2 * target_.transferCycles(MemoryType::Acc8bit, f.acc / 2)
                           : target_.transferCycles(MemoryType::Inp, f.inp);
  uint64_t blockLoad = target_.transferCycles(MemoryType::Wgt, resident ? f.wgt / t.blocks : f.wgt);
  bool stays = conv && pieces == 1 && (tiles == 1 || !t.weightsOuter);
  uint64_t inputLoads = stays ? tiles : steps * pieces;
  uint64_t inputBlocks = add ? 2 * t.blocks : conv ? t.kBlocks : t.blocks;
  c.load = inputLoads * (inputLoad + inputBlocks * instruction);
  if (f.wgt)
    c.load += allBlocks * (resident ? 1 : tiles * pieces) * (blockLoad + instruction);
  c.store = target_.transferCycles(MemoryType::Out, positions);

  uint64_t latency = target_.transferLatencyCycles();
  uint64_t lastStore = target_.transferCycles(MemoryType::Out, uint64_t(t.rows) * t.columns);
  c.overlapped = halves;
  c.exposed = steps * 2 * instruction;
  c.exposed += halves ? inputLoad + blockLoad + lastStore + 2 * latency : steps * latency;
  return c;
}

} // namespace tessera::compiler::npu
