#include "tessera/compiler/session.h"

#include "cpu/processor.h"
#include "metadata.h"
#include "profile.h"
#include "tessera/compiler/compiler.h"
#include "tessera/compiler/host_code.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

struct CloseDevice {
  void operator()(tsr_device *device) const { tsr_device_close(device); }
};
struct CloseRuntime {
  void operator()(tsr_runtime *runtime) const { tsr_runtime_close(runtime); }
};

bool isModel(std::span<const uint8_t> file) {
  return file.size() >= 8 && std::memcmp(file.data() + 4, "TFL3", 4) == 0;
}
bool isImage(std::span<const uint8_t> file) {
  return file.size() >= 3 && std::memcmp(file.data(), "TSR", 3) == 0;
}

class DeviceSession : public Session {
public:
  const isa::MachineConfig &machine() const override { return machine_; }
  const std::string &modelName() const override { return metadata_.model; }
  const std::vector<TensorInfo> &inputs() const override { return metadata_.inputs; }
  const std::vector<TensorInfo> &outputs() const override { return metadata_.outputs; }

  /// Everything that open() does, step by step.
  Expected<void> prepare(std::span<const uint8_t> file, const SessionOptions &options);

  Expected<std::vector<std::vector<uint8_t>>> run(std::span<const std::span<const uint8_t>> inputs) override;
  Expected<std::vector<TensorData>> run(std::span<const TensorData> inputs) override;
  Expected<std::vector<std::vector<TensorData>>> run(std::span<const std::vector<TensorData>> cases,
                                                     size_t number) override;
  bool isDynamic() const override { return metadata_.isDynamic; }
  RunReport report() const override;
  Expected<std::vector<ProfileRow>> profile() const override {
    showLast();
    return profileRows(runtime_.get(), metadata_);
  }
  size_t timelineRuns() const override { return timelineRuns_.size(); }
  size_t timelineLanes() const override {
    size_t lanes = 0;
    for (const TimelineRun &run : timelineRuns_)
      lanes = std::max(lanes, run.lane + 1);
    return lanes;
  }
  Expected<std::vector<ProfileRow>> profileOfRun(size_t run) const override {
    if (run >= timelineRuns_.size())
      return Error{"no timeline of run " + std::to_string(run) + ": " + std::to_string(timelineRuns_.size()) +
                   " are kept"};
    const TimelineRun &of = timelineRuns_[run];
    tsr_runtime_show(of.runtime, of.index);
    return profileRows(of.runtime, metadata_);
  }
  Expected<uint64_t> timeline(double clockMegahertz,
                              const std::function<void(const TimelineSlice &)> &tell) const override {
    return tellTimeline(timelineRuns_, metadata_, machine_, clockMegahertz, tell);
  }
  Expected<void> wave(const std::string &path, uint32_t first, uint32_t last) override;

private:
  Expected<isa::ProgramImage> imageOf(std::span<const uint8_t> file, const SessionOptions &options) const;
  Expected<void> invoke(const std::vector<const void *> &in, const std::vector<void *> &out);
  Expected<std::vector<const void *>> pointersOf(std::span<const TensorData> inputs) const;
  std::vector<TensorData> emptyResults() const;
  void openSecond();
  Expected<void> forgetRuns();
  void keepRuns(size_t count, size_t alone);
  void showLast() const {
    if (!timelineRuns_.empty())
      tsr_runtime_show(timelineRuns_.back().runtime, timelineRuns_.back().index);
  }
  void costsOf(RunReport &report, std::span<const tsr_segment_report> segments) const;

  isa::MachineConfig machine_;
  bool onCpu_ = false;
  Metadata metadata_;
  // In this order: the runtime uses the code and the device, and goes first.
  std::unique_ptr<tsr_device, CloseDevice> device_;
  std::unique_ptr<HostCode> code_;
  std::unique_ptr<tsr_runtime, CloseRuntime> runtime_;
  // For two cases at a time: host code has static memory. Opened when it is wanted first; without it there is one at a time.
  bool overlaps_ = false;
  uint64_t timelineEvents_ = 0;           ///< 0: no timeline is kept
  std::vector<TimelineRun> timelineRuns_; ///< of the last run()
  std::vector<uint8_t> object_;
  uint32_t threads_ = 1;
  std::unique_ptr<HostCode> secondCode_;
  std::unique_ptr<tsr_runtime, CloseRuntime> second_;
  double wallSeconds_ = 0;
};

/// What options.machine stands for where it is empty.
Expected<std::string> machineOf(std::span<const uint8_t> file, const SessionOptions &options) {
  const std::string usual = "pynq";
  if (!options.machine.empty())
    return options.machine;
  if (isModel(file) || !isImage(file))
    return usual;
  auto image = isa::ProgramImage::parse(file);
  if (!image)
    return image.error();
  auto metadata = parseMetadata(image->text(isa::ProgramImage::kMetadata));
  if (!metadata)
    return metadata.error();
  const std::vector<std::string> names = isa::machineNames();
  if (image->configHash == 0 || std::find(names.begin(), names.end(), metadata->machine) != names.end())
    return image->configHash == 0 ? usual : metadata->machine;
  return Error{"the image was made for machine " + metadata->machine +
               ", which this build does not know: its file is needed (--machine FILE)"};
}

Expected<isa::ProgramImage> DeviceSession::imageOf(std::span<const uint8_t> file,
                                                   const SessionOptions &options) const {
  if (!isModel(file) && isImage(file)) {
    if (!options.extents.empty())
      return Error{"extent " + options.extents.begin()->first +
                   " was given, and a program image is compiled already"};
    if (!options.tuned.empty())
      return Error{"the tuning log " + options.tuned + " was given, and a program image is compiled already"};
    return isa::ProgramImage::parse(file);
  }
  CompileOptions compileOptions;
  compileOptions.machine = machine_;
  compileOptions.cpuOnly = onCpu_;
  compileOptions.modelName = options.modelName;
  compileOptions.modelFolder = options.modelFolder;
  compileOptions.extents = options.extents;
  compileOptions.tuned = options.tuned;
  compileOptions.tunedMemory = options.memory;
  compileOptions.warn = options.warn;
  auto compiled = compile(file, compileOptions);
  if (!compiled)
    return compiled.error();
  return std::move(compiled->image);
}

Expected<void> DeviceSession::prepare(std::span<const uint8_t> file, const SessionOptions &options) {
  auto named = machineOf(file, options);
  if (!named)
    return named.error();
  auto machine = isa::loadMachine(*named);
  if (!machine)
    return machine.error();
  machine_ = *machine;
  onCpu_ = options.device == "cpu";
  // The device first: a wrong name is found before the compiler works.
  if (!onCpu_) {
    tsr_device_options deviceOptions{named->c_str(),
                                     options.memory.empty() ? nullptr : options.memory.c_str(),
                                     options.dramBytes, options.assertions ? 0 : 1};
    tsr_device *device = nullptr;
    if (tsr_device_open(options.device.c_str(), &deviceOptions, &device) != TSR_OK)
      return Error{tsr_open_message()};
    device_.reset(device);
  }
  auto image = imageOf(file, options);
  if (!image)
    return image.error();
  auto metadata = parseMetadata(image->text(isa::ProgramImage::kMetadata));
  if (!metadata)
    return metadata.error();
  metadata_ = std::move(*metadata);
  if (onCpu_ && metadata_.segments != 0)
    return Error{"the image has " + std::to_string(metadata_.segments) +
                 " accelerator segments and cannot run on the CPU device"};
  const std::vector<uint8_t> *object = image->find(isa::ProgramImage::kHostObject);
  if (!object)
    return Error{"the image has no host code"};
  if (image->configHash != 0)
    if (auto fits = image->checkMachine(machine_); !fits)
      return Error{fits.error().message + "; it was made for machine " + metadata_.machine};
  if (auto fits = cpu::checkThisHost(metadata_.cpu, metadata_.cpuFeatures); !fits)
    return fits.error();
  auto code = loadHostCode(*object);
  if (!code)
    return code.error();
  code_ = std::move(*code);
  auto bytes = image->serialize();
  if (!bytes)
    return bytes.error();
  tsr_runtime *runtime = nullptr;
  if (tsr_runtime_open(device_.get(), bytes->data(), bytes->size(), code_->entry(), &runtime) != TSR_OK)
    return Error{tsr_open_message()};
  runtime_.reset(runtime);
  tsr_runtime_set_timeout(runtime, options.timeoutSeconds);
  if (tsr_runtime_set_threads(runtime, options.threads) != TSR_OK)
    return Error{tsr_runtime_message(runtime)};
  tsr_runtime_set_overlap(runtime, options.overlap);
  overlaps_ = options.overlap && !onCpu_ && !isDynamic();
  if (overlaps_)
    object_ = *object;
  threads_ = options.threads;
  if (options.profile && tsr_runtime_set_profile(runtime, options.timelineEvents) != TSR_OK)
    return Error{tsr_runtime_message(runtime)};
  timelineEvents_ = options.profile ? options.timelineEvents : 0;
  return {};
}

Expected<void> DeviceSession::invoke(const std::vector<const void *> &in, const std::vector<void *> &out) {
  if (auto forgotten = forgetRuns(); !forgotten)
    return forgotten;
  auto start = std::chrono::steady_clock::now();
  tsr_status status = tsr_runtime_invoke(runtime_.get(), in.data(), out.data());
  wallSeconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (status != TSR_OK)
    return Error{tsr_runtime_message(runtime_.get())};
  if (timelineEvents_)
    keepRuns(1, 1);
  return {};
}

namespace {

Error wrongCount(size_t wanted, size_t given) {
  return Error{"the model has " + std::to_string(wanted) + " inputs, " + std::to_string(given) +
               " were given"};
}

/// Compiled code relies on it that a truth value is 0 or 1.
Expected<void> checkTruths(const TensorInfo &info, std::span<const uint8_t> data) {
  if (info.type == "bool")
    for (uint8_t byte : data)
      if (byte > 1)
        return Error{"input " + info.name + " is bool and holds the byte " + std::to_string(byte)};
  return {};
}

} // namespace

Expected<std::vector<std::vector<uint8_t>>>
DeviceSession::run(std::span<const std::span<const uint8_t>> inputs) {
  if (isDynamic())
    return Error{"the model has dynamic shapes, its inputs need theirs"};
  if (inputs.size() != metadata_.inputs.size())
    return wrongCount(metadata_.inputs.size(), inputs.size());
  std::vector<const void *> in;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].size() != metadata_.inputs[i].bytes)
      return Error{"input " + std::to_string(i) + " has " + std::to_string(inputs[i].size()) +
                   " bytes, the model wants " + std::to_string(metadata_.inputs[i].bytes)};
    if (auto fine = checkTruths(metadata_.inputs[i], inputs[i]); !fine)
      return fine.error();
    in.push_back(inputs[i].data());
  }
  std::vector<std::vector<uint8_t>> results;
  std::vector<void *> out;
  for (const TensorInfo &output : metadata_.outputs)
    results.emplace_back(output.bytes);
  for (std::vector<uint8_t> &result : results)
    out.push_back(result.data());
  if (auto done = invoke(in, out); !done)
    return done.error();
  return results;
}

Expected<std::vector<TensorData>> DeviceSession::run(std::span<const TensorData> inputs) {
  auto in = pointersOf(inputs);
  if (!in)
    return in.error();
  std::vector<std::vector<int64_t>> extents;
  for (const TensorData &input : inputs)
    extents.emplace_back(input.shape.begin(), input.shape.end());
  if (isDynamic())
    for (const std::vector<int64_t> &shape : extents)
      in->push_back(shape.data());
  std::vector<TensorData> results = emptyResults();
  std::vector<void *> out;
  for (TensorData &result : results)
    out.push_back(result.data.data());
  if (auto done = invoke(*in, out); !done)
    return done.error();
  for (size_t i = 0; i < results.size(); ++i) {
    if (!metadata_.outputs[i].isDynamic())
      continue;
    tsr_result result{};
    if (tsr_runtime_result(runtime_.get(), static_cast<uint32_t>(i), &result) != TSR_OK)
      return Error{"the host code gave no output " + std::to_string(i)};
    const auto *data = static_cast<const uint8_t *>(result.data);
    results[i].shape.assign(result.extents, result.extents + result.rank);
    results[i].data.assign(data, data + result.bytes);
  }
  return results;
}

Expected<std::vector<const void *>> DeviceSession::pointersOf(std::span<const TensorData> inputs) const {
  if (inputs.size() != metadata_.inputs.size())
    return wrongCount(metadata_.inputs.size(), inputs.size());
  std::vector<const void *> pointers;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorInfo &info = metadata_.inputs[i];
    if (auto fits = checkShape(info, inputs[i].shape, inputs[i].data.size()); !fits)
      return fits.error();
    if (auto fine = checkTruths(info, inputs[i].data); !fine)
      return fine.error();
    pointers.push_back(inputs[i].data.data());
  }
  return pointers;
}

std::vector<TensorData> DeviceSession::emptyResults() const {
  std::vector<TensorData> results;
  for (const TensorInfo &output : metadata_.outputs)
    results.push_back({output.shape, std::vector<uint8_t>(output.bytes)});
  return results;
}

/// Where there is no memory for a second arena, or the host does not see the device's, runs stay one after the other.
void DeviceSession::openSecond() {
  if (!overlaps_ || second_)
    return;
  overlaps_ = false;
  auto code = loadHostCode(object_);
  if (!code)
    return;
  secondCode_ = std::move(*code);
  tsr_runtime *second = nullptr;
  if (tsr_runtime_open_beside(runtime_.get(), secondCode_->entry(), &second) != TSR_OK)
    return;
  second_.reset(second);
  overlaps_ = tsr_runtime_set_threads(second, threads_) == TSR_OK &&
              (!timelineEvents_ || tsr_runtime_set_profile(second, timelineEvents_) == TSR_OK);
}

Expected<std::vector<std::vector<TensorData>>>
DeviceSession::run(std::span<const std::vector<TensorData>> cases, size_t number) {
  const auto failed = [&](size_t index, const std::string &message) {
    return Error{"case " + std::to_string(number + index) + ": " + message};
  };
  std::vector<std::vector<TensorData>> results;
  if (isDynamic()) {
    for (size_t i = 0; i < cases.size(); ++i) {
      auto outputs = run(std::span<const TensorData>(cases[i]));
      if (!outputs)
        return failed(i, outputs.error().message);
      results.push_back(std::move(*outputs));
    }
    return results;
  }
  std::vector<std::vector<const void *>> in;
  std::vector<std::vector<void *>> out;
  for (size_t i = 0; i < cases.size(); ++i) {
    auto pointers = pointersOf(cases[i]);
    if (!pointers)
      return failed(i, pointers.error().message);
    in.push_back(std::move(*pointers));
    results.push_back(emptyResults());
    out.emplace_back();
    for (TensorData &result : results.back())
      out.back().push_back(result.data.data());
  }
  std::vector<const void *const *> inputs;
  std::vector<void *const *> outputs;
  for (size_t i = 0; i < cases.size(); ++i) {
    inputs.push_back(in[i].data());
    outputs.push_back(out[i].data());
  }
  uint64_t which = 0;
  wallSeconds_ = 0; // of the runs, without what opens the second runtime
  const auto invokeFrom = [&](size_t from, size_t count) {
    const auto start = std::chrono::steady_clock::now();
    const tsr_status status =
        tsr_runtime_invoke_all(runtime_.get(), overlaps_ ? second_.get() : nullptr, count,
                               inputs.data() + from, outputs.data() + from, &which);
    which += from;
    wallSeconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return status;
  };
  if (auto forgotten = forgetRuns(); !forgotten)
    return forgotten.error();
  // The first one alone: it records, and then it is known that there is memory for one at a time.
  const size_t alone = overlaps_ && !second_ && cases.size() > 1 ? 1 : 0;
  tsr_status status = invokeFrom(0, alone);
  if (status == TSR_OK) {
    if (alone)
      openSecond();
    status = invokeFrom(alone, cases.size() - alone);
    if (status == TSR_OUT_OF_MEMORY && overlaps_ && second_) {
      second_.reset();
      overlaps_ = false;
      if (auto forgotten = forgetRuns(); !forgotten)
        return forgotten.error();
      const size_t from = timelineEvents_ ? 0 : alone; // a timeline is of all
      status = invokeFrom(from, cases.size() - from);
    }
  }
  wallSeconds_ /= static_cast<double>(std::max<size_t>(cases.size(), 1));
  if (status != TSR_OK)
    return failed(which, tsr_runtime_message(runtime_.get()));
  if (timelineEvents_)
    keepRuns(cases.size(), alone);
  return results;
}

/// What a timeline has had of runs before.
Expected<void> DeviceSession::forgetRuns() {
  timelineRuns_.clear();
  for (tsr_runtime *runtime : {runtime_.get(), second_.get()})
    if (timelineEvents_ && runtime && tsr_runtime_set_profile(runtime, timelineEvents_) != TSR_OK)
      return Error{tsr_runtime_message(runtime)};
  return {};
}

/// As tsr_runtime_invoke_all deals them out behind the `alone`: the last is the first runtime's, whose neighbours are the second's.
void DeviceSession::keepRuns(size_t count, size_t alone) {
  const bool areTwo = overlaps_ && second_ && count - alone > 1;
  size_t next[2] = {0, 0};
  for (size_t run = 0; run < count; ++run) {
    const size_t lane = areTwo && run >= alone ? (count - 1 - run) % 2 : 0;
    TimelineRun of{lane ? second_.get() : runtime_.get(), next[lane], lane, {}};
    if (alone > 0 &&
        (run == alone || (run > alone && next[lane] == 0))) // what opens the second is not the runs'
      of.after = alone - 1;
    ++next[lane];
    timelineRuns_.push_back(of);
  }
}

void DeviceSession::costsOf(RunReport &report, std::span<const tsr_segment_report> segments) const {
  std::vector<uint32_t> before(segments.size(), 0); // the cycle at which the segment's previous layer ended
  // Layers that run side by side share a mark: the first is charged for all of them.
  std::map<std::pair<uint32_t, uint32_t>, size_t> firstOf;
  for (size_t i = 0; i < report.layers.size(); ++i) {
    const LayerInfo &info = metadata_.layers[i];
    // Devices that count no cycles put other numbers into the marks.
    if (!info.mark || info.segment >= segments.size() || segments[info.segment].result.cycles == 0 ||
        *info.mark >= segments[info.segment].markCount)
      continue;
    LayerReport &layer = report.layers[i];
    auto [first, fresh] = firstOf.try_emplace({info.segment, *info.mark}, i);
    if (!fresh) {
      LayerReport &shared = report.layers[first->second];
      layer.reason += ", counted with " + shared.name;
      if (shared.cycles)
        shared.utilization +=
            static_cast<double>(layer.macs) / machine_.macsPerCycle() / static_cast<double>(shared.cycles);
      continue;
    }
    const tsr_segment_report &segment = segments[info.segment];
    uint32_t end = segment.marks[*info.mark];
    layer.cycles = end > before[info.segment] ? end - before[info.segment] : 0;
    before[info.segment] = std::max(before[info.segment], end);
    double ideal = static_cast<double>(layer.macs) / machine_.macsPerCycle();
    layer.utilization = layer.cycles ? ideal / static_cast<double>(layer.cycles) : 0;
    if (segment.result.cycles)
      layer.wallSeconds = segment.result.wallSeconds * static_cast<double>(layer.cycles) /
                          static_cast<double>(segment.result.cycles);
  }
}

RunReport DeviceSession::report() const {
  RunReport report;
  report.wallSeconds = wallSeconds_;
  for (const LayerInfo &layer : metadata_.layers) {
    report.layers.push_back(layer.report);
    report.macs += layer.report.macs;
  }
  showLast();
  std::vector<tsr_segment_report> segments(metadata_.segments);
  for (uint32_t i = 0; i < metadata_.segments; ++i) {
    if (tsr_runtime_report(runtime_.get(), i, &segments[i]) != TSR_OK)
      return report;
    report.cycles += segments[i].result.cycles;
    report.deviceSeconds += segments[i].result.wallSeconds;
    report.instructions += segments[i].instructions;
    report.microOps += segments[i].microOps;
  }
  costsOf(report, segments);
  tsr_borders borders{};
  if (tsr_runtime_borders(runtime_.get(), &borders) == TSR_OK)
    report.borders = {borders.sharedBytes, borders.copiedBytes, borders.convertedBytes};
  uint64_t npuMacs = 0;
  for (const LayerReport &layer : report.layers)
    npuMacs += layer.placement == "npu" ? layer.macs : 0;
  if (report.cycles)
    report.utilization =
        static_cast<double>(npuMacs) / (static_cast<double>(report.cycles) * machine_.macsPerCycle());
  if (report.deviceSeconds > 0)
    report.simulatedCyclesPerSecond = static_cast<double>(report.cycles) / report.deviceSeconds;
  return report;
}

Expected<void> DeviceSession::wave(const std::string &path, uint32_t first, uint32_t last) {
  if (!device_)
    return Error{"the CPU has no waveform"};
  if (tsr_device_wave(device_.get(), path.empty() ? nullptr : path.c_str(), first, last) != TSR_OK)
    return Error{tsr_device_message(device_.get())};
  return {};
}

} // namespace

Expected<std::unique_ptr<Session>> Session::open(std::span<const uint8_t> file,
                                                 const SessionOptions &options) {
  auto session = std::make_unique<DeviceSession>();
  if (auto ready = session->prepare(file, options); !ready)
    return ready.error();
  return std::unique_ptr<Session>(std::move(session));
}

} // namespace tessera::compiler
