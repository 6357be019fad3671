// Command level: docs/instruction-set.md says what each does; sizes and indices are in elements, `offset` in bytes of memory region
// `region`. `dependencies` are the flags of record.h.
#ifndef TESSERA_NPU_COMMAND_OPS_TD
#define TESSERA_NPU_COMMAND_OPS_TD

include "NpuDialect.td"

class Npu_CommandOp<string mnemonic, dag fields> : Npu_Op<mnemonic> {
  let arguments = !con(fields, (ins DefaultValuedAttr<I32Attr, "0">:$dependencies));
  let assemblyFormat = "attr-dict";
}

def Npu_LoadOp : Npu_CommandOp<"load", (ins I32Attr:$memory, I32Attr:$sram, I32Attr:$region, I64Attr:$offset, I32Attr:$rows,
    I32Attr:$columns, I32Attr:$stride, DenseI32ArrayAttr:$pads, I32Attr:$pad_value)> {
  let summary = "DRAM to a scratchpad, through the load module";
}
def Npu_StoreOp : Npu_CommandOp<"store", (ins I32Attr:$memory, I32Attr:$sram, I32Attr:$region, I64Attr:$offset, I32Attr:$rows,
    I32Attr:$columns, I32Attr:$stride)> {
  let summary = "OUT to DRAM";
}
def Npu_ReduceOp : Npu_CommandOp<"reduce", (ins I32Attr:$op, I32Attr:$taps, I32Attr:$init, I32Attr:$destination, I32Attr:$dst,
    I32Attr:$src, I32Attr:$wgt, I32Attr:$par, BoolAttr:$overlap, DenseI32ArrayAttr:$extents, DenseI32ArrayAttr:$strides,
    I32Attr:$reduce_loops, DenseI32ArrayAttr:$exit)> {
  let summary = "a kernel of the array";
}
def Npu_VecOp : Npu_CommandOp<"vec", (ins I32Attr:$op, I32Attr:$destination, I32Attr:$dst, I32Attr:$lhs, I32Attr:$rhs,
    I32Attr:$par, BoolAttr:$overlap, DenseI32ArrayAttr:$extents, DenseI32ArrayAttr:$strides, DenseI32ArrayAttr:$exit,
    DenseI32ArrayAttr:$lhs_scale, DenseI32ArrayAttr:$rhs_scale)> {
  let summary = "a kernel of the vector unit";
}
def Npu_GemmOp : Npu_CommandOp<"gemm", (ins BoolAttr:$reset, I32Attr:$dst, I32Attr:$src, I32Attr:$wgt,
    DenseI32ArrayAttr:$extents, DenseI32ArrayAttr:$strides, I32Attr:$reduce_loops)> {
  let summary = "level vta: a kernel of the array into the accumulators, or zeros";
}
def Npu_AluOp : Npu_CommandOp<"alu", (ins I32Attr:$op, BoolAttr:$use_immediate, I32Attr:$immediate, I32Attr:$dst, I32Attr:$src,
    DenseI32ArrayAttr:$extents, DenseI32ArrayAttr:$strides)> {
  let summary = "level vta: a kernel on accumulators, with an immediate or a second one";
}
def Npu_SyncOp : Npu_CommandOp<"sync", (ins)> { let summary = "nothing but tokens, in compute"; }
def Npu_MarkOp : Npu_CommandOp<"mark", (ins I32Attr:$layer)> { let summary = "end of a layer, for cycle counts"; }

#endif
