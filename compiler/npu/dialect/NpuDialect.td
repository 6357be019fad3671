// The npu dialect: layers as the accelerator sees them, and the commands they become. Only what TOSA, Func and LLVM lack.
#ifndef TESSERA_NPU_DIALECT_TD
#define TESSERA_NPU_DIALECT_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Npu_Dialect : Dialect {
  let name = "npu";
  let cppNamespace = "::tessera::compiler::npu";
  let summary = "int8 layers and commands of a Tessera core";
  let description = [{
    Layer level: `npu.conv`, `npu.pool`, `npu.eltwise`, `npu.view` on NHWC tensors of int8, with all quantisation as attributes.
    Command level: `npu.load`, `npu.store`, `npu.reduce`, `npu.vec`, `npu.sync`, `npu.mark`: one operation a call of record.h, in
    program order, with scratchpad and DRAM ranges and dependency flags.
  }];
}

class Npu_Op<string mnemonic, list<Trait> traits = []> : Op<Npu_Dialect, mnemonic, traits>;

#endif
