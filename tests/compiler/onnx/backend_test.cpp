// The ONNX backend tests on the CPU: compiles and runs each model of a folder, compares with what is expected, and holds the result
// against the table of those that pass and why the others do not.
//
// usage: tessera_onnx_backend_test FOLDER TABLE [--every N] [--only TEXT] [--update] [--verbose]
//   FOLDER   the unpacked archive: FOLDER/KIND/NAME/model.onnx with test_data_set_*/, FOLDER/light/NAME.onnx
//   --every  each N-th test alone
//   --update writes TABLE anew

#include "tensor_file.h"

#include <onnx/onnx_pb.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace fs = std::filesystem;
using namespace tessera;
using namespace tessera::test;

namespace {

struct Options {
  fs::path folder, table;
  size_t every = 1;
  std::string only;
  bool update = false, verbose = false, isolate = false;
};

/// One test: its model, and the folders of its cases. A light model has no cases but the output for one computed input.
struct BackendTest {
  std::string name; ///< KIND/NAME
  fs::path model;
  std::vector<fs::path> cases;
  bool isLight = false;
};

std::vector<uint8_t> readBytes(const fs::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return std::vector<uint8_t>((std::istreambuf_iterator<char>(stream)), {});
}

std::vector<BackendTest> findTests(const fs::path &folder) {
  std::vector<BackendTest> tests;
  for (const auto &kind : fs::directory_iterator(folder)) {
    if (!kind.is_directory())
      continue;
    const std::string prefix = kind.path().filename().string() + "/";
    for (const auto &entry : fs::directory_iterator(kind.path())) {
      BackendTest test;
      test.name = prefix + entry.path().stem().string();
      if (fs::exists(entry.path() / "model.onnx")) {
        test.name = prefix + entry.path().filename().string();
        test.model = entry.path() / "model.onnx";
        for (const auto &data : fs::directory_iterator(entry.path()))
          if (data.is_directory())
            test.cases.push_back(data.path());
        std::sort(test.cases.begin(), test.cases.end());
      } else if (entry.path().extension() == ".onnx") {
        test.model = entry.path();
        test.isLight = true;
      } else {
        continue;
      }
      tests.push_back(std::move(test));
    }
  }
  std::sort(tests.begin(), tests.end(), [](const auto &a, const auto &b) { return a.name < b.name; });
  return tests;
}

std::vector<FileTensor> readTensors(const fs::path &folder, const std::string &prefix) {
  std::vector<FileTensor> tensors;
  for (size_t i = 0;; ++i) {
    const fs::path path = folder / (prefix + std::to_string(i) + ".pb");
    if (!fs::exists(path))
      return tensors;
    tensors.push_back(readTensorFile(path));
  }
}

/// What the official runner feeds a light model with: 0, 1/n, 2/n, ...
std::vector<FileTensor> ramp(const compiler::Session &session) {
  std::vector<FileTensor> tensors;
  for (const auto &info : session.inputs()) {
    FileTensor tensor{info.type, {info.shape, std::vector<uint8_t>(info.bytes)}, ""};
    const size_t count = info.bytes / sizeof(float);
    for (size_t i = 0; i < count; ++i) {
      const auto value = static_cast<float>(static_cast<double>(i) / static_cast<double>(count));
      std::memcpy(tensor.data.data.data() + i * sizeof value, &value, sizeof value);
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::string runCase(compiler::Session &session, const std::vector<FileTensor> &inputs,
                    const std::vector<FileTensor> &outputs) {
  std::vector<compiler::TensorData> data;
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].problem.empty())
      return "input " + std::to_string(i) + " cannot be read: " + inputs[i].problem;
    if (i < session.inputs().size() && inputs[i].type != session.inputs()[i].type)
      return "input " + std::to_string(i) + " is " + inputs[i].type + ", the model wants " +
             session.inputs()[i].type;
    data.push_back(inputs[i].data);
  }
  auto results = session.run(std::span<const compiler::TensorData>(data));
  if (!results)
    return results.error().message;
  if (results->size() < outputs.size())
    return std::to_string(results->size()) + " outputs, expected " + std::to_string(outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i)
    if (auto text = difference(outputs[i], session.outputs()[i].type, (*results)[i]); !text.empty())
      return "output " + std::to_string(i) + " " + text;
  return {};
}

/// Empty where the test passes, else why it does not.
std::string runTest(const BackendTest &test) {
  compiler::SessionOptions options;
  options.device = "cpu";
  auto session = compiler::Session::open(readBytes(test.model), options);
  if (!session)
    return session.error().message;
  if (test.isLight) {
    const fs::path expected = test.model.parent_path() / (test.model.stem().string() + "_output_0.pb");
    return runCase(**session, ramp(**session), {readTensorFile(expected)});
  }
  if (test.cases.empty())
    return "there is no case";
  for (const fs::path &folder : test.cases)
    if (auto text = runCase(**session, readTensors(folder, "input_"), readTensors(folder, "output_"));
        !text.empty())
      return text;
  return {};
}

/// In a process of its own, so that a crash is a result; for work on the importer.
std::string runIsolated(const BackendTest &test) {
  int ends[2];
  if (pipe(ends) != 0)
    return "no pipe";
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    const std::string text = runTest(test);
    const std::string line = text.empty() ? "pass" : text;
    [[maybe_unused]] auto written = write(ends[1], line.data(), line.size());
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(n));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status))
    return "ended by signal " + std::to_string(WTERMSIG(status));
  return text == "pass" ? "" : text.empty() ? "no answer" : text;
}

/// name -> "pass" or the reason.
std::map<std::string, std::string> readTable(const fs::path &path) {
  std::map<std::string, std::string> table;
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) {
    const size_t tab = line.find('\t');
    if (line.empty() || line[0] == '#' || tab == std::string::npos)
      continue;
    table[line.substr(0, tab)] = line.substr(tab + 1);
  }
  return table;
}

void writeTable(const fs::path &path, const std::map<std::string, std::string> &table) {
  std::ofstream stream(path);
  stream << "# ONNX backend tests on the CPU: name, then `pass` or why not. Made by "
            "tessera_onnx_backend_test --update.\n";
  for (const auto &[name, result] : table)
    stream << name << "\t" << result << "\n";
}

Options parse(int argc, char **argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--every" && i + 1 < argc)
      options.every = std::stoul(argv[++i]);
    else if (word == "--only" && i + 1 < argc)
      options.only = argv[++i];
    else if (word == "--update")
      options.update = true;
    else if (word == "--verbose")
      options.verbose = true;
    else if (word == "--isolate")
      options.isolate = true;
    else if (options.folder.empty())
      options.folder = word;
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
                 "usage: %s FOLDER TABLE [--every N] [--only TEXT] [--update] [--verbose] [--isolate]\n",
                 argv[0]);
    return 2;
  }
  if (!fs::is_directory(options.folder)) {
    std::printf("no backend tests in %s (TESSERA_MODELS): skipped\n", options.folder.c_str());
    return 77;
  }
  const std::vector<BackendTest> tests = findTests(options.folder);
  auto table = readTable(options.table);
  size_t passed = 0, run = 0, changed = 0;
  for (size_t i = 0; i < tests.size(); ++i) {
    const BackendTest &test = tests[i];
    if (i % options.every != 0 || test.name.find(options.only) == std::string::npos)
      continue;
    const auto start = std::chrono::steady_clock::now();
    std::string reason = options.isolate ? runIsolated(test) : runTest(test);
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++run;
    passed += reason.empty();
    const std::string result = reason.empty() ? "pass" : reason;
    if (options.verbose)
      std::printf("%-8.3f %s: %s\n", seconds, test.name.c_str(), result.c_str());
    const auto known = table.find(test.name);
    const std::string before = known == table.end() ? "not in the table" : known->second;
    if ((before == "pass") != reason.empty() || known == table.end()) {
      ++changed;
      if (!options.update)
        std::printf("%s: %s (table: %s)\n", test.name.c_str(), result.c_str(), before.c_str());
    }
    table[test.name] = result;
  }
  std::printf("%zu of %zu backend tests pass\n", passed, run);
  if (options.update) {
    writeTable(options.table, table);
    return 0;
  }
  if (changed)
    std::printf("%zu differ from the table\n", changed);
  return run == 0 || changed ? 1 : 0;
}
