// Every body of tsr_dot against sums taken here: all operations mixed, one a cycle, with random operands and the ends of their ranges.
// The seed is printed; TESSERA_SEED sets it.
#include "Vdot_bench.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iostream>
#include <random>
#include <vector>

namespace {

enum Op : uint8_t { Matmul, Depthwise, Sum, Max, Nothing };

/// One micro-op: elements in order, as an instruction names them.
struct MicroOp {
  Op op;
  uint32_t taps, skew;
  std::vector<int8_t> wgt, inp;
};

class DotTest : public ::testing::Test {
protected:
  DotTest() {
    const char *text = std::getenv("TESSERA_SEED");
    uint64_t seed = text ? std::strtoull(text, nullptr, 0) : 2026;
    random_.seed(seed);
    std::cout << "seed " << seed << '\n';
    bench_.eval();
    batch_ = bench_.batch_o;
    blockIn_ = bench_.block_in_o;
    blockOut_ = bench_.block_out_o;
    taps_ = bench_.taps_o;
    perOut_ = std::max(blockOut_ / blockIn_, 1u);
  }

  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  /// Random bytes; ends of the range, mixed; or one value everywhere.
  std::vector<int8_t> bytes(size_t count) {
    constexpr int8_t kEnds[] = {-128, 127, -127, 0, -1, 1};
    std::vector<int8_t> result(count);
    uint32_t kind = below(4);
    int8_t value = kEnds[below(6)];
    for (int8_t &byte : result)
      byte = kind == 0   ? value
             : kind == 1 ? kEnds[below(2)]
             : kind == 2 ? kEnds[below(6)]
                         : static_cast<int8_t>(random_());
    return result;
  }

  MicroOp microOp() {
    return {static_cast<Op>(below(5)), below(taps_), below(perOut_), bytes(size_t{blockOut_} * blockIn_),
            bytes(size_t{taps_} * perOut_ * batch_ * blockIn_)};
  }

  /// sum_o of a lane: the sum, or the greatest tap turned, less one.
  int expected(const MicroOp &m, uint32_t b, uint32_t o) const {
    int sum = 0, most = -128;
    if (m.op == Matmul)
      for (uint32_t k = 0; k < blockIn_; ++k)
        sum += m.wgt[o * blockIn_ + k] * m.inp[b * blockIn_ + k];
    for (uint32_t t = 0; m.op != Matmul && m.op != Nothing && t <= m.taps; ++t) {
      uint32_t element = t * perOut_ + o / blockIn_;
      int x = m.inp[(element * batch_ + b) * blockIn_ + o % blockIn_];
      sum += m.op == Depthwise ? x * m.wgt[o * blockIn_ + t] : x;
      most = std::max(most, x);
    }
    return m.op == Max ? -most - 1 : sum - 1;
  }

  void clock() {
    bench_.clk_i = 0;
    bench_.eval();
    bench_.clk_i = 1;
    bench_.eval();
  }

  template <typename Port> int lane(const Port &port, uint32_t l) const {
    int32_t value;
    std::memcpy(&value, reinterpret_cast<const char *>(&port[0]) + 4 * l, 4);
    return value;
  }

  Vdot_bench bench_;
  std::mt19937_64 random_;
  uint32_t batch_, blockIn_, blockOut_, taps_, perOut_;
};

TEST_F(DotTest, AllBodies) {
  constexpr int kCount = 100000;
  constexpr size_t kLatency = 5;
  std::deque<MicroOp> running;
  MicroOp next = microOp();
  for (int i = 0; i < kCount; ++i) {
    MicroOp now = std::move(next);
    next = microOp();
    // Weights come a cycle before the inputs.
    std::memcpy(&bench_.wgt_i, next.wgt.data(), next.wgt.size());
    bench_.wgt_op_i = next.op;
    bench_.op_i = now.op;
    bench_.taps_i = static_cast<uint8_t>(now.taps);
    bench_.skew_i = static_cast<uint8_t>(now.skew);
    size_t elementBytes = size_t{batch_} * blockIn_, elements = now.inp.size() / elementBytes;
    for (size_t j = 0; j < elements; ++j)
      std::memcpy(reinterpret_cast<char *>(&bench_.inp_i) + (j + now.skew) % elements * elementBytes,
                  now.inp.data() + j * elementBytes, elementBytes);
    running.push_back(std::move(now));
    clock();
    if (i == 0)
      running.clear(); // its weights were never there
    if (running.size() < kLatency)
      continue;
    const MicroOp &was = running.front();
    for (uint32_t b = 0; b < batch_; ++b) {
      for (uint32_t o = 0; o < blockOut_; ++o) {
        uint32_t l = b * blockOut_ + o;
        int sum = expected(was, b, o);
        ASSERT_EQ(lane(bench_.sum_o, l), sum)
            << "behavioural, op " << was.op << " lane " << l << " micro-op " << i;
        ASSERT_EQ(lane(bench_.sum_25_o, l), sum)
            << "DSP48E1, op " << was.op << " lane " << l << " micro-op " << i;
        ASSERT_EQ(lane(bench_.sum_27_o, l), sum)
            << "DSP48E2, op " << was.op << " lane " << l << " micro-op " << i;
      }
    }
    running.pop_front();
  }
}

} // namespace
