#include "commands.h"
#include "files.h"

#include "tessera/isa/assembler.h"

#include <cstdio>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string file;
  std::string machine = "pynq";
  std::string output;
  std::string microOps;
};

void append(std::vector<uint8_t> &bytes, uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

Expected<void> assembleFile(const Options &options) {
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  auto text = readFile(options.file);
  if (!text)
    return text.error();
  auto program =
      isa::assemble(std::string_view(reinterpret_cast<const char *>(text->data()), text->size()), *machine);
  if (!program)
    return Error{options.file + ": " + program.error().message};
  if (options.output == "-" && options.microOps == "-")
    return Error{"stdout takes the instructions or the micro-ops, not both"};
  if (options.microOps.empty() && !program->microOps.empty())
    return Error{options.file + " has " + std::to_string(program->microOps.size()) +
                 " micro-ops: --uops FILE says where they go"};
  std::vector<uint8_t> instructions, microOps;
  for (const isa::Word128 &word : program->instructions) {
    append(instructions, word.lo, 8);
    append(instructions, word.hi, 8);
  }
  for (uint32_t word : program->microOps)
    append(microOps, word, 4);
  if (auto written = writeFile(options.output, instructions); !written)
    return written;
  if (!options.microOps.empty())
    if (auto written = writeFile(options.microOps, microOps); !written)
      return written;
  if (options.output != "-" && options.microOps != "-")
    std::printf("%zu instructions, %zu micro-ops\n", program->instructions.size(), program->microOps.size());
  return {};
}

} // namespace

void addAsm(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command =
      app.add_subcommand("asm", "Assemble a program: text to instruction words and micro-ops");
  command->add_option("FILE", options->file, "assembler text")->required();
  command->add_option("--machine", options->machine, "machine whose field layout is used")
      ->capture_default_str();
  command->add_option("-o,--output", options->output, "file for the instructions, 16 bytes each")->required();
  command->add_option("--uops", options->microOps, "file for the micro-ops, 4 bytes each");
  command->footer("\nA line is an instruction or a micro-op:\n"
                  "  load inp sram=0 dram=0x100 size=(14,14) stride=56 pad=(1,0,1,0) pop_next push_next\n"
                  "  gemm uop=[0,9) iter=(14,14) dst=(14,1) src=(16,1) wgt=(0,0) pop_prev push_next\n"
                  "  uop dst=0 src=16 wgt=3\n"
                  "tessera asm program.s -o program.bin --uops uops.bin");
  command->callback([options, &status] {
    if (auto done = assembleFile(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
