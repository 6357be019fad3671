/// One function an operator or family of operators; each sets the values of the operator's outputs.
#ifndef TESSERA_COMPILER_IMPORT_OPERATORS_H
#define TESSERA_COMPILER_IMPORT_OPERATORS_H

#include "import/importer.h"

namespace tessera::compiler::frontend {

// blocks.cpp
isa::Expected<void> importDepth(Importer &importer, const Operator &op);
isa::Expected<void> importBatch(Importer &importer, const Operator &op);
isa::Expected<void> importGather(Importer &importer, const Operator &op);
// cast.cpp
isa::Expected<void> importCast(Importer &importer, const Operator &op);
isa::Expected<void> importRound(Importer &importer, const Operator &op);
// compare.cpp
isa::Expected<void> importCompare(Importer &importer, const Operator &op);
isa::Expected<void> importLogical(Importer &importer, const Operator &op);
isa::Expected<void> importSelect(Importer &importer, const Operator &op);
// conv.cpp
isa::Expected<void> importConv2D(Importer &importer, const Operator &op);
isa::Expected<void> importDepthwiseConv2D(Importer &importer, const Operator &op);
isa::Expected<void> importFullyConnected(Importer &importer, const Operator &op);
isa::Expected<void> importTransposeConv(Importer &importer, const Operator &op);
// detection.cpp
isa::Expected<void> importCustom(Importer &importer, const Operator &op);
/// Gives outputs of TFLite_Detection_PostProcess that the file declares without a shape the one that the options say.
void completeDetectionShapes(Model &model);
// elementwise.cpp
/// Scale and zero point as the custom operations quantize and dequantize have them.
std::string quantisationText(const Tensor &tensor);
isa::Expected<void> importAddSub(Importer &importer, const Operator &op);
isa::Expected<void> importMul(Importer &importer, const Operator &op);
isa::Expected<void> importDiv(Importer &importer, const Operator &op);
isa::Expected<void> importSquaredDifference(Importer &importer, const Operator &op);
isa::Expected<void> importPow(Importer &importer, const Operator &op);
isa::Expected<void> importAddN(Importer &importer, const Operator &op);
isa::Expected<void> importExtreme(Importer &importer, const Operator &op);
isa::Expected<void> importRelu(Importer &importer, const Operator &op);
isa::Expected<void> importQuantize(Importer &importer, const Operator &op);
isa::Expected<void> importDequantize(Importer &importer, const Operator &op);
// lookup.cpp
isa::Expected<void> importLogistic(Importer &importer, const Operator &op);
isa::Expected<void> importTanh(Importer &importer, const Operator &op);
isa::Expected<void> importHardSwish(Importer &importer, const Operator &op);
isa::Expected<void> importLeakyRelu(Importer &importer, const Operator &op);
isa::Expected<void> importElu(Importer &importer, const Operator &op);
// pool.cpp
isa::Expected<void> importPool(Importer &importer, const Operator &op);
isa::Expected<void> importMean(Importer &importer, const Operator &op);
isa::Expected<void> importPad(Importer &importer, const Operator &op);
// matmul.cpp
isa::Expected<void> importBatchMatMul(Importer &importer, const Operator &op);
// memory.cpp
isa::Expected<void> importSvdf(Importer &importer, const Operator &op);
isa::Expected<void> importLstm(Importer &importer, const Operator &op);
// moves.cpp
isa::Expected<void> importReshape(Importer &importer, const Operator &op);
isa::Expected<void> importConcatenation(Importer &importer, const Operator &op);
isa::Expected<void> importPack(Importer &importer, const Operator &op);
isa::Expected<void> importUnpack(Importer &importer, const Operator &op);
isa::Expected<void> importSplit(Importer &importer, const Operator &op);
isa::Expected<void> importSplitV(Importer &importer, const Operator &op);
isa::Expected<void> importTranspose(Importer &importer, const Operator &op);
isa::Expected<void> importShape(Importer &importer, const Operator &op);
// normalise.cpp
isa::Expected<void> importL2Norm(Importer &importer, const Operator &op);
// repeat.cpp
isa::Expected<void> importTile(Importer &importer, const Operator &op);
isa::Expected<void> importBroadcastTo(Importer &importer, const Operator &op);
isa::Expected<void> importReverse(Importer &importer, const Operator &op);
isa::Expected<void> importMirrorPad(Importer &importer, const Operator &op);
isa::Expected<void> importFill(Importer &importer, const Operator &op);
isa::Expected<void> importZerosLike(Importer &importer, const Operator &op);
isa::Expected<void> importRank(Importer &importer, const Operator &op);
// slice.cpp
isa::Expected<void> importSlice(Importer &importer, const Operator &op);
isa::Expected<void> importStridedSlice(Importer &importer, const Operator &op);
// reduce.cpp
isa::Expected<void> importArg(Importer &importer, const Operator &op);
isa::Expected<void> importReduce(Importer &importer, const Operator &op);
// resize.cpp
isa::Expected<void> importResizeBilinear(Importer &importer, const Operator &op);
isa::Expected<void> importResizeNearest(Importer &importer, const Operator &op);
// softmax.cpp
isa::Expected<void> importSoftmax(Importer &importer, const Operator &op);
isa::Expected<void> importLogSoftmax(Importer &importer, const Operator &op);

// unary.cpp
isa::Expected<void> importUnary(Importer &importer, const Operator &op);
isa::Expected<void> importPrelu(Importer &importer, const Operator &op);

} // namespace tessera::compiler::frontend

#endif
