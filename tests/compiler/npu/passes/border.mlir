// RUN: npu_opt %s tiny npu-segment npu-layout npu-tile | FileCheck %s
// RUN: npu_opt %s tiny npu-segment npu-layout npu-tile npu-tensorize npu-hoist npu-tokens npu-check-order npu-host | FileCheck %s --check-prefix=HOST
// RUN: npu_opt %s batch2 npu-segment npu-layout | FileCheck %s --check-prefix=ROWS

// What the second launch reads of the first and the picture that the first has brought stay where they are; what the CPU reads of the first (at 192) and writes
// for the second (at 576) lies in the arena from its making to its last reading; 12 channels in blocks of 8 are not the dense array, and the network's results are
// their caller's.
// CHECK: npu.inputs = [array<i64: 0, 4, 4, 8>], npu.outputs = [array<i64: 192, 128>, array<i64>], npu.segment = 0
// CHECK: npu.conv {{.*}} places = array<i64: 0, 0, 192, 0, [[#]]>
// CHECK: npu.conv {{.*}} places = array<i64: 192, 0, 384, [[#]], [[#]]>
// CHECK: npu.inputs = [array<i64: 576, 128>, array<i64>, array<i64>, array<i64: [[#]], 2, 2, 12>], npu.outputs = [array<i64: [[#]], 4, 4, 8>, array<i64: [[#]], 2, 2, 8>], npu.segment = 1
// CHECK: npu.eltwise {{.*}} places = array<i64: 576, 0, [[#SUM:]],
// CHECK: npu.eltwise {{.*}} places = array<i64: 384, [[#SUM]], [[#]],

// 8 channels in blocks of 16 are not the dense array.
// ROWS-NOT: array<i64: {{[0-9]+}}, 128>
// ROWS: npu.inputs = [array<i64: {{[0-9]+}}, 4, 4, 8>, array<i64>, array<i64>, array<i64: {{[0-9]+}}, 2, 2, 12>]

// HOST-LABEL: llvm.func @tessera_main
// HOST: llvm.call @tsr_runtime_share
// HOST: llvm.call @npu_segment_0
// HOST: llvm.call @tsr_runtime_share
// HOST: llvm.call @cpu_segment_0
// HOST: llvm.call @npu_segment_1
// HOST-LABEL: llvm.func @npu_segment_0
// HOST: llvm.call @tsr_runtime_write_blocked
// HOST: llvm.call @tsr_runtime_run
// HOST: llvm.call @tsr_runtime_take
// HOST-NOT: llvm.call @tsr_runtime_read_blocked
// HOST-LABEL: llvm.func @npu_segment_1
// HOST: llvm.call @tsr_runtime_give
// HOST: llvm.call @tsr_runtime_write_blocked
// HOST-NOT: llvm.call @tsr_runtime_write_blocked
// HOST: llvm.call @tsr_runtime_run
// HOST: llvm.call @tsr_runtime_read_blocked
// HOST: llvm.call @tsr_runtime_read_blocked
func.func @main(%arg0: tensor<1x4x4x8xi8>) -> (tensor<1x4x4x8xi8>, tensor<1x2x2x8xi8>) {
  %w = "tosa.const"() {value = dense<1> : tensor<8x1x1x8xi8>} : () -> tensor<8x1x1x8xi8>
  %v = "tosa.const"() {value = dense<1> : tensor<8x1x1x12xi8>} : () -> tensor<8x1x1x12xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %p = "tosa.const"() {value = dense<[[0, 0], [0, 0], [0, 0], [0, 4]]> : tensor<4x2xi32>} : () -> tensor<4x2xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  %1 = npu.conv %0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 1>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  %2 = tosa.clamp %0 {min_int = 0 : i64, max_int = 100 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %s = tosa.slice %2 {start = array<i64: 0, 0, 0, 0>, size = array<i64: 1, 2, 2, 8>} : (tensor<1x4x4x8xi8>) -> tensor<1x2x2x8xi8>
  %3 = tosa.pad %s, %p : (tensor<1x2x2x8xi8>, tensor<4x2xi32>) -> tensor<1x2x2x12xi8>
  %7 = npu.eltwise %2, %arg0 {kind = "add", lhs_scale = array<i32: 1, 1073741824, 0>, rhs_scale = array<i32: 2, 1073741824, 0>, scale = array<i32: 1073741824, -19>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 4>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %4 = npu.eltwise %1, %7 {kind = "add", lhs_scale = array<i32: 1, 1073741824, 0>, rhs_scale = array<i32: 2, 1073741824, 0>, scale = array<i32: 1073741824, -19>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 2>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %5 = npu.conv %3, %v, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 2, 2, 12>, input_zp = 0 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 3>} : (tensor<1x2x2x12xi8>, tensor<8x1x1x12xi8>, tensor<8xi32>) -> tensor<1x2x2x8xi8>
  return %4, %5 : tensor<1x4x4x8xi8>, tensor<1x2x2x8xi8>
}
