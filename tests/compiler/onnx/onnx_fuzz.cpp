// The ONNX importer under libFuzzer: any bytes give a module that verifies or an error, and nothing else happens.

#include "import/onnx/onnx_import.h"

#include "mlir/IR/MLIRContext.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Making a context and loading its dialects takes longer than most imports, so one serves several files. What it keeps of each
  // (attributes, types, locations) goes with it.
  constexpr unsigned kFilesPerContext = 64;
  static std::unique_ptr<mlir::MLIRContext> context;
  static unsigned files = 0;
  if (files++ % kFilesPerContext == 0)
    context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
  const std::string_view name = "batch";
  std::map<std::string, int64_t> extents; // a name that the file has not is an error, so it is looked for
  if (std::search(data, data + size, name.begin(), name.end()) != data + size)
    extents[std::string(name)] = 1;
  auto module = tessera::compiler::importOnnx(*context, {data, size}, "", extents);
  (void)module;
  return 0;
}
