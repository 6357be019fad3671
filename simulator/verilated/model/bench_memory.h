// Memory model `bench`, the one of published cycle counts: reads and writes on independent channels of one beat a cycle
// each; the first beat of a burst `latency` cycles (40) after its address; at most `outstanding` reads (16); the response of
// a write `response` cycles (10) after its last beat. Reads come back in the order of their addresses.
//
// Memory model `ideal` is bench with a latency and a response of 1: data in the cycle after their address is taken.
//
// Memory model `mute` is bench that sends no data and no responses from cycle `after` until cycle `until`.
//
// `cycle(top, now)` is called once a cycle, with the core's outputs of this cycle: sets the core's inputs of this cycle and
// takes note of the transfers that the coming clock edge makes.
#pragma once

#include "dram.h"
#include "memory_text.h"

namespace tessera::cycle {

template <class Top, unsigned BusBytes> class BenchMemory {
public:
  BenchMemory(MemoryText &text, uint8_t *bytes, uint64_t size) : dram_(bytes, size) {
    const bool isIdeal = text.name() == "ideal";
    latency_ = text.take("latency", isIdeal ? 1 : 40, 1, 100000);
    outstanding_ = static_cast<uint32_t>(text.take("outstanding", 16, 1, kRing));
    response_ = text.take("response", isIdeal ? 1 : 10, 1, 100000);
    if (text.name() == "mute") {
      after_ = text.take("after", 0, 0, ~uint64_t{0});
      until_ = text.take("until", ~uint64_t{0}, 0, ~uint64_t{0});
    }
  }

  static bool accepts(const std::string &name) {
    return name == "bench" || name == "ideal" || name == "mute";
  }

  inline void cycle(Top &top, uint64_t now) {
    const bool silent = now >= after_ && now < until_;
    cycleReads(top, now, silent);
    cycleWrites(top, now, silent);
  }

private:
  static constexpr uint32_t kRing = 64; // power of two
  struct Read {
    uint64_t due;
    uint32_t address;
    uint16_t left;
    uint8_t id;
  };
  struct Write {
    uint64_t due;
    uint32_t address;
    uint8_t id, response;
  };

  inline void cycleReads(Top &top, uint64_t now, bool silent) {
    const uint32_t open = readPut_ - readGet_;
    top.ar_ready_i = open < outstanding_;
    if (open != 0 || rHeld_) {
      Read &burst = reads_[readGet_ % kRing];
      if (rHeld_ || (burst.due <= now && !silent)) {
        if (!rHeld_)
          top.r_resp_i = dram_.read(burst.address, &top.r_data_i);
        top.r_valid_i = 1;
        top.r_id_i = burst.id;
        top.r_last_i = burst.left == 1;
        rHeld_ = !top.r_ready_o;
        if (!rHeld_) {
          burst.address += BusBytes;
          if (--burst.left == 0)
            ++readGet_;
        }
      } else {
        top.r_valid_i = 0;
      }
    } else {
      top.r_valid_i = 0;
    }
    if (top.ar_valid_o && open < outstanding_)
      reads_[readPut_++ % kRing] = {now + latency_, top.ar_addr_o, static_cast<uint16_t>(top.ar_len_o + 1),
                                    top.ar_id_o};
  }

  inline void cycleWrites(Top &top, uint64_t now, bool silent) {
    const uint32_t open = writePut_ - responseGet_;
    top.aw_ready_i = open < kRing;
    top.w_ready_i = writeGet_ != writePut_;
    if (top.w_ready_i && top.w_valid_o) {
      Write &burst = writes_[writeGet_ % kRing];
      burst.response |= dram_.write(burst.address, &top.w_data_o, static_cast<uint64_t>(top.w_strb_o));
      burst.address += BusBytes;
      if (top.w_last_o) {
        burst.due = now + response_;
        ++writeGet_;
      }
    }
    top.b_valid_i = 0;
    if (responseGet_ != writeGet_) {
      Write &burst = writes_[responseGet_ % kRing];
      if (bHeld_ || (burst.due <= now && !silent)) {
        top.b_valid_i = 1;
        top.b_id_i = burst.id;
        top.b_resp_i = burst.response;
        bHeld_ = !top.b_ready_o;
        if (!bHeld_)
          ++responseGet_;
      }
    }
    if (top.aw_valid_o && open < kRing)
      writes_[writePut_++ % kRing] = {0, top.aw_addr_o, top.aw_id_o, kOkay};
  }

  Dram<BusBytes> dram_;
  uint64_t latency_, response_;
  uint64_t after_ = ~uint64_t{0}, until_ = ~uint64_t{0};
  uint32_t outstanding_;
  bool rHeld_ = false, bHeld_ = false;
  uint32_t readPut_ = 0, readGet_ = 0;
  uint32_t writePut_ = 0, writeGet_ = 0, responseGet_ = 0;
  Read reads_[kRing];
  Write writes_[kRing];
};

} // namespace tessera::cycle
