// The ONNX importer under libFuzzer: any bytes give a module that verifies or an error, and nothing else happens.

#include "import/onnx/onnx_import.h"

#include "mlir/IR/MLIRContext.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  const std::string_view name = "batch";
  std::map<std::string, int64_t> extents; // a name that the file has not is an error, so it is looked for
  if (std::search(data, data + size, name.begin(), name.end()) != data + size)
    extents[std::string(name)] = 1;
  auto module = tessera::compiler::importOnnx(context, {data, size}, "", extents);
  (void)module;
  return 0;
}
