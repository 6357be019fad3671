#include "cpu/object_code.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"

#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

#include <unistd.h>

#include <algorithm>
#include <mutex>

namespace tessera::compiler::cpu {

using isa::Error;
using isa::Expected;

namespace {

/// Bytes; no target's vectors of fixed width are wider, and LLVM answers with what there is.
constexpr int64_t kWidestVector = 256;

std::string hostFeatures() {
  llvm::SubtargetFeatures features;
  const auto map = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> names;
  for (const auto &entry : map)
    names.push_back((entry.second ? "+" : "-") + entry.first().str());
  // The map has no order of its own.
  std::sort(names.begin(), names.end());
  for (const std::string &name : names)
    features.AddFeature(name);
  return features.getString();
}

Expected<std::unique_ptr<llvm::TargetMachine>> makeMachine(const HostTarget &target) {
  registerTargets();
  const HostTarget wanted = spelledOut(target);
  const std::string &triple = wanted.triple;
  std::string message;
  const llvm::Target *found = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!found)
    return Error{"no code generator for " + triple + ": " + message};
  std::unique_ptr<llvm::TargetMachine> machine(
      found->createTargetMachine(triple, wanted.cpu, wanted.features, llvm::TargetOptions(),
                                 llvm::Reloc::PIC_, std::nullopt, llvm::CodeGenOptLevel::Default));
  if (!machine)
    return Error{"no code generator for " + triple};
  return machine;
}

/// Recording functions are tens of thousands of calls in a row that run once: optimising them takes minutes and wins nothing.
void leaveRecordingAlone(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && function.getName().starts_with("npu_record_")) {
      function.addFnAttr(llvm::Attribute::NoInline);
      function.addFnAttr(llvm::Attribute::OptimizeNone);
    }
}

void optimise(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  tuning.LoopInterleaving = true;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(module, modules);
}

/// The object file of `module`, optimised.
Expected<std::vector<uint8_t>> emit(llvm::Module &module, llvm::TargetMachine &machine) {
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(machine.getTargetTriple().str());
  optimise(module, machine);
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager emission;
  if (machine.addPassesToEmitFile(emission, stream, nullptr, llvm::CodeGenFileType::ObjectFile))
    return Error{"the code generator cannot make an object file"};
  emission.run(module);
  return std::vector<uint8_t>(bytes.begin(), bytes.end());
}

/// Vectors that the code asks for are taken as wide as they are; what LLVM vectorises itself may be as wide.
void widen(llvm::Function &function, int64_t bytes) {
  function.addFnAttr("prefer-vector-width", std::to_string(8 * bytes));
}

} // namespace

void registerTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    LLVMInitializeARMTargetInfo();
    LLVMInitializeARMTarget();
    LLVMInitializeARMTargetMC();
    LLVMInitializeARMAsmPrinter();
  });
}

HostTarget thisHost() {
  return {llvm::sys::getProcessTriple(), llvm::sys::getHostCPUName().str(), hostFeatures(),
          std::max<int64_t>(sysconf(_SC_LEVEL2_CACHE_SIZE), 0)};
}

HostTarget spelledOut(const HostTarget &target) {
  if (target.cpu.empty() && target.triple.empty())
    return thisHost();
  HostTarget result = target;
  if (result.triple.empty())
    result.triple = llvm::sys::getProcessTriple();
  return result;
}

Expected<CpuTarget> describe(const HostTarget &target) {
  auto machine = makeMachine(target);
  if (!machine)
    return machine.error();
  llvm::LLVMContext context;
  llvm::Module module("question", context);
  module.setDataLayout((*machine)->createDataLayout());
  auto *type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), false);
  auto *function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, "question", module);
  widen(*function, kWidestVector);
  const llvm::TargetTransformInfo costs = (*machine)->getTargetTransformInfo(*function);
  CpuTarget result;
  result.vectorBytes = static_cast<int64_t>(
      costs.getRegisterBitWidth(llvm::TargetTransformInfo::RGK_FixedWidthVector).getFixedValue() / 8);
  result.vectorRegisters =
      costs.getNumberOfRegisters(costs.getRegisterClassForType(true, llvm::Type::getFloatTy(context)));
  const int64_t measured =
      target.cpu.empty() && target.triple.empty() ? thisHost().cacheBytes : target.cacheBytes;
  if (measured > 0)
    result.cacheBytes = measured;
  else if (const auto bytes = costs.getCacheSize(llvm::TargetTransformInfo::CacheLevel::L2D))
    result.cacheBytes = *bytes;
  // LLVM has no generic operation for it; the names are those of its backends.
  const llvm::MCSubtargetInfo &features = *(*machine)->getMCSubtargetInfo();
  const auto has = [&](const char *feature) { return features.checkFeatures(feature); };
  const llvm::Triple &triple = (*machine)->getTargetTriple();
  result.roundsVectors = !triple.isARM() || has("+fp-armv8");
  if (!triple.isX86()) {
    result.byteDotIsSigned = true;
    if ((triple.isAArch64() || triple.isARM()) && has("+dotprod"))
      result.byteDot = triple.isARM() ? "llvm.arm.neon.sdot" : "llvm.aarch64.neon.sdot";
  } else if (result.vectorBytes == 64 && has("+avx512vnni")) {
    result.byteDot = "llvm.x86.avx512.vpdpbusd.512";
    result.wordDot = "llvm.x86.avx512.vpdpwssd.512";
  } else if (result.vectorBytes == 32 && (has("+avxvnni") || (has("+avx512vnni") && has("+avx512vl")))) {
    result.byteDot = "llvm.x86.avx512.vpdpbusd.256";
    result.wordDot = "llvm.x86.avx512.vpdpwssd.256";
  }
  return result;
}

void registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

Expected<std::vector<uint8_t>> emitObject(mlir::ModuleOp module, const HostTarget &target) {
  auto machine = makeMachine(target);
  if (!machine)
    return machine.error();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code = mlir::translateModuleToLLVMIR(module, context, "tessera");
  if (!code)
    return Error{"the host code cannot be translated to LLVM"};
  leaveRecordingAlone(*code);
  // A library's own functions are C, and nothing throws through them: they need no tables for it.
  if (!target.triple.empty())
    for (llvm::Function &function : *code)
      function.setDoesNotThrow();
  return emit(*code, **machine);
}

Expected<std::vector<uint8_t>> emitText(const std::string &text, const HostTarget &target) {
  auto machine = makeMachine(target);
  if (!machine)
    return machine.error();
  llvm::LLVMContext context;
  llvm::SMDiagnostic fault;
  const std::unique_ptr<llvm::Module> code = llvm::parseAssemblyString(text, fault, context);
  if (!code)
    return Error{"LLVM's text has a fault in line " + std::to_string(fault.getLineNo()) + ": " +
                 fault.getMessage().str()};
  return emit(*code, **machine);
}

} // namespace tessera::compiler::cpu
