/// The operator families: each gives its part of the table. One file a family in operators/.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_H
#define TESSERA_COMPILER_IMPORT_ONNX_OPERATORS_H

#include "import/onnx/call.h"

namespace tessera::compiler::onnx_import {

using OperatorTable = std::vector<OperatorEntry>;

OperatorTable activationOperators();
OperatorTable arithmeticOperators();
OperatorTable controlOperators();
OperatorTable convolutionOperators();
OperatorTable gatherOperators();
OperatorTable lossOperators();
OperatorTable matrixOperators();
OperatorTable normalisationOperators();
OperatorTable poolingOperators();
OperatorTable qLinearOperators();
OperatorTable quantisationOperators();
OperatorTable recurrentOperators();
OperatorTable reduceOperators();
OperatorTable resizeOperators();
OperatorTable shapeOperators();
OperatorTable sliceOperators();

} // namespace tessera::compiler::onnx_import

#endif
