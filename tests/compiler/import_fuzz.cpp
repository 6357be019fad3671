// libFuzzer target: any bytes as a TFLite file. Either a module that verifies or an error, under address and
// undefined-behaviour sanitizers.

#include "import/tflite_import.h"

#include "mlir/IR/MLIRContext.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  const auto module = tessera::compiler::importTflite(context, {data, size});
  if (!module && module.error().message.empty())
    std::abort(); // an error without a word is a finding too
  return 0;
}
