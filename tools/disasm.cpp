#include "commands.h"
#include "files.h"

#include "tessera/isa/assembler.h"

#include <cstring>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string program;
  std::string machine = "pynq";
  std::string output = "-";
  std::string microOps;
};

/// The words of a file, which must be whole.
template <class T> Expected<void> readWords(const std::string &path, std::vector<T> &words) {
  auto bytes = readFile(path);
  if (!bytes)
    return bytes.error();
  if (bytes->size() % sizeof(T) != 0)
    return Error{path + ": " + std::to_string(bytes->size()) + " bytes are not a multiple of " +
                 std::to_string(sizeof(T))};
  words.resize(bytes->size() / sizeof(T));
  if (!words.empty())
    std::memcpy(words.data(), bytes->data(), bytes->size());
  return {};
}

Expected<void> disassembleFile(const Options &options) {
  auto machine = isa::loadMachine(options.machine);
  if (!machine)
    return machine.error();
  isa::Program program;
  if (auto read = readWords(options.program, program.instructions); !read)
    return read;
  if (!options.microOps.empty())
    if (auto read = readWords(options.microOps, program.microOps); !read)
      return read;
  return writeFile(options.output, isa::disassemble(program, *machine));
}

} // namespace

void addDisasm(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand("disasm", "Text of instructions and micro-ops; `asm` gives them back");
  command->add_option("PROGRAM", options->program, "instructions, 16 bytes each")->required();
  command->add_option("--machine", options->machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command->add_option("--uops", options->microOps, "micro-ops, 4 bytes each, to follow the instructions");
  command->add_option("-o,--output", options->output, "text to write; - is stdout")->capture_default_str();
  command->footer("\ntessera disasm program.bin --machine pynq --uops uops.bin");
  command->callback([options, &status] {
    if (auto done = disassembleFile(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
