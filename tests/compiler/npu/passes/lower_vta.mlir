// A convolution on a machine of level vta: its bias goes into ACC, and GEMM and ALU do the rest. No marks.
// RUN: npu_opt %s %S/../../../cosim/machines/vta.json npu-segment npu-layout npu-tile npu-tensorize npu-hoist npu-tokens npu-check-order | FileCheck %s
// RUN: npu_opt %s %S/../../../cosim/machines/vta.json npu-segment npu-layout npu-tile npu-tensorize npu-hoist npu-tokens npu-check-order npu-host | FileCheck %s --check-prefix=HOST

// The shift is 4 (2^30 * 2^-3 in Q31): single rounding needs no temporary; its half stands in the bias.
// CHECK-LABEL: func.func private @npu_record_0()
// CHECK: npu.load {{.*}}memory = 3 : i32
// CHECK: npu.gemm {{.*}}reset = true
// CHECK: npu.alu {{.*}}op = 2 : i32{{.*}}use_immediate = false
// CHECK: npu.gemm {{.*}}reset = false
// CHECK: npu.alu {{.*}}immediate = 4 : i32, op = 3 : i32
// CHECK: npu.alu {{.*}}immediate = 127 : i32, op = 0 : i32
// CHECK: npu.alu {{.*}}immediate = -128 : i32, op = 1 : i32
// CHECK: npu.store
// CHECK-NOT: npu.mark
// HOST: llvm.call @tsr_record_gemm
// HOST: llvm.call @tsr_record_alu
func.func @main(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> {
  %w = "tosa.const"() {value = dense<1> : tensor<8x1x1x8xi8>} : () -> tensor<8x1x1x8xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824>, shift = array<i32: -3, -3, -3, -3, -3, -3, -3, -3>, exit = array<i32: 2, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  return %0 : tensor<1x4x4x8xi8>
}
