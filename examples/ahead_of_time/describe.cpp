// Any library of `tessera compile --target`, loaded when the program runs: what it takes and gives, and how long start and runs take.
//
//   c++ -std=c++17 -Ishapes examples/ahead_of_time/describe.cpp -o describe && ./describe shapes/libshapes.so shapes [INPUT.bin...] [-o OUTPUT.bin]
#include "tessera_network.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::milli>(Clock::now() - since).count();
}

/// The functions NAME_* of a library.
class Library {
public:
  Library(const std::string &path, std::string name)
      : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)), name_(std::move(name)) {}
  explicit operator bool() const { return handle_; }

  template <class Function> Function *function(const char *what) const {
    return reinterpret_cast<Function *>(dlsym(handle_, (name_ + "_" + what).c_str()));
  }

private:
  void *handle_; // stays open: what it gave out is used to the end
  std::string name_;
};

void print(const char *kind, const tessera_tensor &tensor) {
  std::printf("%s %s: %s [", kind, tensor.name, tensor.type);
  for (int64_t i = 0; i < tensor.rank; ++i)
    std::printf(i ? ", %lld" : "%lld", static_cast<long long>(tensor.shape[i]));
  std::printf("]");
  if (tensor.scale != 0)
    std::printf(", scale %.9g, zero point %lld", tensor.scale, static_cast<long long>(tensor.zero_point));
  std::printf("\n");
}

} // namespace

int main(int argc, char **argv) {
  const Clock::time_point start = Clock::now();
  if (argc < 3) {
    std::fprintf(
        stderr,
        "usage: describe LIBRARY NAME [INPUT.bin...] [-o OUTPUT.bin]    (THREADS in the environment)\n");
    return 2;
  }
  const Library library(argv[1], argv[2]);
  if (!library) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  const auto describe = library.function<const tessera_description *()>("describe");
  const auto create = library.function<tessera_result(int32_t, tessera_instance **)>("create");
  const auto run =
      library.function<tessera_result(tessera_instance *, const void *const *, void *const *)>("run");
  const auto message = library.function<const char *(const tessera_instance *)>("message");
  const auto destroy = library.function<void(tessera_instance *)>("destroy");
  if (!describe || !create || !run || !message || !destroy) {
    std::fprintf(stderr, "%s has no network %s\n", argv[1], argv[2]);
    return 1;
  }
  const char *wish = std::getenv("THREADS");
  const int32_t threads = wish ? std::atoi(wish) : 1;
  tessera_instance *made = nullptr;
  if (create(threads, &made) != TESSERA_OK) {
    std::fprintf(stderr, "no memory for an instance\n");
    return 1;
  }
  const std::unique_ptr<tessera_instance, decltype(destroy)> instance(made, destroy);
  const double ready = milliseconds(start);

  const tessera_description &network = *describe();
  std::printf("%s by %s for %s, processor %s: %lld multiply-accumulates, %lld bytes of workspace\n",
              network.network, network.compiler, network.target, network.cpu,
              static_cast<long long>(network.multiply_accumulates),
              static_cast<long long>(network.workspace_bytes));
  std::vector<std::vector<char>> data;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  int next = 3;
  for (int64_t i = 0; i < network.input_count; ++i) {
    print("input", network.inputs[i]);
    std::vector<char> bytes(static_cast<size_t>(network.inputs[i].bytes));
    if (next < argc && std::strcmp(argv[next], "-o") != 0) {
      std::ifstream file(argv[next++], std::ios::binary);
      if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) {
        std::fprintf(stderr, "%s has not %zu bytes\n", argv[next - 1], bytes.size());
        return 1;
      }
    }
    data.push_back(std::move(bytes));
    inputs.push_back(data.back().data());
  }
  for (int64_t i = 0; i < network.output_count; ++i) {
    print("output", network.outputs[i]);
    data.emplace_back(static_cast<size_t>(network.outputs[i].bytes));
    outputs.push_back(data.back().data());
  }
  for (const char *which : {"first run", "second run"}) {
    const Clock::time_point begin = Clock::now();
    if (run(instance.get(), inputs.data(), outputs.data()) != TESSERA_OK) {
      std::fprintf(stderr, "%s\n", message(instance.get()));
      return 1;
    }
    std::printf("%s %.3f ms\n", which, milliseconds(begin));
  }
  std::printf("start %.3f ms\n", ready);
  if (next + 1 < argc && std::strcmp(argv[next], "-o") == 0) {
    std::ofstream file(argv[next + 1], std::ios::binary);
    for (size_t i = inputs.size(); i < data.size(); ++i)
      file.write(data[i].data(), static_cast<std::streamsize>(data[i].size()));
    if (!file.flush()) {
      std::fprintf(stderr, "cannot write %s\n", argv[next + 1]);
      return 1;
    }
  }
  return 0;
}
