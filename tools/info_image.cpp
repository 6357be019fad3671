#include "commands.h"
#include "info.h"

namespace tessera::tools {

int printImage(std::span<const uint8_t>, const std::string &name) {
  return fail(name + " is no program image");
}
int printModel(std::span<const uint8_t>, const std::string &name, const std::string &) { return fail(name); }
int printArea(const std::string &) { return fail("no area table"); }

} // namespace tessera::tools
