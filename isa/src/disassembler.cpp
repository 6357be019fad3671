#include "assembly_items.h"
#include "tessera/isa/assembler.h"
#include "tessera/isa/modules.h"

#include <cstdio>

namespace tessera::isa {
namespace {

using Form = AssemblyItem::Form;

std::string hex(uint64_t value, int digits) {
  char text[17];
  std::snprintf(text, sizeof text, "%0*llx", digits, static_cast<unsigned long long>(value));
  return text;
}

std::string valueText(const FieldInfo &info, int64_t value) {
  if (info.valueNames && value >= 0 && value < info.valueNameCount && info.valueNames[value])
    return info.valueNames[value];
  return std::to_string(value);
}

std::string itemText(const Instruction &instruction, const AssemblyItem &item) {
  std::span<const FieldInfo> infos = instructionTable()[instruction.index()].fields;
  std::vector<int64_t> values;
  bool isZero = true;
  for (size_t field : item.fields) {
    values.push_back(fieldValue(instruction, field));
    isZero = isZero && values.back() == 0;
  }
  if (isZero && item.omittedWhenZero)
    return "";
  const FieldInfo &first = infos[item.fields[0]];
  switch (item.form) {
  case Form::Flag:
    return item.name;
  case Form::Name: {
    std::string text = valueText(first, values[0]);
    return text[0] >= '0' && text[0] <= '9' ? item.name + "=" + text : text;
  }
  case Form::Value:
    return item.name + "=" + valueText(first, values[0] + item.offset);
  case Form::Immediate:
    return (values[0] ? "imm=" : "unused_imm=") + std::to_string(values[1]);
  case Form::Pair:
  case Form::Range:
    break;
  }
  std::string text = item.name + (item.form == Form::Range ? "=[" : "=(");
  for (size_t i = 0; i < values.size(); ++i)
    text += (i ? "," : "") + std::to_string(values[i]);
  return text + ")";
}

std::string wordText(Word128 word) { return ".word 0x" + hex(word.hi, 16) + hex(word.lo, 16); }

std::string instructionText(Word128 word, const Layout &layout) {
  Expected<Instruction> instruction = layout.decodeFields(word);
  if (!instruction)
    return wordText(word) + " ; " + instruction.error().message;
  std::string text = instructionTable()[instruction->index()].name;
  for (const AssemblyItem &item : assemblyItems(instruction->index()))
    if (std::string part = itemText(*instruction, item); !part.empty())
      text += " " + part;
  for (const DependencyWord &dependency : kDependencyWords)
    if (dependenciesOf(*instruction).*dependency.member)
      text += std::string(" ") + dependency.name;
  return layout.encode(*instruction) == word ? text : wordText(word) + " ; " + text;
}

std::string microOpText(uint32_t word, const Layout &layout) {
  MicroOp microOp = layout.decodeMicroOp(word);
  if (layout.encodeMicroOp(microOp) != word)
    return ".uop 0x" + hex(word, 8);
  return "uop dst=" + std::to_string(microOp.dst) + " src=" + std::to_string(microOp.src) +
         " wgt=" + std::to_string(microOp.wgt);
}

} // namespace

std::string disassemble(Word128 word, const MachineConfig &machine) {
  return instructionText(word, Layout(machine));
}

std::string disassembleMicroOp(uint32_t word, const MachineConfig &machine) {
  return microOpText(word, Layout(machine));
}

std::string disassemble(const Program &program, const MachineConfig &machine) {
  Layout layout(machine);
  std::string text;
  for (size_t i = 0; i < program.instructions.size(); ++i)
    text += instructionText(program.instructions[i], layout) + " ; " + std::to_string(i) + "\n";
  for (size_t i = 0; i < program.microOps.size(); ++i)
    text += microOpText(program.microOps[i], layout) + " ; " + std::to_string(i) + "\n";
  return text;
}

} // namespace tessera::isa
