// When a DDR3 channel moves data: one data bus for reads and writes, eight banks with one open row each, refresh of all banks.
//
// `access` takes requests of one burst of eight transfers each, in order, and says when its data are on the bus. Nothing is reordered and no row is
// opened ahead: a request waits for the one before it, for its bank, for the bus to turn round, and for a refresh that has become due. Rows stay open until
// another row of the bank is wanted or a refresh closes them. Consecutive rows lie in consecutive banks. Times are picoseconds, sizes bytes.
//
// The figures are those of DDR3-1066, 7-7-7 (JEDEC JESD79-3 bin 1066F; Micron MT41K256M16, -187E), the memory of the Zynq boards: docs/cycle-model.md.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tessera::cycle {

class Ddr3Timing {
public:
  static constexpr uint64_t kClock = 1875;         ///< tCK
  static constexpr uint64_t kBurst = 4 * kClock;   ///< eight transfers
  static constexpr uint64_t kRead = 7 * kClock;    ///< CL: column to data
  static constexpr uint64_t kWrite = 6 * kClock;   ///< CWL
  static constexpr uint64_t kOpen = 7 * kClock;    ///< tRCD: row to column
  static constexpr uint64_t kClose = 7 * kClock;   ///< tRP: precharge to row
  static constexpr uint64_t kRow = 20 * kClock;    ///< tRAS: row to precharge, at least
  static constexpr uint64_t kReadToClose = 7500;   ///< tRTP
  static constexpr uint64_t kWritten = 15000;      ///< tWR: last data written to precharge
  static constexpr uint64_t kWriteToRead = 7500;   ///< tWTR: last data written to the next read's column
  static constexpr uint64_t kTurn = 2 * kClock;    ///< the bus between reads and writes
  static constexpr uint64_t kRefresh = 260'000;    ///< tRFC of 4 Gbit
  static constexpr uint64_t kInterval = 7'800'000; ///< tREFI
  static constexpr uint32_t kBanks = 8;
  static constexpr uint32_t kColumns = 1024;

  /// transferBytes: width of the data bus, 2 for one chip of 16 bits.
  explicit Ddr3Timing(uint32_t transferBytes)
      : burstBytes_(8 * transferBytes), rowBytes_(kColumns * transferBytes) {}

  struct Data {
    uint64_t begin, end; ///< on the bus
  };

  uint32_t burstBytes() const { return burstBytes_; }
  uint64_t refreshes() const { return refreshes_; }

  /// The request for the burst at `address` comes to the channel at `time`; times never go back.
  Data access(uint64_t time, uint64_t address, bool isWrite) {
    const uint64_t page = address / rowBytes_;
    Bank &bank = banks_[page % kBanks];
    const uint64_t row = page / kBanks;
    uint64_t column = std::max(time, column_);
    while (column >= nextRefresh_)
      column = refresh(column);
    if (bank.row != row) {
      if (bank.row != kNone)
        column = std::max(column, bank.mayClose) + kClose;
      column = std::max(column, bank.mayOpen);
      bank.row = row;
      bank.mayClose = column + kRow;
      column += kOpen;
    }
    if (!isWrite && wasWrite_)
      column = std::max(column, free_ + kWriteToRead);
    const uint64_t delay = isWrite ? kWrite : kRead;
    const uint64_t free = free_ + (isWrite != wasWrite_ ? kTurn : 0);
    Data data{};
    data.begin = std::max(column + delay, free);
    data.end = data.begin + kBurst;
    column_ = data.begin - delay + kBurst; // tCCD
    free_ = data.end;
    wasWrite_ = isWrite;
    bank.mayClose =
        std::max(bank.mayClose, isWrite ? data.end + kWritten : data.begin - delay + kReadToClose);
    return data;
  }

private:
  static constexpr uint64_t kNone = ~uint64_t{0};
  struct Bank {
    uint64_t row = kNone;
    uint64_t mayClose = 0, mayOpen = 0;
  };

  /// All banks are closed and refreshed, at once when it is due or when the channel is done; when a row may be opened again.
  uint64_t refresh(uint64_t column) {
    uint64_t begin = std::max(nextRefresh_, column_);
    bool isOpen = false;
    for (const Bank &bank : banks_)
      if (bank.row != kNone)
        begin = std::max(begin, bank.mayClose), isOpen = true;
    begin += isOpen ? kClose : 0;
    for (Bank &bank : banks_) {
      bank.row = kNone;
      bank.mayOpen = begin + kRefresh;
    }
    nextRefresh_ += kInterval;
    ++refreshes_;
    return std::max(column, begin + kRefresh);
  }

  uint32_t burstBytes_, rowBytes_;
  Bank banks_[kBanks];
  uint64_t column_ = 0;   ///< the next column command may come
  uint64_t free_ = 0;     ///< the data bus is free
  bool wasWrite_ = false; ///< what it carried last
  uint64_t nextRefresh_ = kInterval;
  uint64_t refreshes_ = 0;
};

} // namespace tessera::cycle
