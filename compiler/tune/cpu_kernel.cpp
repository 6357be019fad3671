#include "tune/cpu_kernel.h"

#include "cpu/lower_cpu.h"
#include "cpu/object_code.h"

#include "mlir/Parser/Parser.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <random>
#include <sched.h>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

constexpr size_t kAlignment = 64;

struct Lowered {
  std::vector<cpu::KernelBuffer> buffers;
  std::vector<uint8_t> object;
};

Expected<Lowered> lower(const std::string &bytecode, const cpu::TileChoices &tiles, bool emit) {
  mlir::DialectRegistry registry;
  cpu::registerDialects(registry);
  cpu::registerTranslations(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::parseSourceString<mlir::ModuleOp>(bytecode, &context);
  if (!module)
    return Error{"a loop nest cannot be read back"};
  auto target = cpu::describe({});
  if (!target)
    return target.error();
  auto buffers = cpu::lowerKernel(*module, *target, tiles);
  if (!buffers)
    return buffers.error();
  Lowered lowered{std::move(*buffers), {}};
  if (!emit)
    return lowered;
  auto object = cpu::emitObject(*module, {});
  if (!object)
    return object.error();
  lowered.object = std::move(*object);
  return lowered;
}

} // namespace

Expected<std::optional<CpuKernel::Nest>> CpuKernel::look(const std::string &bytecode) {
  std::vector<Nest> nests;
  cpu::TileChoices tiles;
  tiles.nest = [&](const cpu::LoopNest &nest, const std::string &key) { nests.push_back({key, nest}); };
  if (auto lowered = lower(bytecode, tiles, false); !lowered)
    return lowered.error();
  return nests.size() == 1 ? std::optional(nests[0]) : std::nullopt;
}

Expected<std::unique_ptr<CpuKernel>> CpuKernel::make(const std::string &bytecode,
                                                     const std::optional<std::string> &tile) {
  cpu::TileChoices tiles;
  bool isRefused = false;
  if (tile)
    tiles.choice = [&](const std::string &) { return tile; };
  tiles.warn = [&](const std::string &) { isRefused = true; };
  auto lowered = lower(bytecode, tiles, true);
  if (!lowered)
    return lowered.error();
  if (isRefused)
    return Error{"no such tile"};
  auto kernel = std::make_unique<CpuKernel>();
  auto code = loadHostCode(lowered->object);
  if (!code)
    return code.error();
  kernel->code_ = std::move(*code);
  for (const cpu::KernelBuffer &buffer : lowered->buffers) {
    Buffer made{std::vector<uint8_t>(buffer.bytes + 2 * kAlignment), nullptr, buffer.bytes, buffer.isFloat};
    const auto address = reinterpret_cast<uintptr_t>(made.bytes.data());
    made.data = made.bytes.data() + (kAlignment - address % kAlignment) % kAlignment;
    kernel->buffers_.push_back(std::move(made));
  }
  for (Buffer &buffer : kernel->buffers_)
    kernel->pointers_.push_back(buffer.data);
  kernel->fill();
  return kernel;
}

void CpuKernel::fill() {
  std::mt19937 random(1);
  for (Buffer &buffer : buffers_) {
    if (buffer.isFloat) { // of float32 all four bytes of a small number; narrower ones get small numbers too
      for (size_t i = 0; i + 4 <= buffer.size; i += 4) {
        const float value = float(random() % 2001) / 1000.0f - 1.0f;
        std::memcpy(buffer.data + i, &value, 4);
      }
      continue;
    }
    for (size_t i = 0; i < buffer.size; ++i)
      buffer.data[i] = uint8_t(random());
  }
}

void CpuKernel::run() const {
  // lowerKernel() makes it so, whatever the type of an image's entry is.
  reinterpret_cast<void (*)(void **, void **)>(reinterpret_cast<void *>(code_->entry()))(pointers_.data(),
                                                                                         nullptr);
}

std::vector<uint8_t> CpuKernel::bytes() const {
  std::vector<uint8_t> all;
  for (const Buffer &buffer : buffers_)
    all.insert(all.end(), buffer.data, buffer.data + buffer.size);
  return all;
}

double CpuKernel::seconds(int runs) const {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < runs; ++i)
    run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() / runs;
}

Pinned::Pinned() : before_(sizeof(cpu_set_t)) {
  sched_getaffinity(0, sizeof(cpu_set_t), reinterpret_cast<cpu_set_t *>(before_.data()));
  cpu_set_t here;
  CPU_ZERO(&here);
  if (const int cpu = sched_getcpu(); cpu >= 0) {
    CPU_SET(cpu, &here);
    sched_setaffinity(0, sizeof here, &here);
  }
}

Pinned::~Pinned() { sched_setaffinity(0, sizeof(cpu_set_t), reinterpret_cast<cpu_set_t *>(before_.data())); }

std::vector<double> timeAgainstFirst(const std::vector<CpuKernel *> &kernels, int rounds,
                                     double secondsEach) {
  const double first = std::min(kernels[0]->seconds(1), kernels[0]->seconds(1));
  const int runs = std::clamp(int(secondsEach / std::max(first, 1e-9)), 1, 1'000'000);
  std::vector<std::vector<double>> ratios(kernels.size());
  for (CpuKernel *kernel : kernels)
    kernel->run();
  for (int round = 0; round < rounds; ++round) {
    const double usual = kernels[0]->seconds(runs);
    ratios[0].push_back(1);
    for (size_t i = 1; i < kernels.size(); ++i)
      ratios[i].push_back(kernels[i]->seconds(runs) / usual);
  }
  std::vector<double> medians;
  for (std::vector<double> &each : ratios) {
    std::nth_element(each.begin(), each.begin() + std::ptrdiff_t(each.size() / 2), each.end());
    medians.push_back(each[each.size() / 2]);
  }
  return medians;
}

} // namespace tessera::compiler
