#include "axi_memory_adaptor.h"

#include <algorithm>
#include <cmath>

namespace tessera::simulator {

namespace {

constexpr uint8_t kOkay = 0, kDecodeError = 3;
constexpr size_t kOutstandingWrites = 64;

} // namespace

AxiMemoryAdaptor::AxiMemoryAdaptor(const sc_core::sc_module_name &name, uint32_t busBytes,
                                   const sc_core::sc_time &cycleTime, uint32_t outstanding)
    : sc_module(name), clock("clock"), core("core"), pins("pins"), memory("memory"), busBytes_(busBytes),
      outstanding_(outstanding), cycleTime_(cycleTime) {
  SC_METHOD(edge);
  sensitive << clock.pos();
  dont_initialize();
}

void AxiMemoryAdaptor::edge() {
  takeTransfers(core.read().out);
  ++now_;
  presented_ = nextPins();
  pins.write(presented_);
}

uint8_t AxiMemoryAdaptor::transact(tlm::tlm_command command, uint64_t address, std::vector<uint8_t> &data,
                                   std::vector<uint8_t> *enables, uint64_t &latencyCycles) {
  tlm::tlm_generic_payload transaction;
  transaction.set_command(command);
  transaction.set_address(address);
  transaction.set_data_ptr(data.data());
  transaction.set_data_length(static_cast<unsigned>(data.size()));
  transaction.set_streaming_width(static_cast<unsigned>(data.size()));
  if (enables) {
    transaction.set_byte_enable_ptr(enables->data());
    transaction.set_byte_enable_length(static_cast<unsigned>(enables->size()));
  }
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  memory->b_transport(transaction, delay);
  latencyCycles = static_cast<uint64_t>(std::ceil(delay / cycleTime_));
  return transaction.is_response_ok() ? kOkay : kDecodeError;
}

/// What the clock edge that ends this cycle transfers, on the pins as both sides drove them in it.
void AxiMemoryAdaptor::takeTransfers(const CorePinsOut &out) {
  if (presented_.rValid && out.rReady) {
    reads_.front().sent += busBytes_;
    if (presented_.rLast)
      reads_.pop_front();
  }
  if (out.arValid && presented_.arReady) {
    Read read;
    read.id = out.arId;
    read.data.resize((size_t{out.arLen} + 1) * busBytes_);
    uint64_t latency = 0;
    read.response = transact(tlm::TLM_READ_COMMAND, out.arAddr, read.data, nullptr, latency);
    if (read.response != kOkay)
      std::fill(read.data.begin(), read.data.end(), uint8_t{0});
    read.due = now_ + latency;
    reads_.push_back(std::move(read));
  }
  if (out.wValid && presented_.wReady) {
    Write &write = writes_.front();
    write.data.insert(write.data.end(), out.wData, out.wData + busBytes_);
    for (uint32_t k = 0; k < busBytes_; ++k)
      write.enables.push_back(out.wStrb >> k & 1 ? uint8_t{TLM_BYTE_ENABLED} : uint8_t{TLM_BYTE_DISABLED});
    if (out.wLast) {
      const bool isWhole = std::count(write.enables.begin(), write.enables.end(),
                                      uint8_t{TLM_BYTE_ENABLED}) == static_cast<long>(write.enables.size());
      uint64_t latency = 0;
      write.response = transact(tlm::TLM_WRITE_COMMAND, write.address, write.data,
                                isWhole ? nullptr : &write.enables, latency);
      write.due = now_ + latency;
      responses_.push_back(std::move(write));
      writes_.pop_front();
    }
  }
  if (presented_.bValid && out.bReady)
    responses_.pop_front();
  if (out.awValid && presented_.awReady) {
    Write write;
    write.address = out.awAddr;
    write.id = out.awId;
    writes_.push_back(std::move(write));
  }
}

MemoryPins AxiMemoryAdaptor::nextPins() {
  MemoryPins next;
  next.arReady = reads_.size() < outstanding_;
  if (!reads_.empty() && reads_.front().due <= now_) {
    const Read &read = reads_.front();
    next.rValid = true;
    next.rId = read.id;
    next.rResp = read.response;
    next.rLast = read.sent + busBytes_ == read.data.size();
    std::copy_n(read.data.begin() + static_cast<ptrdiff_t>(read.sent), busBytes_, next.rData.begin());
  }
  next.awReady = writes_.size() + responses_.size() < kOutstandingWrites;
  next.wReady = !writes_.empty();
  if (!responses_.empty() && responses_.front().due <= now_) {
    next.bValid = true;
    next.bId = responses_.front().id;
    next.bResp = responses_.front().response;
  }
  return next;
}

} // namespace tessera::simulator
