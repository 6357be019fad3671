#include "minimise.h"

#include <algorithm>
#include <chrono>

#include "hazard_tracker.h"

namespace tessera::cosim {

namespace {

class Minimiser {
public:
  Minimiser(const isa::MachineConfig &machine, Session session, const StillFails &stillFails,
            double mostSeconds)
      : layout_(machine), best_(std::move(session)), stillFails_(stillFails),
        end_(std::chrono::steady_clock::now() +
             std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                 std::chrono::duration<double>(mostSeconds))) {}

  Session run() {
    dropPrograms();
    for (bool smaller = true; smaller && !late();) {
      smaller = false;
      for (size_t p = 0; p < best_.programs.size(); ++p) {
        smaller |= dropInstructions(p);
        smaller |= dropTokens(p);
        smaller |= shrinkFields(p);
      }
    }
    for (size_t p = 0; p < best_.programs.size(); ++p)
      dropWrites(p);
    return best_;
  }

private:
  bool late() const { return std::chrono::steady_clock::now() > end_; }

  bool accept(Session candidate) {
    if (late() || !stillFails_(candidate))
      return false;
    best_ = std::move(candidate);
    return true;
  }

  void dropPrograms() {
    Session last = best_;
    last.programs.erase(last.programs.begin(), last.programs.end() - 1);
    if (best_.programs.size() > 1 && accept(last))
      return;
    for (size_t p = best_.programs.size() - 1; p-- > 0;) {
      Session candidate = best_;
      candidate.programs.erase(candidate.programs.begin() + static_cast<ptrdiff_t>(p));
      accept(std::move(candidate));
    }
  }

  bool dropInstructions(size_t p) {
    bool dropped = false;
    for (size_t chunk = std::max<size_t>(best_.programs[p].words.size() / 2, 1); chunk > 0 && !late();
         chunk /= 2)
      for (size_t i = best_.programs[p].words.size(); i > 0 && !late();) {
        i = i > chunk ? i - chunk : 0;
        Session candidate = best_;
        auto &words = candidate.programs[p].words;
        if (i >= words.size())
          continue;
        const size_t count = std::min(chunk, words.size() - i);
        words.erase(words.begin() + static_cast<ptrdiff_t>(i),
                    words.begin() + static_cast<ptrdiff_t>(i + count));
        candidate.programs[p].registers.insnCount -= static_cast<uint32_t>(count);
        dropped |= accept(std::move(candidate));
      }
    return dropped;
  }

  /// Removes the k-th push of a channel together with its k-th pop.
  bool dropTokens(size_t p) {
    using isa::Dependencies;
    bool dropped =
        dropPairs(p, Module::Load, &Dependencies::pushNext, Module::Compute, &Dependencies::popPrev);
    dropped |= dropPairs(p, Module::Compute, &Dependencies::pushPrev, Module::Load, &Dependencies::popNext);
    dropped |= dropPairs(p, Module::Compute, &Dependencies::pushNext, Module::Store, &Dependencies::popPrev);
    dropped |= dropPairs(p, Module::Store, &Dependencies::pushPrev, Module::Compute, &Dependencies::popNext);
    return dropped;
  }

  bool dropPairs(size_t p, Module from, bool isa::Dependencies::*push, Module to,
                 bool isa::Dependencies::*pop) {
    bool dropped = false;
    for (size_t k = 0; !late(); ++k) {
      Session candidate = best_;
      if (!clearFlag(candidate.programs[p], from, push, k))
        return dropped;
      clearFlag(candidate.programs[p], to, pop, k);
      if (accept(std::move(candidate))) {
        dropped = true;
        --k;
      }
    }
    return dropped;
  }

  bool clearFlag(ProgramCase &program, Module module, bool isa::Dependencies::*flag, size_t k) {
    for (isa::Word128 &word : program.words) {
      auto decoded = layout_.decodeFields(word);
      if (!decoded || moduleOf(*decoded) != module || !(dependenciesOf(*decoded).*flag))
        continue;
      if (k-- > 0)
        continue;
      dependenciesOf(*decoded).*flag = false;
      word = layout_.encode(*decoded);
      return true;
    }
    return false;
  }

  /// Every field to 0, else to 1, else to half of what it is.
  bool shrinkFields(size_t p) {
    bool shrunk = false;
    for (size_t i = 0; i < best_.programs[p].words.size(); ++i) {
      const auto original = layout_.decodeFields(best_.programs[p].words[i]);
      if (!original)
        continue;
      for (size_t field = 0; field < isa::kMaxFields && !late(); ++field)
        for (int step = 0; step < 3; ++step) {
          auto decoded = layout_.decodeFields(best_.programs[p].words[i]);
          bool changed = false;
          std::visit(
              [&](auto &x) {
                isa::visitFields(x, [&](size_t n, auto &value) {
                  if (n != field)
                    return;
                  const auto now = static_cast<int64_t>(value);
                  const int64_t smaller = step == 0 ? 0 : step == 1 ? 1 : now / 2;
                  if (std::abs(smaller) >= std::abs(now))
                    return;
                  value = static_cast<std::decay_t<decltype(value)>>(smaller);
                  changed = true;
                });
              },
              *decoded);
          if (!changed)
            continue;
          Session candidate = best_;
          candidate.programs[p].words[i] = layout_.encode(*decoded);
          if (accept(std::move(candidate))) {
            shrunk = true;
            break;
          }
        }
    }
    return shrunk;
  }

  void dropWrites(size_t p) {
    for (size_t w = best_.programs[p].writes.size(); w-- > 0;) {
      Session candidate = best_;
      auto &writes = candidate.programs[p].writes;
      writes.erase(writes.begin() + static_cast<ptrdiff_t>(w));
      accept(std::move(candidate));
    }
  }

  isa::Layout layout_;
  Session best_;
  const StillFails &stillFails_;
  std::chrono::steady_clock::time_point end_;
};

} // namespace

Session minimise(const isa::MachineConfig &machine, Session session, const StillFails &stillFails,
                 double mostSeconds) {
  return Minimiser(machine, std::move(session), stillFails, mostSeconds).run();
}

} // namespace tessera::cosim
