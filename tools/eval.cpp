#include "accuracy.h"
#include "cases.h"
#include "commands.h"
#include "files.h"
#include "network.h"

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
  Network network;
  std::vector<std::string> samples;
  std::string labels;
  std::string reference;
  std::string json;
  bool quiet = false;
};

struct Answers {
  Array array; ///< of all samples
  std::string machine;
};

/// Runs every sample.
Expected<Answers> answersOf(const Options &options) {
  std::vector<std::string> read = options.samples;
  read.push_back(options.reference);
  if (auto checked = checkFiles(read, {options.json}); !checked)
    return checked.error();
  Progress progress(options.quiet);
  auto session = openNetwork(options.network, progress);
  if (!session)
    return session.error();
  if ((*session)->outputs().size() != 1)
    return Error{options.network.model + ": " + std::to_string((*session)->outputs().size()) +
                 " outputs, one with a number a class is needed"};
  auto cases = readCases(options.samples, (*session)->inputs());
  if (!cases)
    return cases.error();
  auto collector = runCases(**session, *cases, options.network.session, progress);
  if (!collector)
    return collector.error();
  return Answers{collector->joined(0), (*session)->machine().name};
}

std::string jsonOf(const Options &options, const std::string &machine, const Accuracy &accuracy) {
  nlohmann::ordered_json document = {
      {"model", std::filesystem::path(options.network.model).stem()},
      {"device", options.network.session.device},
      {"machine", machine},
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
              std::filesystem::path(options.network.model).stem().string().c_str(),
              options.network.session.device.c_str(), samples, accuracy.classes);
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
  auto labels = readLabels(options.labels); // before the long work
  if (!labels)
    return labels.error();
  auto answers = answersOf(options);
  if (!answers)
    return answers.error();
  auto accuracy = judge(answers->array, *labels);
  if (!accuracy)
    return accuracy.error();
  if (!options.reference.empty()) {
    auto agreement = compare(answers->array, labels->size(), options.reference);
    if (!agreement)
      return agreement.error();
    accuracy->reference = *agreement;
  }
  if (!options.quiet && options.json != "-")
    print(options, *accuracy);
  return options.json.empty() ? Expected<void>()
                              : writeFile(options.json, jsonOf(options, answers->machine, *accuracy));
}

} // namespace

void addEval(CLI::App &app, int &status) {
  auto options = std::make_shared<Options>();
  CLI::App *command = app.add_subcommand(
      "eval", "Accuracy of a classifier on labelled samples, and agreement with a reference");
  addNetworkOptions(*command, options->network, "functional, cycle, systemc, or cpu");
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
