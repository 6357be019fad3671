// Small helpers that write LLVM dialect functions: C calls, pointer arrays, early returns on a status.
//
// All scalars are i32, all functions made return i32 (a tsr_status), callees are declared on first use.
#pragma once

#include "core/command.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace tessera::compiler::npu {

class HostBuilder {
public:
  explicit HostBuilder(mlir::ModuleOp module);

  mlir::Type ptr() const { return ptr_; }
  mlir::Type i32() const { return i32_; }

  // Starts a function; what follows goes into it until finish().
  mlir::LLVM::LLVMFuncOp begin(const std::string &name, llvm::ArrayRef<mlir::Type> arguments);
  // Ends the function; it returns `status`, or 0.
  void finish(mlir::Value status = {});

  mlir::Value constant(int64_t value);
  mlir::Value slot(mlir::Type type); // a local variable in the entry block, zeroed
  mlir::Value null();
  mlir::Value load(mlir::Type type, mlir::Value address);
  mlir::Value loadPointer(mlir::Value array, size_t index);
  mlir::Value word(mlir::Value array, size_t index); // the address of an i32
  mlir::Value pointerArray(const std::vector<mlir::Value> &pointers);
  mlir::Value buffer(const std::string &name, uint64_t bytes);                       // zeroed static memory
  mlir::Value wordArray(const std::string &name, const std::vector<int32_t> &words); // constant static memory
  mlir::Value text(const std::string &name, const std::string &value);               // constant, ends with 0
  void copy(mlir::Value to, mlir::Value from, uint64_t bytes);

  mlir::Value call(const std::string &callee, const std::vector<mlir::Value> &arguments);
  void callVoid(const std::string &callee, const std::vector<mlir::Value> &arguments);
  void callOrReturn(const std::string &callee, const std::vector<mlir::Value> &arguments);
  void ifNotZero(mlir::Value condition, const std::function<void()> &body);

private:
  void declare(const std::string &name, const std::vector<mlir::Value> &arguments, bool returns);

  mlir::ModuleOp module_;
  mlir::OpBuilder builder_;
  mlir::Location loc_;
  mlir::Type ptr_, i32_;
  mlir::LLVM::LLVMFuncOp function_;
  std::map<int64_t, mlir::Value> constants_; // of the function, in its entry block
};

// Calls of record.h for a list of commands. Kernels are declared once each, exits and operands only when they change. The calls may
// stand in several functions that run one after the other.
class RecordBuilder {
public:
  RecordBuilder(HostBuilder &builder, std::string prefix);
  // The function that the next calls go to has `recorder`, and an array of i32 that holds the numbers of kernels for all functions;
  // null where there is one function alone.
  void enter(mlir::Value recorder, mlir::Value numbers);
  size_t kernels() const { return kernels_.size(); }
  void add(const Command &command);
  // Status of the last call; null if there was none. (After a failure all later calls return it.)
  mlir::Value status() const { return status_; }

private:
  mlir::Value kernel(const Kernel &kernel);
  void exit(const Exit &exit);
  void operand(bool rhs, const Operand &operand);
  void emit(const std::string &callee, std::vector<mlir::Value> arguments);
  std::vector<mlir::Value> words(std::initializer_list<int64_t> values);

  mlir::Value numberOf(size_t kernel); // its address

  HostBuilder &b_;
  mlir::Value recorder_, numbers_, status_;
  std::string prefix_;
  std::vector<Kernel> kernels_;
  std::vector<mlir::Value> slots_; // of kernels, where there is no array
  std::optional<Exit> exit_;
  std::optional<Operand> operands_[2];
};

} // namespace tessera::compiler::npu
