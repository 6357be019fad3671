#include "aot/facts.h"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace tessera::compiler::aot {

namespace {

/// Writes constants and gives the names of what it wrote.
class Constants {
public:
  std::string text;

  std::string string(const std::string &value) {
    std::string bytes;
    for (const char character : value) {
      char escaped[4];
      std::snprintf(escaped, sizeof escaped, "\\%02X",
                    static_cast<unsigned>(static_cast<unsigned char>(character)));
      bytes += escaped;
    }
    return add("[" + std::to_string(value.size() + 1) + " x i8]", "c\"" + bytes + "\\00\"");
  }

  std::string extents(const std::vector<uint64_t> &shape) {
    std::string values;
    for (const uint64_t extent : shape)
      values += (values.empty() ? "i64 " : ", i64 ") + std::to_string(extent);
    return add("[" + std::to_string(shape.size()) + " x i64]", "[" + values + "]");
  }

  std::string tensors(const std::vector<TensorInfo> &all) {
    std::string values;
    for (const TensorInfo &tensor : all) {
      char scale[20];
      std::snprintf(scale, sizeof scale, "0x%016llX",
                    static_cast<unsigned long long>(std::bit_cast<uint64_t>(tensor.scale)));
      const std::string name = string(tensor.name), type = string(tensor.type), shape = extents(tensor.shape);
      values += (values.empty() ? "" : ", ") + ("%tensor { ptr " + name) + ", ptr " + type + ", ptr " +
                shape + ", i64 " + std::to_string(tensor.shape.size()) + ", i64 " +
                std::to_string(tensor.bytes) + ", double " + scale + ", i64 " +
                std::to_string(tensor.zeroPoint) + " }";
    }
    return add("[" + std::to_string(all.size()) + " x %tensor]", "[" + values + "]");
  }

  std::string add(const std::string &type, const std::string &value) {
    const std::string name = "@constant_" + std::to_string(count_++);
    text += name + " = private constant " + type + " " + value + "\n";
    return name;
  }

private:
  size_t count_ = 0;
};

/// A function NAME_`what` that calls the runtime's, with the code's address in front where it takes that.
std::string forward(const Facts &facts, const std::string &what, const std::string &result, bool takesCode,
                    std::initializer_list<const char *> arguments) {
  std::string types, declared = takesCode ? "ptr" : "", given = takesCode ? "ptr @code" : "";
  for (const std::string type : arguments) {
    const std::string comma = declared.empty() ? "" : ", ", first = types.empty() ? "" : ", ";
    const std::string argument = type + " %" + std::to_string(std::count(types.begin(), types.end(), '%'));
    declared += comma + type;
    given += comma + argument;
    types += first + argument;
  }
  const std::string call = "call " + result + " @tessera_aot_" + what + "(" + given + ")\n";
  return "declare " + result + " @tessera_aot_" + what + "(" + declared + ")\n" + //
         "define " + result + " @" + facts.name + "_" + what + "(" + types + ") nounwind {\n" +
         (result == "void" ? "  " + call + "  ret void\n"
                           : "  %result = " + call + "  ret " + result + " %result\n") +
         "}\n";
}

} // namespace

std::string describeAsCode(const Facts &facts) {
  Constants constants;
  const std::string network = constants.string(facts.network),
                    compiler = constants.string("tessera " TESSERA_VERSION);
  const std::string target = constants.string(facts.target), cpu = constants.string(facts.cpu);
  const std::string inputs = constants.tensors(facts.inputs), outputs = constants.tensors(facts.outputs);
  const auto number = [](uint64_t value) { return ", i64 " + std::to_string(value); };
  return "%tensor = type { ptr, ptr, ptr, i64, i64, double, i64 }\n"
         "%description = type { i64, ptr, ptr, ptr, ptr, i64, i64, ptr, i64, ptr, i64 }\n"
         "%code = type { ptr, ptr, i64 }\n" +
         constants.text + "@description = private constant %description { i64 1, ptr " + network + ", ptr " +
         compiler + ", ptr " + target + ", ptr " + cpu + number(facts.macs) + number(facts.workspaceBytes()) +
         ", ptr " + inputs + number(facts.inputs.size()) + ", ptr " + outputs + number(facts.outputs.size()) +
         " }\n"
         "declare void @cpu_segment_0(ptr, ptr)\n"
         "@code = private constant %code { ptr @description, ptr @cpu_segment_0" +
         number(facts.arenaBytes) + " }\n" + //
         "define ptr @" + facts.name + "_describe() nounwind {\n  ret ptr @description\n}\n" +
         forward(facts, "create", "i32", true, {"i32", "ptr"}) +
         forward(facts, "destroy", "void", false, {"ptr"}) +
         forward(facts, "message", "ptr", false, {"ptr"}) +
         forward(facts, "run", "i32", false, {"ptr", "ptr", "ptr"}) +
         forward(facts, "run_in", "i32", true, {"ptr", "ptr", "ptr"});
}

} // namespace tessera::compiler::aot
