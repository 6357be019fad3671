// RUN: npu_opt %s pynq npu-layout npu-tile | FileCheck %s
// RUN: npu_opt %s pynq npu-layout npu-tile npu-tensorize | FileCheck %s --check-prefix=COMMANDS

// The addition needs no array: it runs beside the convolution, each with a share of ACC. A convolution behind another that keeps the array busy
// all the time gains nothing.
// Four tensors of 50,176 bytes, none in another's place: a layer may run beside the next.
// CHECK: npu.arena_bytes = 202752 : i64
// CHECK: npu.conv {{.*}}share = array<i64: 0, 2048, 0, 1024, 0, [[#ACC:]], 0, {{[0-9]+}}>
// CHECK: npu.eltwise {{.*}}joins{{.*}}share = array<i64: 2048, 0, 1024, 0, [[#ACC]], [[#2048 - ACC]], {{[0-9, ]+}}>
// CHECK: npu.conv
// CHECK-NOT: share
// CHECK: return

// A pair has one mark, that both name.
// COMMANDS: npu.marks = [array<i64: 0, 0, 0>, array<i64: 1, 0, 0>, array<i64: 2, 0, 1>]
// COMMANDS: npu.reduce
// COMMANDS: npu.vec
// COMMANDS: npu.reduce
// COMMANDS: npu.mark {layer = 0 : i32}
// COMMANDS-NOT: npu.vec
// COMMANDS: npu.mark {layer = 1 : i32}
// COMMANDS-NOT: npu.mark
func.func private @npu_segment_0(%arg0: tensor<1x28x28x64xi8>) -> tensor<1x28x28x64xi8> attributes {npu.segment = 0 : i64} {
  %w = "tosa.const"() {value = dense<1> : tensor<64x3x3x64xi8>} : () -> tensor<64x3x3x64xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<64xi32>} : () -> tensor<64xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, input_shape = array<i64: 28, 28, 64>, input_zp = 0 : i32, multiplier = array<i32: 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824>, shift = array<i32: -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x28x28x64xi8>, tensor<64x3x3x64xi8>, tensor<64xi32>) -> tensor<1x28x28x64xi8>
  %1 = npu.eltwise %0, %arg0 {kind = "add", lhs_scale = array<i32: 1, 1073741824, 0>, rhs_scale = array<i32: 2, 1073741824, 0>, scale = array<i32: 1073741824, -19>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 1>} : (tensor<1x28x28x64xi8>, tensor<1x28x28x64xi8>) -> tensor<1x28x28x64xi8>
  %2 = npu.conv %1, %w, %b {depthwise = false, kernel = array<i64: 3, 3>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 1, 1, 1, 1>, input_shape = array<i64: 28, 28, 64>, input_zp = 0 : i32, multiplier = array<i32: 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824>, shift = array<i32: -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 2>} : (tensor<1x28x28x64xi8>, tensor<64x3x3x64xi8>, tensor<64xi32>) -> tensor<1x28x28x64xi8>
  return %2 : tensor<1x28x28x64xi8>
}
