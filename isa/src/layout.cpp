// The layout rule, and words from instructions and back. The rule is that of isa/generator/table.py; the configuration hash
// covers every position, so a difference between the two shows in the hash test.
#include "tessera/isa/fields.h"

#include <algorithm>
#include <type_traits>

namespace tessera::isa {
namespace {

constexpr uint32_t kHeaderBits = 7;

uint32_t widthOf(const FieldInfo &field, const MachineConfig &machine) {
  if (field.isTesseraOnly && machine.level == Level::Vta)
    return 0;
  return field.fixedBits + (field.derivedBits ? (machine.*field.derivedBits)() : 0);
}

uint64_t maskOf(uint32_t width) { return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

void insert(Word128 &word, FieldPosition position, uint64_t value) {
  value &= maskOf(position.width);
  if (position.lsb < 64)
    word.lo |= value << position.lsb;
  else
    word.hi |= value << (position.lsb - 64);
}

uint64_t extract(Word128 word, FieldPosition position) {
  uint64_t half = position.lsb < 64 ? word.lo >> position.lsb : word.hi >> (position.lsb - 64);
  return position.width ? half & maskOf(position.width) : 0;
}

template <class T> T memberFrom(uint64_t raw, uint32_t width) {
  if constexpr (std::is_same_v<T, int32_t>) {
    uint64_t sign = width ? uint64_t{1} << (width - 1) : 0;
    return static_cast<int32_t>(static_cast<int64_t>((raw ^ sign) - sign));
  } else {
    return static_cast<T>(raw);
  }
}

template <class T> int64_t memberValue(T value) { return static_cast<int64_t>(value); }

Dependencies dependenciesOf(uint64_t lo) {
  return {(lo >> 3 & 1) != 0, (lo >> 4 & 1) != 0, (lo >> 5 & 1) != 0, (lo >> 6 & 1) != 0};
}

/// Positions of the fields one after the other; the end of the last, beyond the word where they do not fit.
uint32_t place(std::span<const FieldInfo> fields, const MachineConfig &machine, FieldPosition *positions) {
  uint32_t lsb = kHeaderBits;
  for (size_t f = 0; f < fields.size(); ++f) {
    uint32_t width = widthOf(fields[f], machine);
    if (lsb < 64 && (fields[f].startsUpperHalf || lsb + width > 64))
      lsb = 64;
    positions[f] = {static_cast<uint8_t>(lsb), static_cast<uint8_t>(width)};
    lsb += width;
  }
  return lsb;
}

} // namespace

Layout::Layout(const MachineConfig &machine)
    : level_(machine.level), features_(machine.features), depthwiseTaps_(machine.depthwiseTaps) {
  for (size_t i = 0; i < kInstructionKinds; ++i)
    place(instructionTable()[i].fields, machine, positions_[i].data());
  uint32_t lsb = 0;
  for (size_t f = 0; f < kMicroOpFields; ++f) {
    uint32_t width = widthOf(microOpTable()[f], machine);
    microOpPositions_[f] = {static_cast<uint8_t>(lsb), static_cast<uint8_t>(width)};
    lsb += width;
  }
}

Expected<void> Layout::checkFits(const MachineConfig &machine) {
  for (const InstructionInfo &info : instructionTable()) {
    std::array<FieldPosition, kMaxFields> positions{};
    if (uint32_t end = place(info.fields, machine, positions.data()); end > 128)
      return Error{std::string("instruction ") + info.name + " needs " + std::to_string(end) +
                   " bits of 128"};
  }
  uint32_t bits = 0;
  for (const FieldInfo &field : microOpTable())
    bits += widthOf(field, machine);
  if (bits > 32)
    return Error{"micro-op needs " + std::to_string(bits) + " bits of 32"};
  return {};
}

Word128 Layout::encode(const Instruction &instruction) const {
  const InstructionInfo &info = instructionTable()[instruction.index()];
  const auto &positions = positions_[instruction.index()];
  Word128 word{info.opcode, 0};
  std::visit(
      [&](const auto &x) {
        const Dependencies &d = x.dependencies;
        word.lo |= uint64_t{d.popPrev} << 3 | uint64_t{d.popNext} << 4 | uint64_t{d.pushPrev} << 5 |
                   uint64_t{d.pushNext} << 6;
        visitFields(x, [&](size_t f, const auto &member) {
          insert(word, positions[f], static_cast<uint64_t>(memberValue(member)));
        });
      },
      instruction);
  if (info.selector >= 0)
    insert(word, positions[0], static_cast<uint64_t>(info.selector));
  return word;
}

Expected<Instruction> Layout::decodeFields(Word128 word) const {
  auto opcode = static_cast<uint32_t>(word.lo & 7);
  auto table = instructionTable();
  auto found = std::find_if(table.begin(), table.end(), [&](const InstructionInfo &info) {
    if (info.opcode != opcode || (info.level == Level::Tessera && level_ == Level::Vta))
      return false;
    return info.selector < 0 || static_cast<uint64_t>(info.selector) ==
                                    (word.lo >> kHeaderBits & maskOf(info.fields[0].fixedBits));
  });
  if (found == table.end()) {
    if (opcode == static_cast<uint32_t>(Opcode::Set) && level_ == Level::Tessera)
      return Error{"set selector " + std::to_string(word.lo >> kHeaderBits & 7) + " is reserved",
                   static_cast<uint32_t>(ErrorCode::BadField)};
    return Error{"opcode " + std::to_string(opcode) + " is unknown on this machine",
                 static_cast<uint32_t>(ErrorCode::BadOpcode)};
  }
  auto kind = static_cast<size_t>(found - table.begin());
  Instruction instruction = makeInstruction(kind);
  std::visit(
      [&](auto &x) {
        x.dependencies = dependenciesOf(word.lo);
        visitFields(x, [&](size_t f, auto &member) {
          FieldPosition position = positions_[kind][f];
          member =
              memberFrom<std::remove_reference_t<decltype(member)>>(extract(word, position), position.width);
        });
      },
      instruction);
  return instruction;
}

Expected<Instruction> Layout::decode(Word128 word) const {
  Expected<Instruction> instruction = decodeFields(word);
  if (!instruction)
    return instruction;
  if (Expected<void> legal = checkLegal(*instruction); !legal)
    return legal.error();
  return instruction;
}

namespace {

Expected<void> checkMember(const char *owner, const FieldInfo &field, FieldPosition position, int64_t value) {
  int64_t least = field.isSigned ? -(int64_t{1} << (position.width - 1)) : 0;
  int64_t greatest = position.width == 0 ? 0 : (int64_t{1} << (position.width - field.isSigned)) - 1;
  if (value >= least && value <= greatest)
    return {};
  return Error{std::string(owner) + " " + field.name + " " + std::to_string(value) + " does not fit " +
               std::to_string(position.width) + " bits"};
}

} // namespace

Expected<void> Layout::checkValues(const Instruction &instruction) const {
  const InstructionInfo &info = instructionTable()[instruction.index()];
  Expected<void> result;
  std::visit(
      [&](const auto &x) {
        visitFields(x, [&](size_t f, const auto &member) {
          if (result)
            result = checkMember(info.name, info.fields[f], positions_[instruction.index()][f],
                                 memberValue(member));
        });
      },
      instruction);
  return result;
}

Expected<void> Layout::checkValues(const MicroOp &microOp) const {
  const uint32_t values[kMicroOpFields] = {microOp.dst, microOp.src, microOp.wgt};
  for (size_t f = 0; f < kMicroOpFields; ++f)
    if (Expected<void> fits = checkMember("micro-op", microOpTable()[f], microOpPositions_[f], values[f]);
        !fits)
      return fits;
  return {};
}

uint32_t Layout::encodeMicroOp(const MicroOp &microOp) const {
  Word128 word;
  insert(word, microOpPositions_[0], microOp.dst);
  insert(word, microOpPositions_[1], microOp.src);
  insert(word, microOpPositions_[2], microOp.wgt);
  return static_cast<uint32_t>(word.lo);
}

MicroOp Layout::decodeMicroOp(uint32_t value) const {
  Word128 word{value, 0};
  return {static_cast<uint32_t>(extract(word, microOpPositions_[0])),
          static_cast<uint32_t>(extract(word, microOpPositions_[1])),
          static_cast<uint32_t>(extract(word, microOpPositions_[2]))};
}

} // namespace tessera::isa
