/// Follows the integers beneath real tensors through a graph, one node at a time.
#ifndef TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_FOLLOW_H
#define TESSERA_COMPILER_IMPORT_ONNX_QUANTISED_FOLLOW_H

#include "import/onnx/call.h"

namespace tessera::compiler::onnx_import {

/// Called for each node behind its float emission. `outputs` are its values: real ones get a note of what they are beneath (beneath.h),
/// bytes that can be had from integers alone are replaced by those. What is not known stays as it is. Gives the reason where a node of
/// a quantised network has to stay in float, else nothing.
std::string followIntegers(Call &call, Values &outputs);

} // namespace tessera::compiler::onnx_import

#endif
