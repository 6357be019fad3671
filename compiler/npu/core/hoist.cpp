#include "order.h"

namespace tessera::compiler::npu {
namespace {

struct Entry {
  Command command;
  Accesses accesses;
  uint32_t ahead = 0; // loads before it that stood behind it
};

// Instructions are fetched in order: what stands behind more loads than the load module's queue holds begins late.
bool full(const Target &target, const Entry &entry) { return entry.ahead >= target.loadsAhead(); }

// Where a load may stand in `done`: just behind the returned number of commands.
size_t earliestPlace(const Target &target, const std::vector<Entry> &done, const Accesses &accesses) {
  size_t place = done.size();
  while (place > 0) {
    const Entry &above = done[place - 1];
    if (above.command.kind == Command::Kind::Load || full(target, above))
      return place;
    if (conflict(above.accesses, accesses)) {
      if (above.command.kind != Command::Kind::Store)
        return place;
      for (size_t next = place; next < done.size(); ++next)
        if (done[next].command.kind == Command::Kind::Store)
          return next + 1;
      return done.size();
    }
    --place;
  }
  return place;
}

} // namespace

std::vector<Command> hoistLoads(const Target &target, const std::vector<Command> &commands) {
  std::vector<Entry> done;
  done.reserve(commands.size());
  for (const Command &command : commands) {
    Entry entry{command, accessesOf(target, command)};
    size_t place =
        command.kind == Command::Kind::Load ? earliestPlace(target, done, entry.accesses) : done.size();
    for (size_t behind = place; behind < done.size(); ++behind)
      ++done[behind].ahead;
    done.insert(done.begin() + std::ptrdiff_t(place), std::move(entry));
  }
  std::vector<Command> out;
  out.reserve(done.size());
  for (Entry &entry : done)
    out.push_back(std::move(entry.command));
  return out;
}

} // namespace tessera::compiler::npu
