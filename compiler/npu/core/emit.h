// From a layer and its tiling to commands, in plain program order and without dependency flags.
#pragma once

#include "command.h"
#include "layer.h"
#include "range.h"
#include "target.h"
#include "tiling.h"

#include <vector>

namespace tessera::compiler::npu {

// Hands out scratchpad ranges, across layers too, so that what is loaded next does not lie where the last piece is still in use:
// weights and parameters go round in a ring (many small layers fit at once), the other memories have contexts that take turns. A
// request larger than a context gets the whole memory.
class Contexts {
public:
  explicit Contexts(const Target &target) : target_(target) {}
  // Goes on in another share of the machine, away from what was handed out last.
  Contexts in(const Target &part) const;
  // Base of the next range; `elements` must not exceed the memory's depth.
  uint32_t take(MemoryType memory, uint32_t elements);

private:
  uint32_t next(MemoryType memory, uint32_t elements) const;

  Target target_;
  std::array<Range, 8> last_{}; // handed out, by memory
};

// Appends the commands of one layer (without its mark).
void emitLayer(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
               std::vector<Command> &commands);

// Elements of an addition that one tile takes at most; 0 where the memories hold none.
uint32_t mostAddElements(const Target &target);

// For emit_*.cpp: the kinds of layers.
void emitWindow(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
                std::vector<Command> &commands);
void emitAdd(const Target &target, const Layer &layer, const Tiling &tiling, Contexts &contexts,
             std::vector<Command> &commands);
void emitSum(const Target &target, const Layer &layer, Contexts &contexts, std::vector<Command> &commands);

} // namespace tessera::compiler::npu
