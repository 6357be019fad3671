// The result register: what the array and the vector unit send to ACC, OUT and INP, one element a cycle. Loads of ACC pass through it too, and
// loads of INP wait beat by beat for results that go there.
#pragma once

#include <cstdint>
#include <deque>

namespace tessera::isa::timing {

struct Results { // of one instruction, from cycle `begin` to before `end`
  double begin, end;
  double perCycle;
  bool toInp, ofArray;
};

/// Who wants the register: the vector unit waits for the array's results, loads of ACC for all, those of INP for all that go there.
enum class Waiter : uint8_t { Vector, AccLoad, InpLoad };

class ResultRegister {
public:
  /// A number for `extend`.
  uint64_t add(const Results &results);
  void extend(uint64_t number, double end);
  /// When `slots` have found the register free from `begin` on, by what is known now. Fractions are kept: a waiter that goes on from there gets its share.
  double through(double begin, double slots, Waiter waiter) const;

private:
  std::deque<Results> results_; // of the last instructions
  uint64_t count_ = 0;          // added
};

} // namespace tessera::isa::timing
