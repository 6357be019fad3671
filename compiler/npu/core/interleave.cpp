#include "interleave.h"

#include <algorithm>

namespace tessera::compiler::npu {
namespace {

// What the commands of a piece touch in DRAM.
Accesses memoryOf(const Target &target, std::span<const Command> piece) {
  Accesses out;
  for (const Command &command : piece)
    if (command.kind == Command::Kind::Load || command.kind == Command::Kind::Store)
      for (const Access &access : accessesOf(target, command))
        if (access.space == Access::Space::Dram)
          out.push_back(access);
  return out;
}

} // namespace

std::vector<std::span<const Command>> piecesOf(std::span<const Command> commands) {
  std::vector<std::span<const Command>> pieces;
  size_t begin = 0;
  for (size_t i = 0; i < commands.size(); ++i) {
    bool store = commands[i].kind == Command::Kind::Store;
    if (store && (i + 1 == commands.size() || commands[i + 1].kind != Command::Kind::Store)) {
      pieces.push_back(commands.subspan(begin, i + 1 - begin));
      begin = i + 1;
    }
  }
  if (begin < commands.size())
    pieces.push_back(commands.subspan(begin));
  return pieces;
}

std::vector<size_t> piecesNeeded(const Target &target, const std::vector<std::span<const Command>> &first,
                                 const std::vector<std::span<const Command>> &second) {
  std::vector<Accesses> written;
  for (std::span<const Command> piece : first)
    written.push_back(memoryOf(target, piece));
  std::vector<size_t> needed;
  size_t most = 0;
  for (std::span<const Command> piece : second) {
    Accesses accesses = memoryOf(target, piece);
    for (size_t i = first.size(); i > most; --i)
      if (conflict(written[i - 1], accesses))
        most = i;
    needed.push_back(most);
  }
  return needed;
}

std::vector<Command> interleave(const Target &target, std::span<const Command> first,
                                std::span<const Command> second) {
  auto a = piecesOf(first), b = piecesOf(second);
  std::vector<size_t> needed = piecesNeeded(target, a, b);
  std::vector<Command> out;
  auto append = [&](std::span<const Command> piece) { out.insert(out.end(), piece.begin(), piece.end()); };
  size_t next = 0, start = needed.empty() ? a.size() : needed.front() + kInterleaveLag;
  for (size_t i = 0; i < a.size(); ++i) {
    append(a[i]);
    if (i + 1 < start)
      continue;
    size_t due = (b.size() * (i + 2 - start) + a.size() - start) / (a.size() + 1 - start);
    while (next < b.size() && next < due && needed[next] + kInterleaveLag <= i + 1)
      append(b[next++]);
  }
  while (next < b.size())
    append(b[next++]);
  return out;
}

} // namespace tessera::compiler::npu
