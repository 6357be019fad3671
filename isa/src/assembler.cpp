#include "tessera/isa/assembler.h"

#include "assembly_items.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tessera::isa {
namespace {

using Form = AssemblyItem::Form;

bool isWordCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// One line, taken from left to right. After the first failure everything fails, and error() is that failure.
class Line {
public:
  Line(std::string_view text, size_t number)
      : text_(text.substr(0, text.find_first_of(";#"))), number_(number) {}

  bool atEnd() {
    while (position_ < text_.size() &&
           std::string_view(" \t\r").find(text_[position_]) != std::string_view::npos)
      ++position_;
    return position_ == text_.size();
  }

  bool fail(const std::string &what) { return fail(what, position_); }
  bool fail(const std::string &what, size_t position) {
    if (!error_)
      error_ =
          Error{"line " + std::to_string(number_) + " column " + std::to_string(position + 1) + ": " + what};
    return false;
  }

  /// A word of letters, digits, '_' and '.'; empty where there is none.
  std::string_view word() {
    atEnd();
    size_t begin = position_;
    while (position_ < text_.size() && isWordCharacter(text_[position_]))
      ++position_;
    return text_.substr(begin, position_ - begin);
  }

  bool take(char wanted) {
    if (atEnd() || text_[position_] != wanted)
      return false;
    ++position_;
    return true;
  }
  bool expect(char wanted) { return take(wanted) || fail(std::string("expected '") + wanted + "'"); }

  /// A decimal or 0x number, or a name among `names`.
  bool value(int64_t &out, std::span<const char *const> names) {
    atEnd();
    size_t begin = position_;
    bool negative = take('-');
    std::string_view digits = word();
    for (size_t i = 0; i < names.size() && !negative; ++i)
      if (names[i] && digits == names[i]) {
        out = static_cast<int64_t>(i);
        return true;
      }
    bool isHex = digits.starts_with("0x") || digits.starts_with("0X");
    std::string_view body = isHex ? digits.substr(2) : digits;
    uint64_t magnitude = 0;
    auto [end, status] = std::from_chars(body.data(), body.data() + body.size(), magnitude, isHex ? 16 : 10);
    if (body.empty() || status == std::errc::invalid_argument || end != body.data() + body.size())
      return fail(digits.empty() ? "expected a value" : "\"" + std::string(digits) + "\" is not a value",
                  begin);
    if (status != std::errc() || magnitude >= uint64_t{1} << 40)
      return fail("number " + std::string(digits) + " is too large", begin);
    out = negative ? -static_cast<int64_t>(magnitude) : static_cast<int64_t>(magnitude);
    return true;
  }

  /// Exactly `count` hexadecimal digits after 0x, as words of 16 digits or fewer, most significant first.
  bool hexDigits(size_t count, std::string_view &out) {
    atEnd();
    size_t begin = position_;
    std::string_view text = word();
    auto isHex = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    out = text.substr(std::min<size_t>(2, text.size()));
    if (!text.starts_with("0x") || out.size() != count || !std::all_of(out.begin(), out.end(), isHex))
      return fail("expected 0x and " + std::to_string(count) + " digits", begin);
    return true;
  }

  size_t position() const { return position_; }
  const Error &error() const { return *error_; }

private:
  std::string_view text_;
  size_t number_;
  size_t position_ = 0;
  std::optional<Error> error_;
};

uint64_t parseHex(std::string_view digits) {
  uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

/// The widths of the fields are checked at the item that sets them, so that the column is right.
class InstructionParser {
public:
  InstructionParser(Line &line, const Layout &layout, size_t kind)
      : line_(line), layout_(layout), kind_(kind), info_(instructionTable()[kind]),
        instruction_(makeInstruction(kind)), seen_(assemblyItems(kind).size()) {}

  bool parse(Word128 &out) {
    while (!line_.atEnd())
      if (!parseItem())
        return false;
    setDependencies(instruction_, dependencies_);
    out = layout_.encode(instruction_);
    return true;
  }

private:
  bool parseItem() {
    size_t begin = line_.position();
    std::string word(line_.word());
    if (word.empty())
      return line_.fail("expected a word");
    bool hasValue = line_.take('=');
    if (!hasValue && parseDependency(word))
      return true;
    const std::vector<AssemblyItem> &items = assemblyItems(kind_);
    for (size_t i = 0; i < items.size(); ++i)
      if (matches(items[i], word, hasValue)) {
        if (seen_[i])
          return line_.fail(items[i].name + " is given twice", begin);
        seen_[i] = true;
        return hasValue ? parseValues(items[i], word) : setBare(items[i], word);
      }
    return line_.fail(std::string(info_.name) + " has no \"" + word + (hasValue ? "=\"" : "\""), begin);
  }

  bool parseDependency(const std::string &word) {
    for (const DependencyWord &dependency : kDependencyWords)
      if (word == dependency.name)
        return dependencies_.*dependency.member = true;
    return false;
  }

  std::span<const char *const> namesOf(size_t field) const {
    return {info_.fields[field].valueNames, info_.fields[field].valueNameCount};
  }

  bool matches(const AssemblyItem &item, const std::string &word, bool hasValue) const {
    if (hasValue)
      return word == item.name || (item.form == Form::Immediate && word == "unused_imm");
    if (item.form == Form::Flag)
      return word == item.name;
    auto names = namesOf(item.fields[0]);
    return item.form == Form::Name &&
           std::any_of(names.begin(), names.end(), [&](const char *name) { return name && word == name; });
  }

  bool setBare(const AssemblyItem &item, const std::string &word) {
    auto names = namesOf(item.fields[0]);
    int64_t value = 1;
    for (size_t i = 0; i < names.size(); ++i)
      if (names[i] && word == names[i])
        value = static_cast<int64_t>(i);
    return set(item.fields[0], value, line_.position() - word.size());
  }

  bool parseValues(const AssemblyItem &item, const std::string &word) {
    if (item.form == Form::Immediate)
      return parseField(item.fields[1], 0) && set(item.fields[0], word == "imm", line_.position());
    if (item.form != Form::Pair && item.form != Form::Range)
      return parseField(item.fields[0], item.offset);
    if (!line_.expect(item.form == Form::Range ? '[' : '('))
      return false;
    for (size_t i = 0; i < item.fields.size(); ++i)
      if ((i > 0 && !line_.expect(',')) || !parseField(item.fields[i], 0))
        return false;
    return line_.expect(')');
  }

  bool parseField(size_t field, int64_t offset) {
    line_.atEnd();
    size_t begin = line_.position();
    int64_t value = 0;
    return line_.value(value, namesOf(field)) && set(field, value - offset, begin);
  }

  bool set(size_t field, int64_t value, size_t position) {
    uint32_t width = layout_.position(kind_, field).width;
    bool isSigned = info_.fields[field].isSigned;
    int64_t least = isSigned ? -(int64_t{1} << (width - 1)) : 0;
    int64_t greatest = width == 0 ? 0 : (int64_t{1} << (width - isSigned)) - 1;
    if (value < least || value > greatest)
      return line_.fail(std::string(info_.name) + " " + info_.fields[field].name + " " +
                            std::to_string(value) + " does not fit " + std::to_string(width) + " bits",
                        position);
    setFieldValue(instruction_, field, value);
    return true;
  }

  Line &line_;
  const Layout &layout_;
  size_t kind_;
  const InstructionInfo &info_;
  Instruction instruction_;
  Dependencies dependencies_;
  std::vector<bool> seen_;
};

bool parseMicroOp(Line &line, const Layout &layout, uint32_t &out) {
  MicroOp microOp;
  bool seen[kMicroOpFields] = {};
  uint32_t MicroOp::*const members[kMicroOpFields] = {&MicroOp::dst, &MicroOp::src, &MicroOp::wgt};
  while (!line.atEnd()) {
    size_t begin = line.position(), f = 0;
    std::string word(line.word());
    while (f < kMicroOpFields && word != microOpTable()[f].name)
      ++f;
    if (f == kMicroOpFields)
      return line.fail(word.empty() ? "expected a word" : "uop has no \"" + word + "\"", begin);
    if (seen[f])
      return line.fail(word + " is given twice", begin);
    seen[f] = true;
    int64_t value = 0;
    if (!line.expect('='))
      return false;
    size_t valueAt = line.position();
    if (!line.value(value, {}))
      return false;
    if (value < 0 || value >> layout.microOpPosition(f).width != 0)
      return line.fail("uop " + word + " " + std::to_string(value) + " does not fit " +
                           std::to_string(layout.microOpPosition(f).width) + " bits",
                       valueAt);
    microOp.*members[f] = static_cast<uint32_t>(value);
  }
  out = layout.encodeMicroOp(microOp);
  return true;
}

bool expectEnd(Line &line) { return line.atEnd() || line.fail("text after the end of the line's value"); }

bool parseLine(Line &line, const Layout &layout, Program &program) {
  if (line.atEnd())
    return true;
  size_t begin = line.position();
  std::string mnemonic(line.word());
  std::string_view digits;
  if (mnemonic == ".word") {
    if (!line.hexDigits(32, digits) || !expectEnd(line))
      return false;
    program.instructions.push_back({parseHex(digits.substr(16)), parseHex(digits.substr(0, 16))});
    return true;
  }
  if (mnemonic == ".uop") {
    if (!line.hexDigits(8, digits) || !expectEnd(line))
      return false;
    program.microOps.push_back(static_cast<uint32_t>(parseHex(digits)));
    return true;
  }
  if (mnemonic == "uop")
    return parseMicroOp(line, layout, program.microOps.emplace_back());
  for (size_t kind = 0; kind < kInstructionKinds; ++kind)
    if (mnemonic == instructionTable()[kind].name)
      return InstructionParser(line, layout, kind).parse(program.instructions.emplace_back());
  return line.fail(mnemonic.empty() ? "expected an instruction" : "unknown instruction \"" + mnemonic + "\"",
                   begin);
}

} // namespace

Expected<Program> assemble(std::string_view text, const MachineConfig &machine) {
  Layout layout(machine);
  Program program;
  size_t number = 0;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    Line line(text.substr(0, end), ++number);
    if (!parseLine(line, layout, program))
      return line.error();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return program;
}

} // namespace tessera::isa
