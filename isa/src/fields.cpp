#include "tessera/isa/fields.h"

#include <type_traits>
#include <utility>

namespace tessera::isa {
namespace {

template <size_t... Kinds> Instruction makeKind(size_t kind, std::index_sequence<Kinds...>) {
  Instruction instruction;
  ((kind == Kinds ? void(instruction.emplace<Kinds>()) : void()), ...);
  return instruction;
}

} // namespace

Instruction makeInstruction(size_t kind) {
  return makeKind(kind, std::make_index_sequence<kInstructionKinds>());
}

int64_t fieldValue(const Instruction &instruction, size_t field) {
  int64_t value = 0;
  std::visit(
      [&](const auto &x) {
        visitFields(x, [&](size_t f, const auto &member) {
          if (f == field)
            value = static_cast<int64_t>(member);
        });
      },
      instruction);
  return value;
}

void setFieldValue(Instruction &instruction, size_t field, int64_t value) {
  std::visit(
      [&](auto &x) {
        visitFields(x, [&](size_t f, auto &member) {
          if (f == field)
            member = static_cast<std::remove_reference_t<decltype(member)>>(value);
        });
      },
      instruction);
}

void setDependencies(Instruction &instruction, const Dependencies &dependencies) {
  std::visit([&](auto &x) { x.dependencies = dependencies; }, instruction);
}

} // namespace tessera::isa
