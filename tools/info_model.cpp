#include "files.h"
#include "info.h"

#ifdef TESSERA_HAVE_COMPILE
#include "tessera/compiler/compiler.h"

#include <filesystem>
#endif

namespace tessera::tools {

#ifdef TESSERA_HAVE_COMPILE
isa::Expected<Facts> modelFacts(std::span<const uint8_t> file, const std::string &name,
                                const std::string &machineName, const std::vector<std::string> &extents) {
  auto machine = isa::loadMachine(machineName);
  if (!machine)
    return machine.error();
  compiler::CompileOptions options;
  options.machine = *machine;
  options.modelName = std::filesystem::path(name).stem();
  options.modelFolder = folderOf(name);
  auto fixed = readExtents(extents);
  if (!fixed)
    return fixed.error();
  options.extents = *fixed;
  auto compiled = compiler::compile(file, options);
  if (!compiled)
    return isa::Error{name + ": " + compiled.error().message};
  auto bytes = compiled->image.serialize();
  if (!bytes)
    return isa::Error{name + ": " + bytes.error().message};
  return imageFacts(*bytes, name);
}
#else
isa::Expected<Facts> modelFacts(std::span<const uint8_t>, const std::string &name, const std::string &,
                                const std::vector<std::string> &) {
  return isa::Error{name + " is a model, and this build has no compiler"};
}
#endif

} // namespace tessera::tools
