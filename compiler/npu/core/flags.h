// Dependency flags of a command, as record.h has them.
#pragma once

#include "tessera/record.h"

#include <cstdint>

namespace tessera::compiler::npu::flags {

constexpr uint32_t kPopPrev = TSR_POP_PREV, kPopNext = TSR_POP_NEXT;
constexpr uint32_t kPushPrev = TSR_PUSH_PREV, kPushNext = TSR_PUSH_NEXT;

} // namespace tessera::compiler::npu::flags
