// Additions: both operands as bytes in ACC, one VEC a piece, the sums in OUT over the first operand's place.
#include "computation.h"
#include "emit.h"
#include "range.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

class AddEmitter {
public:
  AddEmitter(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
             std::vector<Command> &commands)
      : target_(target), layer_(layer), tiling_(tiling), contexts_(contexts), commands_(commands) {}

  void run() {
    Command par;
    par.kind = Command::Kind::Load;
    par.memory = MemoryType::Par;
    par.place = layer_.parameterPlace;
    par.columns = par.stride = 1;
    par.sramBase = parameter_ = contexts_.take(MemoryType::Par, 1);
    commands_.push_back(par);

    std::vector<Range> chunks = cut(target_.channelBlocks(layer_.output.channels), tiling_.blocks),
                       rows = cut(layer_.output.height, tiling_.rows),
                       columns = cut(layer_.output.width, tiling_.columns);
    for (Range outer : tiling_.weightsOuter ? chunks : rows)
      for (Range inner : tiling_.weightsOuter ? rows : chunks)
        for (Range column : columns)
          piece(tiling_.weightsOuter ? outer : inner, tiling_.weightsOuter ? inner : outer, column);
  }

private:
  void piece(Range blocks, Range rows, Range columns) {
    uint32_t count = blocks.size() * rows.size() * columns.size();
    uint32_t most = tiling_.blocks * tiling_.rows * tiling_.columns;
    uint32_t base = contexts_.take(MemoryType::Acc, 2 * most);
    transfer(Command::Kind::Load, MemoryType::Acc8bit, layer_.inputPlace, base, blocks, rows, columns);
    transfer(Command::Kind::Load, MemoryType::Acc8bit, layer_.rhsPlace, base + most, blocks, rows, columns);
    TensorMatch match = matchComputation(target_, addComputation(target_, count));
    Command add;
    add.kind = Command::Kind::Vec;
    add.op = match.instruction->code;
    add.kernel = match.kernel;
    add.dstBase = add.srcBase = base;
    add.wgtBase = base + most;
    add.par = parameter_;
    add.exit = layer_.exit;
    add.lhs = layer_.lhs;
    add.rhs = layer_.rhs;
    commands_.push_back(add);
    transfer(Command::Kind::Store, MemoryType::Out, layer_.outputPlace, base, blocks, rows, columns);
  }

  // One command for what is contiguous in DRAM; on chip the piece is dense.
  void transfer(Command::Kind kind, MemoryType memory, Place place, uint32_t sramBase, Range blocks,
                Range rows, Range columns) {
    const Shape &shape = layer_.output;
    uint32_t plane = shape.height * shape.width;
    auto emit = [&](uint32_t first, uint32_t count) {
      Command c;
      c.kind = kind;
      c.memory = memory;
      c.place = {place.region, place.offset + first * target_.elementBytes(memory)};
      c.sramBase = sramBase;
      c.columns = c.stride = count;
      commands_.push_back(c);
      sramBase += count;
    };
    if (rows.size() * columns.size() == plane)
      return emit(blocks.begin * plane, blocks.size() * plane);
    for (uint32_t block = blocks.begin; block < blocks.end; ++block) {
      if (columns.size() == shape.width)
        emit(block * plane + rows.begin * shape.width, rows.size() * shape.width);
      else
        for (uint32_t row = rows.begin; row < rows.end; ++row)
          emit(block * plane + row * shape.width + columns.begin, columns.size());
    }
  }

  const Target &target_;
  const Layer &layer_;
  const Tiling &tiling_;
  Contexts &contexts_;
  std::vector<Command> &commands_;
  uint32_t parameter_ = 0;
};

} // namespace

void emitAdd(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
             std::vector<Command> &commands) {
  AddEmitter(target, layer, tiling, contexts, commands).run();
}

} // namespace tessera::compiler::npu
