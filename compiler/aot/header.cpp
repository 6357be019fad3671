#include "aot/facts.h"

#include <cstdio>

namespace tessera::compiler::aot {

namespace {

std::string upper(std::string text) {
  for (char &character : text)
    character = character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
  return text;
}

/// A name from the file, for a comment: nothing in it ends the comment.
std::string quoted(const std::string &text) {
  std::string result = "\"";
  for (const char character : text) {
    const bool isPlain = character >= ' ' && character <= '~' && character != '"' && character != '\\';
    const bool endsComment = character == '/' && result.back() == '*';
    result += isPlain && !endsComment ? character : '?';
  }
  return result + "\"";
}

std::string tensorLine(const char *array, size_t index, const TensorInfo &tensor) {
  std::string shape;
  for (const uint64_t extent : tensor.shape)
    shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
  std::string line = " *   " + std::string(array) + "[" + std::to_string(index) + "]  " +
                     quoted(tensor.name) + ": " + tensor.type + " [" + shape + "], " +
                     std::to_string(tensor.bytes) + " bytes";
  if (tensor.scale != 0) {
    char quantisation[80];
    std::snprintf(quantisation, sizeof quantisation, ", real = %.9g * (element - %lld)", tensor.scale,
                  static_cast<long long>(tensor.zeroPoint));
    line += quantisation;
  }
  return line + "\n";
}

} // namespace

std::string describeAsHeader(const Facts &facts) {
  const std::string &n = facts.name, big = upper(n);
  std::string text = "/* " + quoted(facts.network) + " for " + facts.target + ", processor " + facts.cpu +
                     ": lib" + n + ".so, made by tessera " TESSERA_VERSION ".\n *\n";
  for (size_t i = 0; i < facts.inputs.size(); ++i)
    text += tensorLine("inputs", i, facts.inputs[i]);
  for (size_t i = 0; i < facts.outputs.size(); ++i)
    text += tensorLine("outputs", i, facts.outputs[i]);
  text += " *\n * tessera_network.h says what buffers, results and threads must be. */\n"
          "#ifndef TESSERA_NETWORK_" +
          big + "_H\n#define TESSERA_NETWORK_" + big + "_H\n\n#include \"tessera_network.h\"\n\n";
  const auto define = [&](const std::string &what, uint64_t value) {
    text += "#define " + big + "_" + what + " " + std::to_string(value) + "\n";
  };
  define("INPUTS", facts.inputs.size());
  for (size_t i = 0; i < facts.inputs.size(); ++i)
    define("INPUT_" + std::to_string(i) + "_BYTES", facts.inputs[i].bytes);
  define("OUTPUTS", facts.outputs.size());
  for (size_t i = 0; i < facts.outputs.size(); ++i)
    define("OUTPUT_" + std::to_string(i) + "_BYTES", facts.outputs[i].bytes);
  define("WORKSPACE_BYTES", facts.workspaceBytes());
  text += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
          "/* Names, types, shapes and sizes of everything; valid as long as the library is loaded. */\n"
          "const tessera_description *" +
          n +
          "_describe(void);\n\n"
          "/* Makes an instance, which has its workspace and computes on `threads`, the caller's among them "
          "(0: one for each processor, never\n"
          " * more than those); what it computes does not depend on that. *instance is null on failure. */\n"
          "tessera_result " +
          n +
          "_create(int32_t threads, tessera_instance **instance);\n"
          "void " +
          n +
          "_destroy(tessera_instance *instance); /* null is fine */\n\n"
          "/* One inference: " +
          std::to_string(facts.inputs.size()) + " inputs, " + std::to_string(facts.outputs.size()) +
          " outputs, in the order above. */\n"
          "tessera_result " +
          n +
          "_run(tessera_instance *instance, const void *const *inputs, void *const *outputs);\n\n"
          "/* Why the last run of the instance failed; empty where it did not. Valid until its next run. */\n"
          "const char *" +
          n +
          "_message(const tessera_instance *instance);\n\n"
          "/* The same without an instance: `workspace` is " +
          big +
          "_WORKSPACE_BYTES that nobody else uses meanwhile, 64-byte aligned. */\n"
          "tessera_result " +
          n +
          "_run_in(void *workspace, const void *const *inputs, void *const *outputs);\n\n"
          "#ifdef __cplusplus\n}\n#endif\n#endif\n";
  return text;
}

} // namespace tessera::compiler::aot
