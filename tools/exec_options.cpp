#include "exec_options.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

std::optional<uint32_t> parseNumber(std::string_view text) {
  const bool isHex = text.starts_with("0x") || text.starts_with("0X");
  if (isHex)
    text.remove_prefix(2);
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, isHex ? 16 : 10);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

/// One argument, for messages, with its parts.
class Argument {
public:
  Argument(const char *option, const std::string &text) : option_(option), text_(text) {}

  Error error(const std::string &what) const { return {std::string(option_) + " " + text_ + ": " + what}; }

  Expected<uint32_t> number(std::string_view part) const {
    if (const std::optional<uint32_t> value = parseNumber(part))
      return *value;
    return error("'" + std::string(part) + "' is not a number from 0 to 4294967295");
  }

  /// Splits at the first '='.
  Expected<std::pair<std::string_view, std::string>> assignment(const char *form) const {
    const std::string_view text = text_;
    const size_t equals = text.find('=');
    if (equals == text.npos || equals == 0 || equals + 1 == text.size())
      return error(std::string("not of the form ") + form);
    return std::pair{text.substr(0, equals), std::string(text.substr(equals + 1))};
  }

private:
  const char *option_;
  const std::string &text_;
};

Expected<MemoryWrite> parseWrite(const std::string &text) {
  const Argument argument("--write", text);
  const auto parts = argument.assignment("ADDRESS=FILE");
  if (!parts)
    return parts.error();
  const auto address = argument.number(parts->first);
  if (!address)
    return address.error();
  return MemoryWrite{*address, parts->second};
}

Expected<MemoryRead> parseRead(const std::string &text) {
  const Argument argument("--read", text);
  const auto parts = argument.assignment("ADDRESS:BYTES=FILE");
  if (!parts)
    return parts.error();
  const size_t colon = parts->first.find(':');
  if (colon == std::string_view::npos)
    return argument.error("not of the form ADDRESS:BYTES=FILE");
  const auto address = argument.number(parts->first.substr(0, colon)),
             bytes = argument.number(parts->first.substr(colon + 1));
  if (!address)
    return address.error();
  if (!bytes)
    return bytes.error();
  return MemoryRead{*address, *bytes, parts->second};
}

Expected<void> parseBase(const std::string &text, isa::BasePointers &bases) {
  const Argument argument("--base", text);
  const auto parts = argument.assignment("MEMORY=ADDRESS");
  if (!parts)
    return parts.error();
  const auto address = argument.number(parts->second);
  if (!address)
    return address.error();
  struct Entry {
    const char *name;
    uint32_t isa::BasePointers::*base;
  };
  static constexpr Entry kEntries[] = {{"uop", &isa::BasePointers::uop}, {"inp", &isa::BasePointers::inp},
                                       {"wgt", &isa::BasePointers::wgt}, {"acc", &isa::BasePointers::acc},
                                       {"out", &isa::BasePointers::out}, {"par", &isa::BasePointers::par}};
  for (const Entry &entry : kEntries)
    if (parts->first == entry.name) {
      bases.*entry.base = *address;
      return {};
    }
  return argument.error("memory is none of uop, inp, wgt, acc, out, par");
}

} // namespace

Expected<ExecPlan> planExec(const ExecArguments &arguments) {
  ExecPlan plan;
  for (const std::string &text : arguments.writes) {
    auto write = parseWrite(text);
    if (!write)
      return write.error();
    plan.writes.push_back(std::move(*write));
  }
  for (const std::string &text : arguments.reads) {
    auto read = parseRead(text);
    if (!read)
      return read.error();
    plan.reads.push_back(std::move(*read));
  }
  for (const std::string &text : arguments.bases)
    if (auto base = parseBase(text, plan.bases); !base)
      return base.error();
  const auto address = Argument("--insns", arguments.insns).number(arguments.insns);
  if (!address)
    return address.error();
  const auto count = Argument("--count", arguments.count).number(arguments.count);
  if (!count)
    return count.error();
  if (*address % 16 != 0)
    return Argument("--insns", arguments.insns).error("not a multiple of 16");
  size_t onStdout = arguments.json == "-";
  for (const MemoryRead &read : plan.reads)
    onStdout += read.path == "-";
  if (onStdout > 1)
    return Error{"stdout takes one of --json and --read, " + std::to_string(onStdout) + " were sent there"};
  plan.isStdoutTaken = onStdout != 0;
  plan.insnAddress = *address;
  plan.insnCount = *count;
  return plan;
}

} // namespace tessera::tools
