#include "accuracy.h"
#include "cases.h"
#include "commands.h"
#include "files.h"
#include "progress.h"

#include "tessera/compiler/session.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>

namespace tessera::tools {

using isa::Error;
using isa::Expected;

namespace {

struct Options {
  std::string model;
  compiler::SessionOptions session;
  std::vector<std::string> samples;
  std::vector<std::string> extents;
  std::string labels;
  std::string reference;
  std::string json;
  bool quiet = false;
};

/// Runs every sample; all answers in one array.
Expected<Array> answersOf(const Options &options) {
  auto file = readFile(options.model);
  if (!file)
    return file.error();
  compiler::SessionOptions sessionOptions = options.session;
  sessionOptions.modelName = std::filesystem::path(options.model).stem();
  sessionOptions.modelFolder = folderOf(options.model);
  auto extents = readExtents(options.extents);
  if (!extents)
    return extents.error();
  sessionOptions.extents = *extents;
  Progress progress(options.quiet);
  progress.show("compiling " + options.model + " ...", true);
  sessionOptions.warn = [&](const std::string &warning) {
    progress.clear();
    warn(warning);
  };
  auto session = compiler::Session::open(*file, sessionOptions);
  progress.clear();
  if (!session)
    return Error{options.model + ": " + session.error().message};
  if ((*session)->outputs().size() != 1)
    return Error{options.model + ": " + std::to_string((*session)->outputs().size()) +
                 " outputs, one with a number a class is needed"};
  auto cases = readCases(options.samples, (*session)->inputs());
  if (!cases)
    return cases.error();
  OutputCollector collector((*session)->outputs());
  for (size_t i = 0; i < cases->count(); ++i) {
    progress.show("case " + std::to_string(i + 1) + " of " + std::to_string(cases->count()) + " on " +
                  options.session.device + " ...");
    auto outputs = (*session)->run(cases->inputs(i));
    if (!outputs)
      return Error{"case " + std::to_string(i) + ": " + outputs.error().message};
    collector.add(std::move(*outputs));
  }
  return collector.joined(0);
}

std::string jsonOf(const Options &options, const Accuracy &accuracy) {
  nlohmann::ordered_json document = {
      {"model", std::filesystem::path(options.model).stem()},
      {"device", options.session.device},
      {"machine", options.session.machine},
      {"samples", accuracy.samples},
      {"classes", accuracy.classes},
      {"right", accuracy.right},
      {"top1", static_cast<double>(accuracy.right) / static_cast<double>(accuracy.samples)}};
  if (accuracy.reference) {
    auto &reference = document["reference"];
    reference["same_class"] = accuracy.reference->sameClass;
    if (accuracy.reference->sameOutput) {
      reference["same_output"] = *accuracy.reference->sameOutput;
      reference["largest_difference"] = accuracy.reference->largestDifference;
    }
  }
  return document.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void print(const Options &options, const Accuracy &accuracy) {
  const size_t samples = accuracy.samples;
  std::printf("%s on %s: %zu samples, %zu classes\n",
              std::filesystem::path(options.model).stem().string().c_str(), options.session.device.c_str(),
              samples, accuracy.classes);
  std::printf("right      %zu (%.1f %%)\n", accuracy.right,
              100 * static_cast<double>(accuracy.right) / static_cast<double>(samples));
  if (!accuracy.reference)
    return;
  std::printf("reference  %zu the same class", accuracy.reference->sameClass);
  if (accuracy.reference->sameOutput)
    std::printf(", %zu the same output, largest difference %g", *accuracy.reference->sameOutput,
                accuracy.reference->largestDifference);
  std::printf("\n");
}

Expected<void> evaluate(const Options &options) {
  if (options.session.device == "null")
    return Error{"device null computes nothing; functional, cycle, systemc and cpu do"};
  auto labels = readLabels(options.labels); // before the long work
  if (!labels)
    return labels.error();
  auto answers = answersOf(options);
  if (!answers)
    return answers.error();
  auto accuracy = judge(*answers, *labels);
  if (!accuracy)
    return accuracy.error();
  if (!options.reference.empty()) {
    auto agreement = compare(*answers, labels->size(), options.reference);
    if (!agreement)
      return agreement.error();
    accuracy->reference = *agreement;
  }
  if (!options.quiet && options.json != "-")
    print(options, *accuracy);
  return options.json.empty() ? Expected<void>() : writeFile(options.json, jsonOf(options, *accuracy));
}

} // namespace

void addEval(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand(
      "eval", "Accuracy of a classifier on labelled samples, and agreement with a reference");
  command->add_option("MODEL", options->model, "TFLite or ONNX model, or program image (.tsr)")->required();
  command
      ->add_option("--samples", options->samples,
                   "one .npy (or raw) file an input with a leading dimension of samples, as --input of run")
      ->required();
  command
      ->add_option("--labels", options->labels, ".npy file of one whole number a sample: its class from 0 on")
      ->required();
  command->add_option(
      "--reference", options->reference,
      "outputs to compare with (.npy or raw), or their classes (.npy, a whole number a sample)");
  command->add_option("--device", options->session.device, "functional, cycle, systemc, or cpu")
      ->capture_default_str();
  command->add_option("--machine", options->session.machine, "a machine's name or its JSON file")
      ->capture_default_str();
  command->add_option("--extent", options->extents,
                      "NAME=N: fixes an open extent of an ONNX model's inputs, as --extent batch=1");
  command->add_option("--tuned", options->session.tuned,
                      "tuning log that tessera tune wrote: plans measured for this machine and memory");
  command->add_option("--memory", options->session.memory, "memory model of cycle and systemc, as for run");
  command
      ->add_option("--threads", options->session.threads,
                   "threads of the CPU's part; 0: one for each processor, at most so many")
      ->capture_default_str();
  command->add_option("--json", options->json,
                      "file for the figures as JSON; - is stdout, and nothing else goes there");
  command->add_flag("--quiet", options->quiet, "print nothing");
  command->footer("\ntessera eval net.tflite --samples pictures.npy --labels classes.npy --device cpu");
  command->callback([options, &status] {
    if (auto done = evaluate(*options); !done)
      status = fail(done.error().message);
  });
}

} // namespace tessera::tools
