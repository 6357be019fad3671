#include "commands.h"
#include "info.h"

#ifdef TESSERA_HAVE_COMPILE
#include "tessera/compiler/compiler.h"

#include <filesystem>
#endif

namespace tessera::tools {

#ifdef TESSERA_HAVE_COMPILE
int printModel(std::span<const uint8_t> file, const std::string &name, const std::string &machineName) {
  auto machine = isa::loadMachine(machineName);
  if (!machine)
    return fail(machine.error().message);
  compiler::CompileOptions options;
  options.machine = *machine;
  options.modelName = std::filesystem::path(name).stem();
  auto compiled = compiler::compile(file, options);
  if (!compiled)
    return fail(name + ": " + compiled.error().message);
  auto bytes = compiled->image.serialize();
  if (!bytes)
    return fail(name + ": " + bytes.error().message);
  return printImage(*bytes, name);
}
#else
int printModel(std::span<const uint8_t>, const std::string &name, const std::string &) {
  return fail(name + " is a model, and this build has no compiler");
}
#endif

} // namespace tessera::tools
