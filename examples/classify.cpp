// The demonstration: what is in these pictures, as the Verilated core sees them.
//
//   classify                    the sheet of 40 pictures that examples/shapes carries
//   classify MY.png ...         your own pictures: cut square, resized to 32 x 32
//   --device functional|cycle|systemc|cpu, --machine NAME, --output annotated.png
//
// It uses what a user would: a compiler::Session runs a TFLite file on a device and says what that cost.

#include "picture.h"
#include "show.h"

#include "tessera/compiler/session.h"
#include "tessera/isa/image.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <unistd.h>

using namespace tessera;
using namespace tessera::examples;
using isa::Error;
using isa::Expected;

namespace {

constexpr uint32_t kSide = 32; // the network's pictures are 32 x 32

struct Options {
  std::string folder = TESSERA_SHAPES_FOLDER;
  std::vector<std::string> pictures;
  std::string output = "build/demo.png";
  compiler::SessionOptions session;
};

struct Question {
  Picture picture;
  std::string name;
  int label = -1; // -1: not known
};

struct Task {
  std::vector<Question> questions;
  std::vector<std::string> classes;
  uint32_t columns = 8;
};

Expected<Task> readTask(const Options &options) {
  Task task;
  auto text = isa::readFile(options.folder + "/sheet.json");
  if (!text)
    return text.error();
  auto document = nlohmann::json::parse(text->begin(), text->end(), nullptr, false);
  if (document.is_discarded() || !document.contains("classes") || !document.contains("labels"))
    return Error{options.folder + "/sheet.json cannot be understood"};
  task.classes = document["classes"].get<std::vector<std::string>>();
  for (const std::string &path : options.pictures) {
    auto picture = readPng(path);
    if (!picture)
      return picture.error();
    uint32_t side = std::min(picture->width, picture->height);
    Picture square = crop(*picture, (picture->width - side) / 2, (picture->height - side) / 2, side, side);
    task.questions.push_back({resize(square, kSide, kSide), path, -1});
  }
  if (!options.pictures.empty())
    return task;
  auto sheet = readPng(options.folder + "/sheet.png");
  if (!sheet)
    return sheet.error();
  task.columns = sheet->width / kSide;
  auto labels = document["labels"].get<std::vector<int>>();
  for (uint32_t i = 0; i < labels.size() && (i / task.columns + 1) * kSide <= sheet->height; ++i)
    task.questions.push_back({crop(*sheet, i % task.columns * kSide, i / task.columns * kSide, kSide, kSide),
                              "picture " + std::to_string(i), labels[i]});
  return task;
}

/// The network's input: int8 with zero point -128, red, green, blue.
std::vector<uint8_t> inputOf(const Picture &picture) {
  std::vector<uint8_t> bytes;
  for (const Colour &pixel : picture.pixels)
    for (uint8_t value : {pixel.red, pixel.green, pixel.blue})
      bytes.push_back(value ^ 0x80);
  return bytes;
}

void printCosts(const compiler::Session &session, const Options &options, uint64_t cycles, double seconds,
                size_t count) {
  compiler::RunReport report = session.report();
  std::printf("network %s, %.1f million multiply-accumulates a picture, device %s",
              session.modelName().c_str(), static_cast<double>(report.macs) / 1e6,
              options.session.device.c_str());
  if (options.session.device == "cpu") {
    std::printf("\n");
    return;
  }
  std::printf(", machine %s\n", session.machine().name.c_str());
  if (report.cycles) {
    std::printf("%llu cycles a picture: %.1f %% of %u multiply-accumulates a cycle (%.0f pictures a second "
                "at 100 MHz)\n",
                static_cast<unsigned long long>(report.cycles), 100 * report.utilization,
                session.machine().macsPerCycle(), 1e8 / static_cast<double>(report.cycles));
    std::printf("%llu cycles simulated for %zu picture%s in %.2f s: %.0f simulated cycles a second\n",
                static_cast<unsigned long long>(cycles), count, count == 1 ? "" : "s", seconds,
                static_cast<double>(cycles) / seconds);
  }
}

Expected<void> classify(const Options &options) {
  auto task = readTask(options);
  if (!task)
    return task.error();
  auto model = isa::readFile(options.folder + "/shapes.tflite");
  if (!model)
    return model.error();
  compiler::SessionOptions sessionOptions = options.session;
  sessionOptions.modelName = "shapes";
  auto session = compiler::Session::open(*model, sessionOptions);
  if (!session)
    return session.error();

  std::vector<Captioned> answers;
  uint64_t cycles = 0;
  double seconds = 0;
  size_t right = 0;
  for (const Question &question : task->questions) {
    std::vector<uint8_t> input = inputOf(question.picture);
    std::span<const uint8_t> view(input);
    auto outputs = (*session)->run(std::span(&view, 1));
    if (!outputs)
      return outputs.error();
    compiler::RunReport report = (*session)->report();
    cycles += report.cycles;
    seconds += report.deviceSeconds;
    const std::vector<uint8_t> &odds = outputs->front();
    auto odd = [&](size_t i) { return (static_cast<int8_t>(odds[i]) + 128) / 2.56; };
    size_t best = 0;
    for (size_t i = 1; i < odds.size() && i < task->classes.size(); ++i)
      if (odd(i) > odd(best))
        best = i;
    bool good = question.label < 0 || static_cast<size_t>(question.label) == best;
    right += good;
    char caption[32];
    std::snprintf(caption, sizeof caption, "%s %.0f%%", task->classes[best].c_str(), odd(best));
    answers.push_back({question.picture, caption, good});
    if (!::isatty(STDOUT_FILENO))
      std::printf("%s: %s%s%s%s\n", question.name.c_str(), caption, good ? "" : " (it is: ",
                  good ? "" : task->classes[static_cast<size_t>(question.label)].c_str(), good ? "" : ")");
  }
  if (::isatty(STDOUT_FILENO))
    showOnTerminal(answers);
  if (options.pictures.empty())
    std::printf("%zu of %zu pictures right\n", right, task->questions.size());
  printCosts(**session, options, cycles, seconds, task->questions.size());
  if (auto written = writePng(options.output, contactSheet(answers, task->columns)); !written)
    return written;
  std::printf("pictures with their classes: %s\n", options.output.c_str());
  return {};
}

} // namespace

int main(int argc, char **argv) {
  Options options;
  options.session.device = "cycle";
  CLI::App app("Classifies pictures of ten shapes on the accelerator", "classify");
  app.add_option("PICTURE", options.pictures,
                 "PNG pictures (default: the sheet that comes with the network)");
  app.add_option("--device", options.session.device, "functional, cycle, systemc, or cpu")
      ->capture_default_str();
  app.add_option("--machine", options.session.machine, "a machine's name or its JSON file")
      ->capture_default_str();
  app.add_option("--output", options.output, "annotated PNG to write")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    return app.exit(success);
  } catch (const CLI::ParseError &error) {
    std::fprintf(stderr, "error: %s (--help)\n", error.what());
    return 2;
  }
  auto done = classify(options);
  if (done && (std::fflush(stdout) != 0 || std::ferror(stdout)))
    done = Error{"cannot write to stdout"};
  if (!done) {
    std::fprintf(stderr, "error: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
