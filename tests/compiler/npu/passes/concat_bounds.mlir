// RUN: npu_opt %s tiny npu-place | FileCheck %s

// A convolution that moves channels has channels squared weights, which no file paid for.
// CHECK: {index = 1 : i64, where = "cpu", why = "parts of channels that fill no blocks, and 5008 x 5004 weights are more than 4194304"}
func.func @main(%arg0: tensor<1x1x1x4xi8>, %arg1: tensor<1x1x1x5000xi8>) -> tensor<1x1x1x5004xi8> {
  %0 = tosa.max_pool2d %arg0 {kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x1x1x4xi8>) -> tensor<1x1x1x4xi8> loc("0:MAX_POOL_2D:a")
  %1 = tosa.concat %0, %arg1 {axis = 3 : i32} : (tensor<1x1x1x4xi8>, tensor<1x1x1x5000xi8>) -> tensor<1x1x1x5004xi8> loc("1:CONCATENATION:b")
  return %1 : tensor<1x1x1x5004xi8>
}
