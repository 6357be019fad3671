// The arithmetic of tsr_dsp_link against the vendor's primitives, in chains, with random operands and controls: DSP48E1 as Yosys models it,
// DSP48E2 as dsp48e2_model.sv does. The seed is printed; TESSERA_SEED sets it.
#include "Vdsp_links.h"
#include "Vdsp_primitives.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

namespace {

template <typename Bench> void clockOnce(Bench &bench) {
  bench.clk_i = 0;
  bench.eval();
  bench.clk_i = 1;
  bench.eval();
}

TEST(DspTest, LinksAreWhatThePrimitivesDo) {
  const char *text = std::getenv("TESSERA_SEED");
  uint64_t seed = text ? std::strtoull(text, nullptr, 0) : 2026;
  std::cout << "seed " << seed << '\n';
  std::mt19937_64 random(seed);
  Vdsp_links links;
  Vdsp_primitives primitives;
  auto feed = [&](auto member, auto value) { member(links) = value, member(primitives) = value; };
  constexpr int kFilled = 8;
  for (int i = 0; i < 200000; ++i) {
    for (int word = 0; word < 7; ++word) {
      uint32_t a = static_cast<uint32_t>(random()), d = static_cast<uint32_t>(random());
      if (word == 6) // 216 bits
        a &= 0xffffff, d &= 0xffffff;
      feed([&](auto &b) -> auto & { return b.a_i[word]; }, a);
      feed([&](auto &b) -> auto & { return b.d_i[word]; }, d);
    }
    feed([](auto &b) -> auto & { return b.hide_a_i; }, static_cast<uint8_t>(random()));
    feed([](auto &b) -> auto & { return b.use_d_i; }, static_cast<uint8_t>(random()));
    feed([](auto &b) -> auto & { return b.x_i; }, uint64_t{random()});
    feed([](auto &b) -> auto & { return b.c_i; }, uint64_t{random() >> 16});
    feed([](auto &b) -> auto & { return b.replace_i; }, static_cast<uint8_t>(random() % 4 == 0));
    feed([](auto &b) -> auto & { return b.replacement_i; }, uint64_t{random() >> 16});
    clockOnce(links);
    clockOnce(primitives);
    if (i < kFilled)
      continue;
    ASSERT_EQ(links.sum_25_o, primitives.sum_25_o) << "DSP48E1, cycle " << i;
    ASSERT_EQ(links.sum_27_o, primitives.sum_27_o) << "DSP48E2, cycle " << i;
  }
}

} // namespace
