// Memory model `chaos`, for tests: latency, back-pressure and the order between read IDs are drawn from `seed`. Moods of a
// few hundred cycles (fast, slow, stalling) make long waits and bursts of progress. Data of different IDs interleave;
// within an ID the order is kept, as AXI4 wants. Deterministic: the same seed gives the same cycles.
//
// `cycle(top, now)` as in bench_memory.h.
#pragma once

#include "dram.h"
#include "memory_text.h"

#include <deque>

namespace tessera::cycle {

template <class Top, unsigned BusBytes> class ChaosMemory {
public:
  ChaosMemory(MemoryText &text, uint8_t *bytes, uint64_t size) : dram_(bytes, size) {
    state_ = text.take("seed", 1, 0, ~uint64_t{0}) * 0x9e3779b97f4a7c15u + 0x1234567;
    maxLatency_ = text.take("latency", 120, 1, 100000);
  }

  static bool accepts(const std::string &name) { return name == "chaos"; }

  void cycle(Top &top, uint64_t now) {
    if (now >= moodEnds_) {
      moodEnds_ = now + 20 + below(400);
      ready_ = 10 + below(91);
      valid_ = 10 + below(91);
      latency_ = 1 + below(maxLatency_);
    }
    cycleReads(top, now);
    cycleWrites(top, now);
  }

private:
  struct Read {
    uint64_t due;
    uint64_t address;
    uint32_t left;
  };
  struct Write {
    uint64_t due = 0;
    uint64_t address = 0;
    uint8_t id = 0, response = kOkay;
  };

  uint64_t next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * 0x2545f4914f6cdd1du >> 16;
  }
  uint64_t below(uint64_t bound) { return next() % bound; }
  bool chance(uint64_t percent) { return below(100) < percent; }

  void cycleReads(Top &top, uint64_t now) {
    top.ar_ready_i = chance(ready_);
    if (!rHeld_) {
      top.r_valid_i = 0;
      unsigned first = static_cast<unsigned>(below(4));
      for (unsigned k = 0; k < 4 && !top.r_valid_i; ++k) {
        unsigned id = (first + k) % 4;
        if (reads_[id].empty() || reads_[id].front().due > now || !chance(valid_))
          continue;
        Read &burst = reads_[id].front();
        top.r_valid_i = 1;
        top.r_id_i = static_cast<uint8_t>(id);
        top.r_last_i = burst.left == 1;
        top.r_resp_i = dram_.read(burst.address, &top.r_data_i);
      }
    }
    if (top.r_valid_i) {
      rHeld_ = !top.r_ready_o;
      if (!rHeld_) {
        Read &burst = reads_[top.r_id_i].front();
        burst.address += BusBytes;
        if (--burst.left == 0)
          reads_[top.r_id_i].pop_front();
      }
    }
    if (top.ar_valid_o && top.ar_ready_i)
      reads_[top.ar_id_o].push_back({now + 1 + below(latency_), top.ar_addr_o, top.ar_len_o + 1u});
  }

  void cycleWrites(Top &top, uint64_t now) {
    top.aw_ready_i = chance(ready_);
    top.w_ready_i = !open_.empty() && chance(ready_);
    if (top.w_ready_i && top.w_valid_o) {
      Write &burst = open_.front();
      burst.response |= dram_.write(burst.address, &top.w_data_o, static_cast<uint64_t>(top.w_strb_o));
      burst.address += BusBytes;
      if (top.w_last_o) {
        burst.due = now + 1 + below(latency_);
        written_.push_back(burst);
        open_.pop_front();
      }
    }
    if (!bHeld_) {
      top.b_valid_i = !written_.empty() && written_.front().due <= now && chance(valid_);
      if (top.b_valid_i) {
        top.b_id_i = written_.front().id;
        top.b_resp_i = written_.front().response;
      }
    }
    if (top.b_valid_i) {
      bHeld_ = !top.b_ready_o;
      if (!bHeld_)
        written_.pop_front();
    }
    if (top.aw_valid_o && top.aw_ready_i) {
      Write burst;
      burst.address = top.aw_addr_o;
      burst.id = top.aw_id_o;
      open_.push_back(burst);
    }
  }

  Dram<BusBytes> dram_;
  uint64_t state_, moodEnds_ = 0, ready_ = 100, valid_ = 100, latency_ = 1, maxLatency_;
  bool rHeld_ = false, bHeld_ = false;
  std::deque<Read> reads_[4];
  std::deque<Write> open_, written_;
};

} // namespace tessera::cycle
