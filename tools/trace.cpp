#include "trace.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace tessera::tools {

using compiler::ProfileRow;
using compiler::TimelineSlice;
using isa::Error;
using isa::Expected;

namespace {

constexpr int kDevice = 1, kHost = 2;
constexpr int kLayers = 1, kLaunches = 7;
/// Threads of the device by the timeline's units, in the order in which they are shown.
struct Thread {
  const char *name;
  int id;
};
constexpr Thread kUnits[] = {{"load", 2}, {"store", 6}, {"array", 4}, {"vector", 5}, {"compute's loads", 3}};

std::string quoted(const std::string &text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

class Writer {
public:
  Writer() : text_("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n") {}

  void name(const char *what, int process, int thread, const std::string &name, int order) {
    begin();
    const std::string place =
        "\"ph\":\"M\",\"pid\":" + std::to_string(process) + ",\"tid\":" + std::to_string(thread);
    text_ += "{\"name\":\"" + std::string(what) + "_name\"," + place + ",\"args\":{\"name\":" + quoted(name) +
             "}}";
    begin();
    text_ += "{\"name\":\"" + std::string(what) + "_sort_index\"," + place +
             ",\"args\":{\"sort_index\":" + std::to_string(order) + "}}";
  }

  void slice(const std::string &name, const char *category, int process, int thread, double from, double to,
             const std::string &arguments) {
    begin();
    char numbers[128];
    std::snprintf(numbers, sizeof numbers, "\"ph\":\"X\",\"pid\":%d,\"tid\":%d,\"ts\":%.15g,\"dur\":%.15g",
                  process, thread, from, to - from);
    text_ += "{\"name\":" + quoted(name) + ",\"cat\":\"" + category + "\"," + numbers + ",\"args\":{" +
             arguments + "}}";
  }

  std::string finish(const nlohmann::ordered_json &other) {
    text_ +=
        "\n],\"otherData\":" + other.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "}\n";
    return std::move(text_);
  }

private:
  void begin() {
    if (!isFirst_)
      text_ += ",\n";
    isFirst_ = false;
  }

  std::string text_;
  bool isFirst_ = true;
};

/// Threads of the host's lanes: what the CPU does, and the layers in it.
int hostThread(size_t lane) { return 2 * static_cast<int>(lane) + 1; }

void nameThreads(Writer &writer, const Profile &profile, double clockMegahertz, size_t lanes) {
  char clock[64];
  std::snprintf(clock, sizeof clock, " at %g MHz", clockMegahertz);
  writer.name("process", kDevice, 0, profile.machine.name + clock, 1);
  writer.name("thread", kDevice, kLaunches, "launches", 0);
  writer.name("thread", kDevice, kLayers, "layers", kLayers);
  for (const Thread &unit : kUnits)
    writer.name("thread", kDevice, unit.id, unit.name, unit.id);
  writer.name("process", kHost, 0, "host", 2);
  for (size_t lane = 0; lane < lanes; ++lane) {
    const int thread = hostThread(lane);
    const std::string whose = lanes == 1 ? "" : lane == 0 ? ", first runtime" : ", second runtime";
    writer.name("thread", kHost, thread, "CPU" + whose, thread);
    writer.name("thread", kHost, thread + 1, "the CPU's layers" + whose, thread + 1);
  }
}

std::string caseText(size_t run) { return "\"case\":" + std::to_string(run); }

/// Where a device's event stands in its launch.
std::string cyclesText(uint64_t cycle, uint64_t cycles) {
  return ",\"cycle\":" + std::to_string(cycle) + ",\"cycles\":" + std::to_string(cycles);
}

/// The layers of one run. `begins`: of its launches, in microseconds.
void writeLayers(Writer &writer, size_t run, const std::vector<ProfileRow> &rows,
                 const std::vector<double> &begins, double clockMegahertz) {
  uint64_t cycle = 0;
  uint32_t segment = 0;
  for (const ProfileRow &row : rows) {
    if (row.segment != segment)
      cycle = 0;
    segment = row.segment;
    const double from = begins[segment] + static_cast<double>(cycle) / clockMegahertz;
    if (row.cycles)
      writer.slice(row.name, "layer", kDevice, kLayers, from,
                   begins[segment] + static_cast<double>(cycle + row.cycles) / clockMegahertz,
                   caseText(run) + ",\"op\":" + quoted(row.op) + ",\"macs\":" + std::to_string(row.macs) +
                       ",\"moved_bytes\":" + std::to_string(movedBytes(row)) +
                       ",\"launch\":" + std::to_string(segment) + cyclesText(cycle, row.cycles));
    cycle += row.cycles;
  }
}

} // namespace

Expected<Trace> traceOf(const compiler::Session &session, const Profile &profile, double clockMegahertz) {
  Writer writer;
  const size_t runs = session.timelineRuns();
  nameThreads(writer, profile, clockMegahertz, session.timelineLanes());
  Trace trace;
  std::vector<std::vector<double>> begins(runs);
  for (const ProfileRow &row : profile.rows)
    for (std::vector<double> &of : begins)
      of.resize(std::max<size_t>(of.size(), row.segment + 1));
  auto leftOut = session.timeline(clockMegahertz, [&](const TimelineSlice &slice) {
    const std::string ofCase = caseText(slice.run);
    const int thread = hostThread(slice.lane);
    if (slice.track == TimelineSlice::Track::Host)
      return writer.slice(slice.name, "host", kHost, thread, slice.begin, slice.end, ofCase);
    if (slice.track == TimelineSlice::Track::HostLayer)
      return writer.slice(slice.name, "host layer", kHost, thread + 1, slice.begin, slice.end, ofCase);
    if (slice.track == TimelineSlice::Track::Launch) {
      std::vector<double> &of = begins[slice.run];
      of.resize(std::max<size_t>(of.size(), slice.segment + 1)); // a launch without a row
      of[slice.segment] = slice.begin;
      const std::string name = runs == 1 ? slice.name : slice.name + " of case " + std::to_string(slice.run);
      writer.slice(name, "launch", kDevice, kLaunches, slice.begin, slice.end,
                   ofCase + ",\"launch\":" + std::to_string(slice.segment) + cyclesText(0, slice.cycles));
      return;
    }
    const Thread &unit = kUnits[slice.unit];
    writer.slice(slice.name, unit.name, kDevice, unit.id, slice.begin, slice.end,
                 ofCase + ",\"launch\":" + std::to_string(slice.segment) + ",\"instruction\":" +
                     std::to_string(slice.instruction) + cyclesText(slice.cycle, slice.cycles));
    ++trace.instructions;
  });
  if (!leftOut)
    return leftOut.error();
  for (size_t run = 0; run < runs; ++run) {
    auto rows = session.profileOfRun(run);
    if (!rows)
      return rows.error();
    writeLayers(writer, run, *rows, begins[run], clockMegahertz);
  }
  trace.leftOutEvents = *leftOut;
  trace.json = writer.finish({{"model", profile.model},
                              {"machine", profile.machine.name},
                              {"memory", profile.memory},
                              {"cycles", profile.cycles},
                              {"inferences", runs},
                              {"clock_mhz", clockMegahertz},
                              {"instructions", trace.instructions},
                              {"events_left_out", trace.leftOutEvents}});
  return trace;
}

} // namespace tessera::tools
