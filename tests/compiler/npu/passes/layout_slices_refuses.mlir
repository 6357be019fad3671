// RUN: not npu_opt %s tiny npu-layout | FileCheck %s
// CHECK: error: 'npu.concat' op has parts of 256 bytes in a result of 384
func.func private @npu_segment_0(%arg0: tensor<1x4x4x8xi8>, %arg1: tensor<1x4x4x8xi8>) -> tensor<1x4x4x24xi8> attributes {npu.segment = 0 : i64} {
  %0 = npu.concat %arg0, %arg1 {layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x24xi8>
  return %0 : tensor<1x4x4x24xi8>
}
