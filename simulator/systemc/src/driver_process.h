// The platform's software: a process that does what it is asked, one request at a time, and pauses the simulation when it is done.
#ifndef TESSERA_SYSTEMC_DRIVER_PROCESS_H
#define TESSERA_SYSTEMC_DRIVER_PROCESS_H

#include "bus.h"

#include "tessera/isa/encoding.h"

#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include <string>

namespace tessera::simulator {

class DriverProcess : public sc_core::sc_module {
public:
  SC_HAS_PROCESS(DriverProcess);

  tlm_utils::simple_initiator_socket<DriverProcess> bus;
  sc_core::sc_in<bool> interrupt;

  struct Request {
    enum Kind { Read, Write, Wait } kind = Read;
    uint32_t offset = 0, value = 0;
    sc_core::sc_time limit; ///< of Wait
    bool done = false;      ///< answered; Wait: no launch runs
  };

  DriverProcess(const sc_core::sc_module_name &name, const sc_core::sc_time &cycleTime)
      : sc_module(name), bus("bus"), interrupt("interrupt"), cycleTime_(cycleTime) {
    SC_THREAD(run);
  }

  /// Runs the simulation until the request is answered.
  void perform(Request &request) {
    request_ = &request;
    asked_.notify(sc_core::SC_ZERO_TIME);
    while (request_) {
      sc_core::sc_start();
      if (request_ && !sc_core::sc_pending_activity()) {
        message_ = "the platform stands still with a request unanswered";
        request_ = nullptr;
      }
    }
  }

  const std::string &message() const { return message_; }

private:
  void run() {
    for (;;) {
      while (!request_)
        wait(asked_);
      Request &request = *request_;
      if (request.kind == Request::Wait)
        waitForLaunch(request);
      else {
        access(request.kind == Request::Write, request.offset, request.value);
        request.done = true;
      }
      request_ = nullptr;
      sc_core::sc_pause();
      wait(sc_core::SC_ZERO_TIME);
    }
  }

  /// The interrupt ends the wait early where the program's user has it on; else the control register is looked at now and then.
  void waitForLaunch(Request &request) {
    const sc_core::sc_time end = sc_core::sc_time_stamp() + request.limit;
    for (double cycles = 16;; cycles = std::min(2 * cycles, kLongestPause)) {
      uint32_t control = 0;
      access(false, isa::reg::kControl, control);
      request.done = (control & 1) == 0;
      if (request.done || sc_core::sc_time_stamp() >= end || !message_.empty())
        return;
      wait(cycles * cycleTime_, interrupt.posedge_event());
    }
  }

  void access(bool isWrite, uint32_t offset, uint32_t &value) {
    tlm::tlm_generic_payload transaction;
    transaction.set_command(isWrite ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    transaction.set_address(Bus::kRegisters + offset);
    transaction.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
    transaction.set_data_length(4);
    transaction.set_streaming_width(4);
    sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
    bus->b_transport(transaction, delay);
    wait(delay);
    if (!transaction.is_response_ok() && message_.empty())
      message_ =
          "register access at offset " + std::to_string(offset) + ": " + transaction.get_response_string();
  }

  static constexpr double kLongestPause = 2048;
  sc_core::sc_time cycleTime_;
  sc_core::sc_event asked_;
  Request *request_ = nullptr;
  std::string message_;
};

} // namespace tessera::simulator

#endif
