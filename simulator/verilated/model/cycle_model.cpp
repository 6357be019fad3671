// A model library: the Verilated core with its memory model, inlined into one cycle loop.
//
// One rising edge a cycle. The core's outputs depend on registers only, so after an edge they hold for the whole cycle: the
// memory model sees them, sets the inputs, and the next edge takes both. The core is built with the prefix Vcore; this
// file, the generated fast code and nothing else are one translation unit.
#include "cycle_abi.h"

#include "bench_memory.h"
#include "chaos_memory.h"
#include "ddr3_memory.h"
#include "timeline.h"

#include "Vcore.h"
#include "Vcore___024root.h"
#include "verilated.h"
#ifdef TSR_CYCLE_WAVES
#include "verilated_fst_c.h"
#endif

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

void Vcore___024root___eval_ico(Vcore___024root *);
void Vcore___024root___eval_nba(Vcore___024root *);

namespace {

using tessera::simulator::CorePinsIn;
using tessera::simulator::CorePinsOut;

constexpr unsigned kBusBytes = TSR_CYCLE_BUS_BYTES;
using Bench = tessera::cycle::BenchMemory<Vcore, kBusBytes>;
using Chaos = tessera::cycle::ChaosMemory<Vcore, kBusBytes>;
using Ddr3 = tessera::cycle::Ddr3Memory<Vcore, kBusBytes>;

struct Model;
thread_local Model *current = nullptr;

struct Model {
  // The context goes last.
  VerilatedContext context;
  Vcore top{&context};
  std::unique_ptr<Bench> bench;
  std::unique_ptr<Chaos> chaos;
  std::unique_ptr<Ddr3> ddr3;
  tessera::cycle::Timeline timeline;
  uint64_t now = 0;
  bool failed = false;
  uint64_t failedAt = 0;
  std::string text, message; // what was printed; what is told of it
#ifdef TSR_CYCLE_WAVES
  std::unique_ptr<VerilatedFstC> fst;
  std::string wavePath;
  uint32_t waveFirst = 0, waveLast = 0;
  enum { Off, Armed, Recording } waveState = Off;
  static constexpr uint64_t kWaveCycle = 10; ///< nanoseconds: 100 MHz
#endif

  Model() {
    context.fatalOnError(false);
#ifdef TSR_CYCLE_WAVES
    context.traceEverOn(true);
#endif
  }
  ~Model() {
    enter();
    closeWave();
  }

  /// This model's messages, stops and scopes are meant from here on.
  void enter() {
    current = this;
    Verilated::threadContextp(&context);
  }

  /// One clock edge with the inputs as they stand.
  inline void edge() {
#ifdef TSR_CYCLE_WAVES
    plainEdge();
#else
    // What eval() does for a rising clock, without the falling one: the design has one trigger, the rising clock, so the
    // logic behind the inputs and then the logic behind the clock is all there is to evaluate.
    static_assert(std::is_same_v<decltype(top.rootp->__VactTriggered), VlTriggerVec<1>>);
    top.rootp->__VicoTriggered.at(0) = 1;
    Vcore___024root___eval_ico(top.rootp);
    top.rootp->__VnbaTriggered.at(0) = 1;
    Vcore___024root___eval_nba(top.rootp);
    ++now;
#endif
  }

  void plainEdge() {
    top.clk_i = 1;
    top.eval();
#ifdef TSR_CYCLE_WAVES
    if (waveState != Off)
      recordWave();
#endif
    top.clk_i = 0;
    top.eval();
#ifdef TSR_CYCLE_WAVES
    if (waveState == Recording)
      fst->dump(now * kWaveCycle + kWaveCycle / 2);
#endif
    ++now;
  }

#ifdef TSR_CYCLE_WAVES
  void recordWave() {
    if (waveState == Armed && top.trace_begin_o && top.trace_begin_index_o >= waveFirst && top.busy_o) {
      fst = std::make_unique<VerilatedFstC>();
      top.trace(fst.get(), 99);
      fst->set_time_unit("1ns");
      fst->set_time_resolution("1ns");
      fst->open(wavePath.c_str());
      waveState = Recording;
    }
    if (waveState != Recording)
      return;
    fst->dump(now * kWaveCycle);
    if (!top.busy_o || top.trace_oldest_o > waveLast)
      closeWave();
  }
  void closeWave() {
    if (fst)
      fst->close();
    fst.reset();
    waveState = Off;
  }
#else
  void closeWave() {}
#endif

  template <bool Observed, class Memory>
  uint32_t runWith(Memory &memory, uint64_t maxCycles, bool untilIdle) {
    const uint64_t end = maxCycles > ~uint64_t{0} - now ? ~uint64_t{0} : now + maxCycles;
    while (now < end) {
      if (untilIdle && !top.busy_o)
        return kTsrCycleDone;
      memory.cycle(top, now);
      edge();
      if constexpr (Observed)
        timeline.see(top.busy_o, top.timeline_o);
      if (__builtin_expect(failed, 0))
        return kTsrCycleAssertion;
    }
    return untilIdle && top.busy_o ? kTsrCycleLimit : kTsrCycleDone;
  }

  uint32_t run(uint64_t maxCycles, bool untilIdle) {
    enter();
    if (failed)
      return kTsrCycleAssertion;
    if (bench)
      return timeline.limit ? runWith<true>(*bench, maxCycles, untilIdle)
                            : runWith<false>(*bench, maxCycles, untilIdle);
    if (chaos)
      return timeline.limit ? runWith<true>(*chaos, maxCycles, untilIdle)
                            : runWith<false>(*chaos, maxCycles, untilIdle);
    if (ddr3)
      return timeline.limit ? runWith<true>(*ddr3, maxCycles, untilIdle)
                            : runWith<false>(*ddr3, maxCycles, untilIdle);
    return kTsrCycleLimit;
  }

  void reset() {
    enter();
    top.rst_ni = 0;
    for (int k = 0; k < 4; ++k)
      plainEdge();
    top.rst_ni = 1;
    top.eval();
    now = 0;
  }

  uint32_t readRegister(uint32_t offset) {
    top.s_ar_valid_i = 1;
    top.s_ar_addr_i = static_cast<uint16_t>(offset & 0xfff);
    top.s_r_ready_i = 1;
    uint32_t value = 0;
    for (int k = 0; k < 1000; ++k) {
      const bool asked = top.s_ar_valid_i && top.s_ar_ready_o;
      const bool answered = top.s_r_valid_o;
      if (answered)
        value = top.s_r_data_o;
      run(1, false);
      if (asked)
        top.s_ar_valid_i = 0;
      if (answered)
        break;
    }
    top.s_ar_valid_i = 0;
    top.s_r_ready_i = 0;
    return value;
  }

  void writeRegister(uint32_t offset, uint32_t value) {
    top.s_aw_valid_i = 1;
    top.s_aw_addr_i = static_cast<uint16_t>(offset & 0xfff);
    top.s_w_valid_i = 1;
    top.s_w_data_i = value;
    top.s_w_strb_i = 0xf;
    top.s_b_ready_i = 1;
    for (int k = 0; k < 1000; ++k) {
      const bool address = top.s_aw_valid_i && top.s_aw_ready_o;
      const bool data = top.s_w_valid_i && top.s_w_ready_o;
      const bool answered = top.s_b_valid_o;
      run(1, false);
      if (address)
        top.s_aw_valid_i = 0;
      if (data)
        top.s_w_valid_i = 0;
      if (answered)
        break;
    }
    top.s_aw_valid_i = 0;
    top.s_w_valid_i = 0;
    top.s_b_ready_i = 0;
  }

  /// Every assertion that failed in the cycle of the first one; empty if none did.
  const char *tell() {
    if (failed && message.empty()) {
      message = text.empty() ? "an assertion failed" : text;
      while (message.back() == '\n')
        message.pop_back();
      message += " (cycle " + std::to_string(failedAt) + ")";
    }
    return message.c_str();
  }

  void outputs(CorePinsOut &out) const {
    out.arValid = top.ar_valid_o;
    out.arId = top.ar_id_o;
    out.arLen = top.ar_len_o;
    out.arSize = top.ar_size_o;
    out.arBurst = top.ar_burst_o;
    out.arAddr = top.ar_addr_o;
    out.rReady = top.r_ready_o;
    out.awValid = top.aw_valid_o;
    out.awId = top.aw_id_o;
    out.awLen = top.aw_len_o;
    out.awSize = top.aw_size_o;
    out.awBurst = top.aw_burst_o;
    out.awAddr = top.aw_addr_o;
    out.wValid = top.w_valid_o;
    out.wLast = top.w_last_o;
    out.wStrb = static_cast<uint64_t>(top.w_strb_o);
    std::memcpy(out.wData, &top.w_data_o, kBusBytes);
    out.bReady = top.b_ready_o;
    out.sAwReady = top.s_aw_ready_o;
    out.sWReady = top.s_w_ready_o;
    out.sBValid = top.s_b_valid_o;
    out.sBResp = top.s_b_resp_o;
    out.sArReady = top.s_ar_ready_o;
    out.sRValid = top.s_r_valid_o;
    out.sRResp = top.s_r_resp_o;
    out.sRData = top.s_r_data_o;
    out.irq = top.irq_o;
    out.busy = top.busy_o;
  }

  void clock(const CorePinsIn &in) {
    enter();
    top.rst_ni = in.resetN;
    top.ar_ready_i = in.arReady;
    top.r_valid_i = in.rValid;
    top.r_id_i = in.rId & 3;
    top.r_resp_i = in.rResp & 3;
    top.r_last_i = in.rLast;
    std::memcpy(&top.r_data_i, in.rData, kBusBytes);
    top.aw_ready_i = in.awReady;
    top.w_ready_i = in.wReady;
    top.b_valid_i = in.bValid;
    top.b_id_i = in.bId & 3;
    top.b_resp_i = in.bResp & 3;
    top.s_aw_valid_i = in.sAwValid;
    top.s_aw_addr_i = in.sAwAddr & 0xfff;
    top.s_w_valid_i = in.sWValid;
    top.s_w_data_i = in.sWData;
    top.s_w_strb_i = in.sWStrb & 0xf;
    top.s_b_ready_i = in.sBReady;
    top.s_ar_valid_i = in.sArValid;
    top.s_ar_addr_i = in.sArAddr & 0xfff;
    top.s_r_ready_i = in.sRReady;
    if (!failed)
      edge();
  }
};

Model *of(void *model) { return static_cast<Model *>(model); }

} // namespace

extern "C" int tsrModelPrint(const char *format, ...) {
  char line[512];
  va_list arguments;
  va_start(arguments, format);
  int count = std::vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (current && current->text.size() < 4096)
    current->text += line;
  return count;
}

static void stopModel() {
  if (!current || current->failed)
    return;
  current->failed = true;
  current->failedAt = current->now;
}
void vl_stop(const char *, int, const char *) VL_MT_UNSAFE { stopModel(); }
void vl_fatal(const char *, int, const char *, const char *text) VL_MT_UNSAFE {
  if (current && text)
    current->text += text;
  stopModel();
}

extern "C" {
extern const char tsr_cycle_processor[] __attribute__((used));
const char tsr_cycle_processor[] = TSR_CYCLE_PROCESSOR_MARK TSR_CYCLE_PROCESSOR;
}

extern "C" const TsrCycleApi *tsr_cycle_api() {
  static const TsrCycleApi api = {
      kTsrCycleAbi,
#ifdef TSR_CYCLE_WAVES
      1,
#else
      0,
#endif
#ifdef TSR_CYCLE_NO_ASSERT
      0,
#else
      1,
#endif
      kBusBytes,
      TSR_CYCLE_CONFIG_HASH,
      TSR_CYCLE_KEY,
      [](uint8_t *dram, uint64_t dramBytes, const char *memory, char *message,
         size_t messageBytes) -> void * {
        tessera::cycle::MemoryText text(memory);
        auto model = std::make_unique<Model>();
        std::string error;
        if (Bench::accepts(text.name()))
          model->bench = std::make_unique<Bench>(text, dram, dramBytes);
        else if (Chaos::accepts(text.name()))
          model->chaos = std::make_unique<Chaos>(text, dram, dramBytes);
        else if (Ddr3::accepts(text.name()))
          model->ddr3 = std::make_unique<Ddr3>(text, dram, dramBytes);
        else if (text.name() != "pins")
          error = "unknown memory model '" + text.name() + "' (bench, ideal, ddr3, chaos, mute)";
        if (error.empty())
          error = text.error();
        if (!error.empty()) {
          std::snprintf(message, messageBytes, "%s", error.c_str());
          return nullptr;
        }
        model->reset();
        return model.release();
      },
      [](void *model) {
        delete of(model);
        current = nullptr;
      },
      [](void *model, uint32_t offset) { return of(model)->readRegister(offset); },
      [](void *model, uint32_t offset, uint32_t value) { of(model)->writeRegister(offset, value); },
      [](void *model, uint64_t maxCycles) { return of(model)->run(maxCycles, true); },
      [](void *model) { return of(model)->now; },
      [](void *model) {
        return uint32_t{of(model)->top.busy_o} | uint32_t{of(model)->top.irq_o} << 1 |
               uint32_t{of(model)->failed} << 2;
      },
      [](void *model) { return of(model)->tell(); },
      [](void *model, const char *path, uint32_t first, uint32_t last) -> uint32_t {
#ifdef TSR_CYCLE_WAVES
        Model &m = *of(model);
        m.closeWave();
        if (!path)
          return 1;
        m.wavePath = path;
        m.waveFirst = first;
        m.waveLast = last;
        m.waveState = Model::Armed;
        return 1;
#else
        (void)model, (void)first, (void)last;
        return path ? 0 : 1;
#endif
      },
      [](void *model, uint64_t limit) { of(model)->timeline.limit = limit; },
      [](void *model, uint64_t *count, uint64_t *dropped) {
        const tessera::cycle::Timeline &timeline = of(model)->timeline;
        *count = timeline.events.size();
        *dropped = timeline.dropped;
        return timeline.events.data();
      },
      [](void *model, CorePinsOut *out) { of(model)->outputs(*out); },
      [](void *model, const CorePinsIn *in) { of(model)->clock(*in); },
  };
  return &api;
}
