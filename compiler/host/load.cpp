#include "tessera/compiler/host_code.h"

#include "kernels.h"

#include "tessera/record.h"

#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/Object/ObjectFile.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>

#include <mutex>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

class JitHostCode : public HostCode {
public:
  JitHostCode(std::unique_ptr<llvm::orc::LLJIT> jit, tsr_main_function entry)
      : jit_(std::move(jit)), entry_(entry) {}
  tsr_main_function entry() const override { return entry_; }

private:
  std::unique_ptr<llvm::orc::LLJIT> jit_;
  tsr_main_function entry_;
};

Error failure(const std::string &what, llvm::Error error) {
  return Error{"host code: " + what + ": " + llvm::toString(std::move(error))};
}

/// What host code may call in the driver. Given by name, so that programs need not export their symbols.
llvm::orc::SymbolMap driverSymbols(llvm::orc::LLJIT &jit) {
  llvm::orc::SymbolMap symbols;
  auto add = [&](const char *name, auto *function) {
    symbols[jit.mangleAndIntern(name)] = {llvm::orc::ExecutorAddr::fromPtr(function),
                                          llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  };
#define TESSERA_ADD(name) add(#name, &name)
  TESSERA_ADD(tsr_runtime_recorder);
  TESSERA_ADD(tsr_runtime_finish);
  TESSERA_ADD(tsr_runtime_run);
  TESSERA_ADD(tsr_runtime_start);
  TESSERA_ADD(tsr_runtime_wait);
  TESSERA_ADD(tsr_runtime_cpu_begin);
  TESSERA_ADD(tsr_runtime_cpu_end);
  TESSERA_ADD(tsr_runtime_write_blocked);
  TESSERA_ADD(tsr_runtime_write_windows);
  TESSERA_ADD(tsr_runtime_read_blocked);
  TESSERA_ADD(tsr_runtime_share);
  TESSERA_ADD(tsr_runtime_give);
  TESSERA_ADD(tsr_runtime_take);
  TESSERA_ADD(tsr_host_layer);
  TESSERA_ADD(tsr_host_parallel);
  TESSERA_ADD(tsr_host_fail);
  TESSERA_ADD(tsr_host_times);
  TESSERA_ADD(tsr_host_allocate);
  TESSERA_ADD(tsr_host_free);
  TESSERA_ADD(tsr_host_result);
  TESSERA_ADD(tsr_kernel_detections);
  TESSERA_ADD(tsr_kernel_normalise);
  TESSERA_ADD(tsr_record_kernel);
  TESSERA_ADD(tsr_record_load);
  TESSERA_ADD(tsr_record_store);
  TESSERA_ADD(tsr_record_gemm);
  TESSERA_ADD(tsr_record_alu);
  TESSERA_ADD(tsr_record_exit);
  TESSERA_ADD(tsr_record_operand);
  TESSERA_ADD(tsr_record_reduce);
  TESSERA_ADD(tsr_record_vec);
  TESSERA_ADD(tsr_record_sync);
  TESSERA_ADD(tsr_record_mark);
#undef TESSERA_ADD
  return symbols;
}

} // namespace

Expected<std::unique_ptr<HostCode>> loadHostCode(std::span<const uint8_t> object) {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
  });
  llvm::StringRef bytes(reinterpret_cast<const char *>(object.data()), object.size());
  std::unique_ptr<llvm::MemoryBuffer> buffer = llvm::MemoryBuffer::getMemBufferCopy(bytes, "host code");
  if (auto parsed = llvm::object::ObjectFile::createObjectFile(buffer->getMemBufferRef()); !parsed)
    return failure("no object file", parsed.takeError());
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit)
    return failure("cannot make a linker", jit.takeError());
  llvm::orc::JITDylib &library = (*jit)->getMainJITDylib();
  if (auto error = library.define(llvm::orc::absoluteSymbols(driverSymbols(**jit))))
    return failure("cannot name the driver's functions", std::move(error));
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      (*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return failure("cannot search this process", process.takeError());
  library.addGenerator(std::move(*process));
  // Errors come back from lookup(); the session would also print them.
  (*jit)->getExecutionSession().setErrorReporter(
      [](llvm::Error error) { llvm::consumeError(std::move(error)); });
  if (auto error = (*jit)->addObjectFile(std::move(buffer)))
    return failure("cannot add the object", std::move(error));
  auto entry = (*jit)->lookup("tessera_main");
  if (!entry)
    return failure("cannot link", entry.takeError());
  auto function = entry->toPtr<tsr_main_function>();
  return std::unique_ptr<HostCode>(std::make_unique<JitHostCode>(std::move(*jit), function));
}

} // namespace tessera::compiler
