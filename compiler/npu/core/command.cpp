#include "command.h"

namespace tessera::compiler::npu {
namespace {

using Space = Access::Space;

Space spaceOf(MemoryType memory) {
  switch (memory) {
  case MemoryType::Wgt:
    return Space::Wgt;
  case MemoryType::Inp:
    return Space::Inp;
  case MemoryType::Par:
    return Space::Par;
  case MemoryType::Out:
    return Space::Out;
  default:
    return Space::Acc;
  }
}

void transferAccesses(const Target &target, const Command &c, Accesses &out) {
  bool load = c.kind == Command::Kind::Load;
  uint64_t bytes = target.elementBytes(c.memory);
  uint64_t elements = uint64_t(c.rows - 1) * c.stride + c.columns;
  uint64_t inSram =
      (uint64_t(c.rows) + c.pads[0] + c.pads[1]) * (uint64_t(c.columns) + c.pads[2] + c.pads[3]);
  out.push_back({Space::Dram, c.place.region, c.place.offset, c.place.offset + elements * bytes, !load});
  Space space = spaceOf(c.memory);
  out.push_back({space, 0, c.sramBase, c.sramBase + inSram, load});
  if (load && space == Space::Acc) // OUT mirrors every write to ACC
    out.push_back({Space::Out, 0, c.sramBase, c.sramBase + inSram, true});
}

void destinationAccesses(const Target &target, const Command &c, uint32_t reach, Accesses &out) {
  uint64_t end = uint64_t(c.dstBase) + reach + 1;
  switch (c.destination) {
  case isa::Destination::Out:
    out.push_back({Space::Out, 0, c.dstBase, end, true});
    break;
  case isa::Destination::Acc:
    out.push_back({Space::Out, 0, c.dstBase, end, true});
    out.push_back({Space::Acc, 0, c.dstBase, end, true});
    break;
  case isa::Destination::Inp: {
    uint64_t r = target.inputsPerOutput();
    out.push_back({Space::Inp, 0, c.dstBase * r, end * r, true});
    break;
  }
  }
}

// GEMM and ALU: what they write they read too, save where it is reset.
void baseAccesses(const Command &c, Accesses &out) {
  auto [dst, src, wgt] = c.kernel.reach();
  auto range = [&](Space space, uint32_t base, uint32_t reach, bool write) {
    out.push_back({space, 0, base, uint64_t(base) + reach + 1, write});
  };
  range(Space::Acc, c.dstBase, dst, true);
  range(Space::Out, c.dstBase, dst, true);
  if (c.kind == Command::Kind::Alu && !c.useImmediate)
    range(Space::Acc, c.srcBase, src, false);
  if (c.kind == Command::Kind::Gemm && !c.reset) {
    range(Space::Inp, c.srcBase, src, false);
    range(Space::Wgt, c.wgtBase, wgt, false);
  }
}

bool usesWeights(uint32_t reduceOp) {
  return reduceOp == uint32_t(isa::ReduceOp::Matmul) || reduceOp == uint32_t(isa::ReduceOp::Depthwise);
}

} // namespace

Module Command::module() const {
  if (kind == Kind::Load)
    return memory == MemoryType::Acc ? Module::Compute : Module::Load;
  return kind == Kind::Store ? Module::Store : Module::Compute;
}

Command contiguous(const Target &target, MemoryType memory, uint32_t sramBase, Place place, uint32_t first,
                   uint32_t count) {
  Command c;
  c.kind = Command::Kind::Load;
  c.memory = memory;
  c.sramBase = sramBase;
  c.place = {place.region, place.offset + first * target.elementBytes(memory)};
  c.columns = c.stride = count;
  return c;
}

std::string describe(const Command &c) {
  auto text = [](auto v) { return std::to_string(v); };
  switch (c.kind) {
  case Command::Kind::Load:
  case Command::Kind::Store:
    return std::string(c.kind == Command::Kind::Load ? "load" : "store") + " memory " +
           text(uint32_t(c.memory)) + " sram " + text(c.sramBase) + " region " + text(c.place.region) +
           " offset " + text(c.place.offset) + " size " + text(c.rows) + "x" + text(c.columns);
  case Command::Kind::Reduce:
  case Command::Kind::Vec:
    return std::string(c.kind == Command::Kind::Reduce ? "reduce" : "vec") + " op " + text(c.op) + " dst " +
           text(c.dstBase) + " src " + text(c.srcBase) + " wgt " + text(c.wgtBase);
  case Command::Kind::Gemm:
    return std::string(c.reset ? "gemm reset" : "gemm") + " dst " + text(c.dstBase) + " src " +
           text(c.srcBase) + " wgt " + text(c.wgtBase);
  case Command::Kind::Alu:
    return "alu op " + text(c.op) + " dst " + text(c.dstBase) +
           (c.useImmediate ? " imm " + text(c.immediate) : " src " + text(c.srcBase));
  case Command::Kind::Sync:
    return "sync";
  case Command::Kind::Mark:
    return "mark " + text(c.layer);
  }
  return "command";
}

Accesses accessesOf(const Target &target, const Command &c) {
  Accesses out;
  if (c.kind == Command::Kind::Gemm || c.kind == Command::Kind::Alu) {
    baseAccesses(c, out);
    return out;
  }
  if (c.kind == Command::Kind::Load || c.kind == Command::Kind::Store) {
    transferAccesses(target, c, out);
    return out;
  }
  if (c.kind != Command::Kind::Reduce && c.kind != Command::Kind::Vec)
    return out;
  auto [dst, src, wgt] = c.kernel.reach();
  destinationAccesses(target, c, dst, out);
  bool parameters = c.destination != isa::Destination::Acc && c.exit.mode != isa::ExitMode::None;
  if (c.kind == Command::Kind::Reduce) {
    uint64_t lanes =
        c.op == uint32_t(isa::ReduceOp::Matmul) ? 1 : uint64_t(c.taps) * target.inputsPerOutput();
    out.push_back({Space::Inp, 0, c.srcBase, c.srcBase + uint64_t(src) + lanes, false});
    if (usesWeights(c.op))
      out.push_back({Space::Wgt, 0, c.wgtBase, c.wgtBase + uint64_t(wgt) + 1, false});
    if (c.init == isa::ReduceInit::Acc)
      out.push_back({Space::Acc, 0, c.dstBase, c.dstBase + uint64_t(dst) + 1, false});
    parameters = parameters || c.init == isa::ReduceInit::Bias;
  } else {
    out.push_back({Space::Acc, 0, c.srcBase, c.srcBase + uint64_t(dst) + 1, false});
    if (c.op != uint32_t(isa::VecOp::Requantise))
      out.push_back({Space::Acc, 0, c.wgtBase, c.wgtBase + uint64_t(src) + 1, false});
    parameters = parameters || c.op == uint32_t(isa::VecOp::Requantise);
  }
  if (parameters)
    out.push_back({Space::Par, 0, c.par, uint64_t(c.par) + 1, false});
  return out;
}

bool conflict(const Accesses &a, const Accesses &b) {
  for (const Access &x : a)
    for (const Access &y : b)
      if (x.space == y.space && x.region == y.region && (x.write || y.write) && x.begin < y.end &&
          y.begin < x.end)
        return true;
  return false;
}

} // namespace tessera::compiler::npu
