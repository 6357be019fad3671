#include "commands.h"
#include "files.h"
#include "progress.h"

#include "tessera/compiler/tune.h"
#include "tessera/compiler/tuning_log.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <unistd.h>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string model;
  compiler::TuneOptions tune;
  std::vector<std::string> extents;
  std::string json;
  bool cpu = false;
  bool quiet = false;
  const char *unit() const { return cpu ? "ns" : "cycles"; }
};

volatile std::sig_atomic_t interrupted = 0;

/// The first Ctrl-C ends the search and keeps what was found, the second one the program.
class Interrupts {
public:
  Interrupts()
      : before_(std::signal(SIGINT, [](int signal) {
          interrupted = 1;
          std::signal(signal, SIG_DFL);
        })) {}
  ~Interrupts() { std::signal(SIGINT, before_); }

private:
  void (*before_)(int);
};

std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (int at = int(text.size()) - 3; at > 0; at -= 3)
    text.insert(size_t(at), ",");
  return text;
}

double change(double before, double after) { return before > 0 ? (after - before) / before * 100 : 0; }

void print(const Options &options, const compiler::TuneReport &report) {
  std::printf("%-36s %6s %12s %12s %8s%s\n", options.cpu ? "loop nest, times in ns" : "layers", "times",
              "untuned", "tuned", "change", options.cpu ? "" : "        ideal");
  for (const compiler::TunedTask &task : report.tasks) {
    std::string name = task.firstLayer.substr(0, options.cpu ? 36 : 24);
    if (task.layers > 1)
      name += " and " + std::to_string(task.layers - 1) + " more";
    std::printf("%-36s %6zu %12s %12s %+7.1f%%", name.c_str(), task.occurrences,
                grouped(task.untuned).c_str(), grouped(task.tuned).c_str(),
                change(double(task.untuned), double(task.tuned)));
    if (!options.cpu)
      std::printf(" %12s", grouped(task.ideal).c_str());
    std::printf("\n");
  }
  std::printf("\n%zu measurements (%zu failed, %zu more from the log) in %.0f s, seed %llu\n",
              report.measured, report.failed, report.known, report.seconds,
              static_cast<unsigned long long>(options.tune.seed));
  const bool isOther = !options.cpu && options.tune.device != "cycle";
  const std::string where = options.cpu ? "this processor"
                                        : report.machine + " with memory " + report.memory +
                                              (isOther ? " on device " + options.tune.device : "");
  if (report.untuned > 0)
    std::printf("whole network on %s: %s %s untuned, %s tuned (%+.2f %%)\n", where.c_str(),
                grouped(report.untuned).c_str(), options.unit(), grouped(report.tuned).c_str(),
                change(double(report.untuned), double(report.tuned)));
  const std::string with = options.tune.memory.empty() ? "" : " --memory " + options.tune.memory;
  if (report.kept && isOther)
    std::printf("kept for device %s alone: --tuned takes what device cycle has measured\n",
                options.tune.device.c_str());
  else if (report.kept)
    std::printf("to use it: %s --tuned %s\n",
                options.cpu ? "--device cpu" : ("--machine " + options.tune.machine + with).c_str(),
                options.tune.log.c_str());
  else
    std::printf("nothing faster was found; compilations stay as they are\n");
}

std::string jsonOf(const Options &options, const compiler::TuneReport &report) {
  nlohmann::ordered_json json{{"model", options.tune.modelName},
                              {"machine", report.machine},
                              {"memory", report.memory},
                              {"device", options.tune.device},
                              {"log", options.tune.log},
                              {"version", compiler::tuningVersion()},
                              {"seed", options.tune.seed},
                              {"measured", report.measured},
                              {"failed", report.failed},
                              {"known", report.known},
                              {"seconds", report.seconds},
                              {"unit", options.unit()},
                              {"untuned", report.untuned},
                              {"tuned", report.tuned},
                              {"kept", report.kept}};
  json["tasks"] = nlohmann::ordered_json::array();
  for (const compiler::TunedTask &task : report.tasks)
    json["tasks"].push_back({{"first_layer", task.firstLayer},
                             {"last_layer", task.lastLayer},
                             {"layers", task.layers},
                             {"occurrences", task.occurrences},
                             {"untuned", task.untuned},
                             {"tuned", task.tuned},
                             {"ideal", task.ideal},
                             {"choice", task.choice}});
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Expected<void> tune(Options &options) {
  if (auto checked = checkFiles({}, {options.json}); !checked)
    return checked;
  auto file = readFile(options.model);
  if (!file)
    return file.error();
  options.tune.modelName = std::filesystem::path(options.model).stem();
  options.tune.modelFolder = folderOf(options.model);
  auto extents = readExtents(options.extents);
  if (!extents)
    return extents.error();
  options.tune.extents = *extents;
  if (options.tune.log.empty())
    options.tune.log = compiler::defaultTuningLog();
  Progress progress(options.quiet);
  const Interrupts interrupts;
  options.tune.stop = [] { return interrupted != 0; };
  options.tune.progress = [&](const compiler::TuneProgress &now) {
    char text[160];
    std::snprintf(text, sizeof text, "measured %zu of %zu, best %s of %s %s (%+.2f %%), %.0f s", now.measured,
                  now.trials, grouped(uint64_t(now.best)).c_str(), grouped(uint64_t(now.untuned)).c_str(),
                  options.unit(), change(now.untuned, now.best), now.seconds);
    progress.show(text);
  };
  progress.show("compiling " + options.model + " and measuring it untuned ...", true);
  auto report =
      options.cpu ? compiler::tuneModelOnCpu(*file, options.tune) : compiler::tuneModel(*file, options.tune);
  progress.clear();
  if (!report)
    return Error{options.model + ": " + report.error().message};
  if (!options.quiet && options.json != "-")
    print(options, *report);
  if (!options.json.empty())
    return writeFile(options.json, jsonOf(options, *report));
  return {};
}

} // namespace

void addTune(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand(
      "tune", "Find faster plans for a network's layers by measuring, for later compilations");
  command->add_option("MODEL", options->model, "TFLite or ONNX model")->required();
  command->add_option("--machine", options->tune.machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command->add_flag(
      "--cpu", options->cpu,
      "tiles of the loop nests of the network on this processor, by time, instead of the machine's "
      "plans, by cycles");
  command->add_option("--trials", options->tune.trials, "measurements at most")
      ->check(CLI::Range(size_t{0}, size_t{1'000'000}))
      ->capture_default_str();
  command
      ->add_option("--time-limit", options->tune.timeLimitSeconds,
                   "seconds after which no batch of measurements begins")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--log", options->tune.log,
                      "tuning log to read and write (default tuning.db in the cache folder, " +
                          compiler::defaultTuningLog() + ")");
  command->add_option("--memory", options->tune.memory, "memory model: bench, bench,latency=16, ideal, ddr3");
  command
      ->add_option("--device", options->tune.device,
                   "device that measures; functional estimates, which --tuned does not take")
      ->capture_default_str();
  command->add_option("--jobs", options->tune.devices, "devices that measure at the same time")
      ->check(CLI::Range(size_t{1}, size_t{64}))
      ->capture_default_str();
  command->add_flag(
      "--assertions", options->tune.assertions,
      "cycle: the core with the RTL's assertions, which is slower; without, it is built at the first use");
  command->add_option("--seed", options->tune.seed, "of the search")->capture_default_str();
  command->add_option("--epsilon", options->tune.epsilon, "share of measurements that is drawn at random")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->add_option("--extent", options->extents,
                      "NAME=N: fixes an open extent of an ONNX model's inputs, as --extent batch=1");
  command->add_option("--json", options->json,
                      "file for the result as JSON; - is stdout, and nothing else goes there");
  command->add_flag("--quiet", options->quiet, "print nothing");
  command->footer("\ntessera tune net.tflite --machine pynq --trials 200 --log net.db\n"
                  "tessera run net.tflite --input x.npy --device cycle --machine pynq --tuned net.db\n"
                  "Ctrl-C ends the search and keeps what was found; another run goes on. docs/tuning.md");
  command->callback([options, &status] {
    if (auto done = tune(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
