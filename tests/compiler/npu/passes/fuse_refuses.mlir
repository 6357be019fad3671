// RUN: not npu_opt %s tiny npu-fuse | FileCheck %s
// CHECK: error: is placed on the npu but is no layer of it: average that does not round halves away from zero
func.func @main(%arg0: tensor<1x4x4x2xi8>) -> tensor<1x4x4x2xi8> {
  %0 = tosa.avg_pool2d %arg0 {acc_type = i32, kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, npu.where = "npu"} : (tensor<1x4x4x2xi8>) -> tensor<1x4x4x2xi8>
  return %0 : tensor<1x4x4x2xi8>
}
