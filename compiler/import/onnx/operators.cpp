#include "import/onnx/operators.h"

#include <algorithm>
#include <map>

namespace tessera::compiler::onnx_import {

namespace {

using Key = std::pair<std::string_view, std::string_view>;

const std::map<Key, std::vector<OperatorEntry>> &table() {
  static const auto built = [] {
    std::map<Key, std::vector<OperatorEntry>> result;
    for (const OperatorEntry &entry : allOperators())
      result[{entry.domain, entry.name}].push_back(entry);
    return result;
  }();
  return built;
}

} // namespace

std::vector<OperatorEntry> allOperators() {
  std::vector<OperatorEntry> all;
  for (const auto family : {activationOperators, arithmeticOperators, controlOperators, convolutionOperators,
                            gatherOperators, lossOperators, matrixOperators, normalisationOperators,
                            poolingOperators, qLinearOperators, quantisationOperators, recurrentOperators,
                            reduceOperators, resizeOperators, shapeOperators, sliceOperators}) {
    const OperatorTable entries = family();
    all.insert(all.end(), entries.begin(), entries.end());
  }
  return all;
}

const OperatorEntry *findOperator(std::string_view domain, std::string_view name, int64_t opset) {
  const auto found = table().find({domain, name});
  if (found == table().end())
    return nullptr;
  for (const OperatorEntry &entry : found->second)
    if (opset >= entry.since && opset <= entry.until)
      return &entry;
  return nullptr;
}

} // namespace tessera::compiler::onnx_import
