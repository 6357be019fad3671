// RUN: not npu_opt %s tiny npu-layout | FileCheck %s
// CHECK: error: 'npu.concat' op reads a tensor that nothing writes to the arena
func.func private @npu_segment_0(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x16xi8> attributes {npu.segment = 0 : i64} {
  %k = "tosa.const"() {value = dense<3> : tensor<1x4x4x8xi8>} : () -> tensor<1x4x4x8xi8>
  %0 = npu.concat %arg0, %k {layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x16xi8>
  return %0 : tensor<1x4x4x16xi8>
}
