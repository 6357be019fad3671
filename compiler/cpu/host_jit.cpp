#include "cpu/host_jit.h"

#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

#include <mutex>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

struct HostCode::State {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

HostCode::HostCode(std::unique_ptr<State> state) : state_(std::move(state)) {}
HostCode::~HostCode() = default;

Expected<std::unique_ptr<HostCode>> HostCode::load(std::span<const uint8_t> object,
                                                   std::span<const HostSymbol> symbols) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  const auto because = [](llvm::Error error) {
    return Error{"the host code cannot be loaded: " + llvm::toString(std::move(error))};
  };
  llvm::orc::LLJITBuilder builder;
  // Errors are returned, so none need be printed besides.
  auto made = builder.create();
  if (!made)
    return because(made.takeError());
  auto state = std::make_unique<State>();
  state->jit = std::move(*made);
  llvm::orc::LLJIT &jit = *state->jit;
  jit.getExecutionSession().setErrorReporter([](llvm::Error error) { llvm::consumeError(std::move(error)); });

  llvm::orc::SymbolMap map;
  for (const HostSymbol &symbol : symbols)
    map[jit.mangleAndIntern(symbol.name)] = {llvm::orc::ExecutorAddr::fromPtr(symbol.address),
                                             llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  if (auto error = jit.getMainJITDylib().define(llvm::orc::absoluteSymbols(std::move(map))))
    return because(std::move(error));
  auto buffer = llvm::MemoryBuffer::getMemBufferCopy(
      {reinterpret_cast<const char *>(object.data()), object.size()}, "host object");
  if (auto error = jit.addObjectFile(std::move(buffer)))
    return because(std::move(error));
  return std::unique_ptr<HostCode>(new HostCode(std::move(state)));
}

Expected<void *> HostCode::find(const std::string &name) const {
  auto address = state_->jit->lookup(name);
  if (!address)
    return Error{"the host code has no usable " + name + ": " + llvm::toString(address.takeError())};
  return address->toPtr<void *>();
}

} // namespace tessera::compiler
