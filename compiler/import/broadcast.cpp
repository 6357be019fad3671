#include "import/broadcast.h"

#include "import/shape_text.h"

namespace tessera::compiler::frontend {

using isa::Error;
using isa::Expected;

Expected<void> checkBroadcast(const Importer &importer, const Operator &op, size_t first) {
  const std::vector<int64_t> &wanted = importer.output(op).shape;
  std::vector<int64_t> widest(wanted.size(), 1);
  for (size_t i = first; i < op.inputs.size(); ++i) {
    const std::vector<int64_t> &shape = importer.input(op, i).shape;
    bool fits = shape.size() <= wanted.size();
    for (size_t d = 1; fits && d <= shape.size(); ++d) {
      const int64_t extent = shape[shape.size() - d];
      fits = extent == 1 || extent == wanted[wanted.size() - d];
      widest[wanted.size() - d] = std::max(widest[wanted.size() - d], extent);
    }
    if (!fits)
      return Error{prefixOf(op) + "input " + shapeText(shape) + " does not broadcast to output " +
                   shapeText(wanted)};
  }
  if (widest != wanted)
    return Error{prefixOf(op) + "inputs do not make output " + shapeText(wanted)};
  return {};
}

mlir::Value withRank(Importer &importer, const Operator &op, size_t i) {
  std::vector<int64_t> shape = importer.input(op, i).shape;
  shape.insert(shape.begin(), importer.output(op).shape.size() - shape.size(), 1);
  return importer.reshape(importer.inputValue(op, i), shape);
}

} // namespace tessera::compiler::frontend
