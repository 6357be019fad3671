// libFuzzer target of the texts that users write: machine files and assembler. Whatever the assembler accepts must survive
// the disassembler.
#include "tessera/isa/assembler.h"

#include <cstdlib>

using namespace tessera::isa;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const MachineConfig pynq = *loadMachine("pynq");
  std::string_view text(reinterpret_cast<const char *>(data), size);
  if (auto machine = parseMachine(text, "fuzz"); !machine && machine.error().message.empty())
    std::abort();
  auto program = assemble(text, pynq);
  if (!program)
    return program.error().message.empty() ? (std::abort(), 0) : 0;
  auto again = assemble(disassemble(*program, pynq), pynq);
  if (!again || again->instructions != program->instructions || again->microOps != program->microOps)
    std::abort();
  return 0;
}
