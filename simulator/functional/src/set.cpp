// SET GEOMETRY, EXIT, LHS, RHS and PAD. (SET MARK belongs to the launch: functional_core.cpp.)
#include "core_state.h"

namespace tessera::simulator {

using isa::ErrorCode;

ErrorCode execute(CoreState &s, const isa::SetGeometry &set) {
  s.set.geometry = set;
  return ErrorCode::None;
}

ErrorCode execute(CoreState &s, const isa::SetExit &set) {
  s.set.exit = {set.mode, set.zeroPoint, set.clampMin, set.clampMax};
  return ErrorCode::None;
}

ErrorCode execute(CoreState &s, const isa::SetLhs &set) {
  s.set.lhs = {set.zeroPoint, set.multiplier, set.shift};
  return ErrorCode::None;
}

ErrorCode execute(CoreState &s, const isa::SetRhs &set) {
  s.set.rhs = {set.zeroPoint, set.multiplier, set.shift};
  return ErrorCode::None;
}

ErrorCode execute(CoreState &s, const isa::SetPad &set) {
  s.set.pad = static_cast<int8_t>(set.value);
  return ErrorCode::None;
}

} // namespace tessera::simulator
