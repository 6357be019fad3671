// Memory model `ddr3`: one channel of DDR3-1066 that reads and writes share, with rows, banks and refresh (ddr3_timing.h), behind a path of fixed length.
//
// The core's clock is `clock` MHz (100), the channel `width` bits wide (16). A burst comes to the channel half of `path` cycles (37) after its
// address was taken, a write after its last beat; bursts are served in the order in which they come. Data of a read are at the core the other half later, one beat
// a cycle, in order; the response of a write `response` cycles (10) after its data have gone to the memory. At most `outstanding` reads (16).
// With 37 cycles of path a lone read to an open row takes the 40 cycles of `bench`, so what a program loses against `bench` it loses to the channel.
//
// `cycle(top, now)` as in bench_memory.h.
#pragma once

#include "ddr3_timing.h"
#include "dram.h"
#include "memory_text.h"

#include <array>
#include <deque>

namespace tessera::cycle {

template <class Top, unsigned BusBytes> class Ddr3Memory {
public:
  Ddr3Memory(MemoryText &text, uint8_t *bytes, uint64_t size)
      : dram_(bytes, size), cyclePs_(1'000'000 / text.take("clock", 100, 1, 1000)),
        channel_(static_cast<uint32_t>(text.take("width", 16, 8, 64) / 8)) {
    const uint64_t path = text.take("path", 37, 2, 10000);
    there_ = path / 2;
    back_ = path - there_;
    response_ = text.take("response", 10, 1, 100000);
    outstanding_ = text.take("outstanding", 16, 1, 64);
  }

  static bool accepts(const std::string &name) { return name == "ddr3"; }

  void cycle(Top &top, uint64_t now) {
    serve(now);
    cycleReads(top, now);
    cycleWrites(top, now);
  }

private:
  struct Read {
    uint64_t arrival;
    uint64_t address;
    uint32_t beats, sent = 0;
    uint8_t id;
    std::array<uint64_t, 256> due; ///< cycles, by beat
  };
  struct Write {
    uint64_t arrival = 0;
    uint64_t first = 0, address = 0;
    uint64_t due = 0;
    uint8_t id = 0, response = kOkay;
  };

  /// What has come to the channel by now is given its times, the earlier first, a read before a write of the same cycle.
  void serve(uint64_t now) {
    for (;;) {
      Read *read = served_ < reads_.size() ? &reads_[served_] : nullptr;
      Write *write = servedWrites_ < written_.size() ? &written_[servedWrites_] : nullptr;
      if (read && read->arrival > now)
        read = nullptr;
      if (write && write->arrival > now)
        write = nullptr;
      if (!read && !write)
        return;
      if (read && (!write || read->arrival <= write->arrival))
        serveRead(*read);
      else
        serveWrite(*write);
    }
  }

  void serveRead(Read &read) {
    ++served_;
    uint64_t at = ~uint64_t{0}, due = 0;
    for (uint32_t beat = 0; beat < read.beats; ++beat) {
      const uint64_t address = read.address + uint64_t{beat} * BusBytes;
      for (uint64_t burst = address / channel_.burstBytes();
           burst <= (address + BusBytes - 1) / channel_.burstBytes(); ++burst)
        if (burst != at) {
          at = burst;
          due = cycleOf(channel_.access(read.arrival * cyclePs_, burst * channel_.burstBytes(), false).end) +
                back_;
        }
      read.due[beat] = due;
    }
  }

  void serveWrite(Write &write) {
    ++servedWrites_;
    uint64_t end = 0;
    for (uint64_t burst = write.first / channel_.burstBytes(); burst * channel_.burstBytes() < write.address;
         ++burst)
      end = channel_.access(write.arrival * cyclePs_, burst * channel_.burstBytes(), true).end;
    write.due = cycleOf(end) + response_;
  }

  uint64_t cycleOf(uint64_t time) const { return (time + cyclePs_ - 1) / cyclePs_; }

  void cycleReads(Top &top, uint64_t now) {
    const bool room = reads_.size() < outstanding_;
    top.ar_ready_i = room;
    if (!rHeld_) {
      top.r_valid_i = served_ != 0 && reads_.front().due[reads_.front().sent] <= now;
      if (top.r_valid_i) {
        const Read &read = reads_.front();
        top.r_resp_i = dram_.read(read.address + uint64_t{read.sent} * BusBytes, &top.r_data_i);
        top.r_id_i = read.id;
        top.r_last_i = read.sent + 1 == read.beats;
      }
    }
    if (top.r_valid_i) {
      rHeld_ = !top.r_ready_o;
      if (!rHeld_ && ++reads_.front().sent == reads_.front().beats) {
        reads_.pop_front();
        --served_;
      }
    }
    if (top.ar_valid_o && room) {
      Read &read = reads_.emplace_back();
      read.arrival = now + there_;
      read.address = top.ar_addr_o;
      read.beats = top.ar_len_o + 1u;
      read.id = top.ar_id_o;
    }
  }

  void cycleWrites(Top &top, uint64_t now) {
    top.aw_ready_i = open_.size() + written_.size() < kWrites;
    top.w_ready_i = !open_.empty();
    if (top.w_ready_i && top.w_valid_o) {
      Write &write = open_.front();
      write.response |= dram_.write(write.address, &top.w_data_o, static_cast<uint64_t>(top.w_strb_o));
      write.address += BusBytes;
      if (top.w_last_o) {
        write.arrival = now + there_;
        written_.push_back(write);
        open_.pop_front();
      }
    }
    if (!bHeld_) {
      top.b_valid_i = servedWrites_ != 0 && written_.front().due <= now;
      if (top.b_valid_i) {
        top.b_id_i = written_.front().id;
        top.b_resp_i = written_.front().response;
      }
    }
    if (top.b_valid_i) {
      bHeld_ = !top.b_ready_o;
      if (!bHeld_) {
        written_.pop_front();
        --servedWrites_;
      }
    }
    if (top.aw_valid_o && top.aw_ready_i) {
      Write &write = open_.emplace_back();
      write.first = write.address = top.aw_addr_o;
      write.id = top.aw_id_o;
    }
  }

  static constexpr std::size_t kWrites = 64;
  Dram<BusBytes> dram_;
  uint64_t cyclePs_;
  Ddr3Timing channel_;
  uint64_t there_, back_, response_, outstanding_;
  bool rHeld_ = false, bHeld_ = false;
  std::deque<Read> reads_;
  std::deque<Write> open_, written_;          ///< whose data still come; whose data have all come
  std::size_t served_ = 0, servedWrites_ = 0; ///< of reads_ and written_, from the front
};

} // namespace tessera::cycle
