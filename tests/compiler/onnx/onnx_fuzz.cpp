// The ONNX importer under libFuzzer: any bytes give a module that verifies or an error, and nothing else happens.

#include "import/onnx/onnx_import.h"

#include "mlir/IR/MLIRContext.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  auto module = tessera::compiler::importOnnx(context, {data, size}, "", {{"batch", 1}});
  (void)module;
  return 0;
}
