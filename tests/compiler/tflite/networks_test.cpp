// Every TFLite network of the models folder: compiles and runs it on its reference cases, compares, and holds the result against the
// table of those that pass and why the others do not.
//
// usage: tessera_tflite_networks_test TABLE [--device D] [--machine M] [--only TEXT] [--at-most BYTES] [--over BYTES]
//        [--macs N] [--update]
//   --at-most, --over  files of at most, of more than so many bytes alone
//   --macs             networks of fewer multiply-accumulates alone
//   --update           writes TABLE anew
// On a device, networks of which nothing runs there are left out.
//
// Integers must agree byte for byte, float32 within 1e-4 of the value (and 1e-6 of the tensor's largest).

#include "../golden.h"

#include "tessera/compiler/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace tessera;
using namespace tessera::test;

namespace {

struct Options {
  fs::path table;
  std::string device = "cpu", machine = "pynq", only;
  uintmax_t atMost = ~uintmax_t{0}, over = 0;
  uint64_t macs = 0; ///< 0: any
  bool update = false;
};

/// A network and its cases.
struct Network {
  std::string name; ///< below the models folder, without ending
  fs::path file;
  std::vector<Case> cases;
};

/// Numbers of the text file STEM_int16.csv or STEM_int32.csv, comma between them; nothing where there is no such file.
std::optional<Bytes> readCsv(const std::string &stem) {
  for (const int width : {2, 4}) {
    std::ifstream stream(stem + (width == 2 ? "_int16.csv" : "_int32.csv"));
    if (!stream)
      continue;
    Bytes bytes;
    for (std::string number; std::getline(stream, number, ',');) {
      const int value = std::atoi(number.c_str());
      for (int i = 0; i < width; ++i)
        bytes.push_back(static_cast<uint8_t>(static_cast<uint32_t>(value) >> (8 * i)));
    }
    return bytes;
  }
  return std::nullopt;
}

/// The one case of a published one-operator model.
std::vector<Case> csvCases(const fs::path &model) {
  const std::string stem = (model.parent_path() / model.stem()).string();
  Case entry{"published", {}, {}};
  while (auto input = readCsv(stem + "_input" + std::to_string(entry.inputs.size())))
    entry.inputs.push_back(*input);
  if (auto output = readCsv(stem + "_golden"))
    entry.outputs.push_back(*output);
  return entry.outputs.empty() ? std::vector<Case>() : std::vector<Case>{entry};
}

/// The one case of a model whose tensors lie beside it: MODEL.inpN and MODEL.outN, raw behind one byte.
std::vector<Case> rawCases(const fs::path &model) {
  const std::string stem = (model.parent_path() / model.stem()).string();
  Case entry{"published", {}, {}};
  const auto read = [&](const char *ending, std::vector<Bytes> &tensors) {
    for (int i = 0; fs::exists(stem + ending + std::to_string(i)); ++i) {
      tensors.push_back(readBytes(stem + ending + std::to_string(i)));
      tensors.back().erase(tensors.back().begin(), tensors.back().begin() + !tensors.back().empty());
    }
  };
  read(".inp", entry.inputs);
  read(".out", entry.outputs);
  return entry.outputs.empty() ? std::vector<Case>() : std::vector<Case>{entry};
}

/// The published ones are one operator each, and none of them is for a device.
std::vector<Network> findNetworks(const fs::path &models, bool withPublished) {
  std::vector<Network> networks;
  for (const char *folder : {"tflite", "published/tflm-seanet-int16", "published/glow-tflite-ops"})
    for (const auto &entry : fs::recursive_directory_iterator(models / folder)) {
      const fs::path &path = entry.path();
      if (path.extension() != ".tflite" || (!withPublished && std::string(folder) != "tflite"))
        continue;
      const std::string group = path.parent_path().filename().string();
      Network network{group + "/" + path.stem().string(), path, {}};
      if (std::string(folder) == "tflite") {
        network.cases = microCases(models, group + "__" + path.stem().string());
        auto more = publishedCases(models, path.filename().string());
        network.cases.insert(network.cases.end(), more.begin(), more.end());
      } else if (group == "glow-tflite-ops") {
        network.cases = rawCases(path);
      } else {
        network.name = "tflm-seanet-int16/" + network.name;
        network.cases = csvCases(path);
      }
      networks.push_back(std::move(network));
    }
  std::sort(networks.begin(), networks.end(), [](const auto &a, const auto &b) { return a.name < b.name; });
  return networks;
}

std::string differenceOfBytes(const Bytes &found, const Bytes &expected) {
  size_t wrong = 0, first = 0;
  for (size_t i = expected.size(); i-- > 0;)
    if (found[i] != expected[i]) {
      ++wrong;
      first = i;
    }
  if (wrong == 0)
    return {};
  return std::to_string(wrong) + " of " + std::to_string(expected.size()) + " bytes differ, first at " +
         std::to_string(first) + ": " + std::to_string(found[first]) + ", expected " +
         std::to_string(expected[first]);
}

std::string differenceOfFloats(const Bytes &found, const Bytes &expected) {
  const size_t count = expected.size() / sizeof(float);
  std::vector<float> is(count), wanted(count);
  std::memcpy(is.data(), found.data(), expected.size());
  std::memcpy(wanted.data(), expected.data(), expected.size());
  float largest = 0;
  for (float value : wanted)
    largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < count; ++i)
    if (!(std::abs(is[i] - wanted[i]) <= 1e-4f * std::abs(wanted[i]) + 1e-6f * largest))
      return "value " + std::to_string(i) + " is " + std::to_string(is[i]) + ", expected " +
             std::to_string(wanted[i]);
  return {};
}

const std::string kLeftOut = "left out";

/// Empty where all cases agree, else why not.
std::string runNetwork(const Network &network, const Options &options) {
  compiler::SessionOptions session;
  session.device = options.device;
  session.machine = options.machine;
  auto opened = compiler::Session::open(readBytes(network.file), session);
  if (!opened)
    return opened.error().message;
  const compiler::RunReport report = (*opened)->report();
  const bool usesNpu = std::any_of(report.layers.begin(), report.layers.end(),
                                   [](const auto &layer) { return layer.placement == "npu"; });
  if ((options.device != "cpu" && !usesNpu) || (options.macs && report.macs >= options.macs))
    return kLeftOut;
  if (network.cases.empty()) {
    std::vector<Bytes> zeros;
    for (const auto &info : (*opened)->inputs())
      zeros.emplace_back(info.bytes);
    const std::vector<std::span<const uint8_t>> views(zeros.begin(), zeros.end());
    auto outputs = (*opened)->run(views);
    return outputs ? "runs; there is no reference output" : outputs.error().message;
  }
  for (const Case &entry : network.cases) {
    const std::vector<std::span<const uint8_t>> views(entry.inputs.begin(), entry.inputs.end());
    auto outputs = (*opened)->run(views);
    if (!outputs)
      return outputs.error().message;
    if (outputs->size() != entry.outputs.size())
      return std::to_string(outputs->size()) + " outputs, expected " + std::to_string(entry.outputs.size());
    for (size_t i = 0; i < outputs->size(); ++i) {
      const Bytes &found = (*outputs)[i], &expected = entry.outputs[i];
      std::string text;
      if (found.size() != expected.size())
        text = std::to_string(found.size()) + " bytes, expected " + std::to_string(expected.size());
      else if ((*opened)->outputs()[i].type == "float32")
        text = differenceOfFloats(found, expected);
      else
        text = differenceOfBytes(found, expected);
      if (!text.empty())
        return fs::path(entry.name).filename().string() + ", output " + std::to_string(i) + ": " + text;
    }
  }
  return {};
}

std::map<std::string, std::string> readTable(const fs::path &path) {
  std::map<std::string, std::string> table;
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);)
    if (const size_t tab = line.find('\t'); !line.starts_with('#') && tab != std::string::npos)
      table[line.substr(0, tab)] = line.substr(tab + 1);
  return table;
}

void writeTable(const fs::path &path, const std::map<std::string, std::string> &table) {
  std::ofstream stream(path);
  stream << "# TFLite networks of the models folder: name and where it runs, then `pass` or why not. Made by "
            "tessera_tflite_networks_test --update.\n";
  for (const auto &[name, result] : table)
    stream << name << "\t" << result << "\n";
}

Options parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto next = [&] { return i + 1 < argc ? argv[++i] : ""; };
    if (word == "--device")
      options.device = next();
    else if (word == "--machine")
      options.machine = next();
    else if (word == "--only")
      options.only = next();
    else if (word == "--at-most")
      options.atMost = std::stoull(next());
    else if (word == "--over")
      options.over = std::stoull(next());
    else if (word == "--macs")
      options.macs = std::stoull(next());
    else if (word == "--update")
      options.update = true;
    else
      options.table = word;
  }
  return options;
}

} // namespace

int main(int argc, char **argv) {
  const Options options = parse(argc, argv);
  if (options.table.empty()) {
    std::fprintf(stderr,
                 "usage: %s TABLE [--device D] [--machine M] [--only TEXT] [--at-most BYTES] "
                 "[--over BYTES] [--macs N] [--update]\n",
                 argv[0]);
    return 2;
  }
  const auto models = modelsFolder();
  if (!models) {
    std::printf("no models folder (TESSERA_MODELS): skipped\n");
    return 77;
  }
  const std::string where = options.device == "cpu" ? "cpu" : options.device + "," + options.machine;
  auto table = readTable(options.table);
  size_t passed = 0, run = 0, changed = 0;
  for (const Network &network : findNetworks(*models, options.device == "cpu")) {
    const uintmax_t size = fs::file_size(network.file);
    if (network.name.find(options.only) == std::string::npos || size > options.atMost || size <= options.over)
      continue;
    const auto start = std::chrono::steady_clock::now();
    const std::string reason = runNetwork(network, options);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const std::string key = network.name + " on " + where;
    const auto known = table.find(key);
    if (reason == kLeftOut) { // of one that the table has, that is a difference
      if (known == table.end())
        continue;
      std::printf("%-7.2f %s: nothing runs on the device, or too much (table: %s)\n", seconds, key.c_str(),
                  known->second.c_str());
      ++run;
      ++changed;
      table.erase(known);
      continue;
    }
    const std::string result = reason.empty() ? "pass" : reason;
    const std::string before = known == table.end() ? "not in the table" : known->second;
    ++run;
    passed += reason.empty();
    changed += before != result;
    if (before != result || options.update)
      std::printf("%-7.2f %s: %s (table: %s)\n", seconds, key.c_str(), result.c_str(), before.c_str());
    std::fflush(stdout);
    table[key] = result;
  }
  std::printf("%zu of %zu networks pass on %s\n", passed, run, where.c_str());
  if (options.update) {
    writeTable(options.table, table);
    return 0;
  }
  if (changed)
    std::printf("%zu differ from the table\n", changed);
  return run == 0 || changed ? 1 : 0;
}
