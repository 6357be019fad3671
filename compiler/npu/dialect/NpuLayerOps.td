// Layer level. `layers` lists the operators of the model file that the operation computes (the first one names it); `places` and
// `tiling` are filled in by the layout and tile passes: byte offsets in the arena of input, second input and output, and in the
// constants of weights and parameters; rows, columns, blocks, kBlocks, weightsOuter. The tile pass also sets `share` (first element and number of
// elements of INP, WGT, ACC and PAR) where a layer is interleaved with a neighbour, and `joins` on the second of the two; `chained` on all layers
// of a chain, of which all but the first join.
#ifndef TESSERA_NPU_LAYER_OPS_TD
#define TESSERA_NPU_LAYER_OPS_TD

include "NpuDialect.td"

class Npu_LayerOp<string mnemonic> : Npu_Op<mnemonic, [Pure]> {
  let results = (outs AnyTensor:$output);
  let hasVerifier = 1;
}

def Npu_ConvOp : Npu_LayerOp<"conv"> {
  let summary = "convolution, depthwise convolution or dense layer with requantisation and clamp";
  let description = [{
    `weights` is [outputs, kernel height, kernel width, inputs] (depthwise: [kernel height, kernel width, channels]), `bias` one
    int32 a channel; with `weight_parts`, the weights are the sum of so many, which stand one behind the other; `block_parts`, from the layout pass, is
    how many of them an output channel block needs. Padding has the value `input_zp`. A dense layer's kernel is as large as its input.
    `multiplier` and `shift` (positive to the left) have one entry an output channel. `exit` = mode, zero point, least, greatest.
  }];
  let arguments = (ins AnyTensor:$input, AnyTensor:$weights, AnyTensor:$bias, BoolAttr:$depthwise,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$dilation, DenseI64ArrayAttr:$pad,
    DenseI64ArrayAttr:$input_shape, I32Attr:$input_zp, DenseI32ArrayAttr:$multiplier, DenseI32ArrayAttr:$shift,
    DenseI32ArrayAttr:$exit, DenseI64ArrayAttr:$layers,
    OptionalAttr<DenseI64ArrayAttr>:$places, OptionalAttr<DenseI64ArrayAttr>:$tiling, OptionalAttr<DenseI64ArrayAttr>:$share,
    UnitAttr:$joins, UnitAttr:$chained, OptionalAttr<I64Attr>:$weight_parts, OptionalAttr<DenseI64ArrayAttr>:$block_parts);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Npu_PoolOp : Npu_LayerOp<"pool"> {
  let summary = "average or maximum over windows";
  let description = "`kind` is \"average\" (padding does not count) or \"max\" (padding is -128).";
  let arguments = (ins AnyTensor:$input, StrAttr:$kind,
    DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$pad,
    DenseI32ArrayAttr:$exit, DenseI64ArrayAttr:$layers,
    OptionalAttr<DenseI64ArrayAttr>:$places, OptionalAttr<DenseI64ArrayAttr>:$tiling, OptionalAttr<DenseI64ArrayAttr>:$share,
    UnitAttr:$joins, UnitAttr:$chained);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Npu_EltwiseOp : Npu_LayerOp<"eltwise"> {
  let summary = "element-wise addition of two differently scaled tensors";
  let description = [{
    Operands are scaled as docs/instruction-set.md says (VEC ADD): `lhs` and `rhs` = zero point, multiplier, shift; the sum leaves
    through `scale` = multiplier, shift and `exit`.
  }];
  let arguments = (ins AnyTensor:$lhs, AnyTensor:$rhs, StrAttr:$kind,
    DenseI32ArrayAttr:$lhs_scale, DenseI32ArrayAttr:$rhs_scale, DenseI32ArrayAttr:$scale,
    DenseI32ArrayAttr:$exit, DenseI64ArrayAttr:$layers,
    OptionalAttr<DenseI64ArrayAttr>:$places, OptionalAttr<DenseI64ArrayAttr>:$tiling, OptionalAttr<DenseI64ArrayAttr>:$share,
    UnitAttr:$joins, UnitAttr:$chained);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Npu_ViewOp : Npu_LayerOp<"view"> {
  let summary = "the same bytes under another shape of one pixel";
  let arguments = (ins AnyTensor:$input, DenseI64ArrayAttr:$layers);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Npu_ConcatOp : Npu_LayerOp<"concat"> {
  let summary = "parts behind each other, each at the beginning of a channel block; moves no byte";
  let description = [{
    The parts are slices of the result: the layout pass places them there. They have the result's pixels and are behind each other along the
    channels, those of all but the last filled up to whole blocks; or they have one block of channels and are behind each other along
    the pixels. No value is a part twice.
  }];
  let arguments = (ins Variadic<AnyTensor>:$parts, DenseI64ArrayAttr:$layers);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def Npu_WindowsOp : Npu_LayerOp<"windows"> {
  let summary = "the windows of a convolution as the channels of pixels, gathered by the host at the segment's edge";
  let description = [{
    Turns a picture with few channels into one whose channels are [kernel row][kernel column][channel], so that a convolution over
    it wastes no part of an input block. The operand is an argument of the segment. `pad` = above, left.
  }];
  let arguments = (ins AnyTensor:$input, DenseI64ArrayAttr:$kernel, DenseI64ArrayAttr:$stride, DenseI64ArrayAttr:$dilation,
    DenseI64ArrayAttr:$pad, I32Attr:$fill);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

#endif
