// RUN: npu_opt %s tiny npu-place | FileCheck %s --check-prefix=PLACE
// RUN: npu_opt %s tiny npu-place npu-fuse npu-concat | FileCheck %s --check-prefix=CONCAT
// RUN: npu_opt %s tiny npu-place npu-fuse npu-concat npu-segment npu-layout | FileCheck %s --check-prefix=LAYOUT

// PLACE: {index = 1 : i64, where = "npu", why = "moves no byte: its parts are stored beside each other"}
// PLACE-SAME: {index = 3 : i64, where = "npu", why = "moves no byte: its parts are stored beside each other"}
// PLACE-SAME: {index = 4 : i64, where = "cpu", why = "a concatenation along pixels of more channels than a block"}

// The first is a slice of its whole, whose 12 channels then become a part of 16; a value that is a part already is copied.
// CONCAT-LABEL: func.func @main
// CONCAT: %[[A:.*]] = npu.pool %arg0
// CONCAT: %[[FIRST:.*]] = npu.concat %[[A]], %arg1 {layers = array<i64: 1>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x4xi8>) -> tensor<1x4x4x12xi8>
// CONCAT: %[[B:.*]] = npu.pool %arg0
// CONCAT: %[[COPY:.*]] = npu.conv %[[A]], {{.*}} {depthwise = true, {{.*}} exit = array<i32: 1, 0, -128, 127>, {{.*}} kernel = array<i64: 1, 1>, layers = array<i64: 3>
// CONCAT: %[[GAPS:.*]] = npu.concat %[[FIRST]], %[[B]], %[[COPY]] {{.*}} -> tensor<1x4x4x32xi8>
// CONCAT: %[[CLOSED:.*]] = npu.conv %[[GAPS]], {{.*}} {depthwise = false, {{.*}} -> tensor<1x4x4x28xi8>
// CONCAT: tosa.concat
// CONCAT: return %[[FIRST]], %[[CLOSED]]

// Offsets of input, second input, output, weights, parameters: 128 bytes are one block of 4x4 pixels. The host writes a part to its place.
// LAYOUT: npu.inputs = [array<i64: 576, 4, 4, 8>, array<i64: 128, 4, 4, 4>], npu.outputs = [array<i64: 0, 4, 4, 12>,
// LAYOUT: npu.pool %arg0 {{.*}} places = array<i64: 576, 0, 0, 0, 0>
// LAYOUT: npu.pool %arg0 {{.*}} places = array<i64: 576, 0, 256, 0, 0>
// LAYOUT: npu.conv {{.*}} places = array<i64: 0, 0, 384,
func.func @main(%arg0: tensor<1x4x4x8xi8>, %arg1: tensor<1x4x4x4xi8>) -> (tensor<1x4x4x12xi8>, tensor<1x4x4x28xi8>, tensor<1x8x4x12xi8>) {
  %0 = tosa.max_pool2d %arg0 {kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> loc("0:MAX_POOL_2D:a")
  %1 = tosa.concat %0, %arg1 {axis = 3 : i32} : (tensor<1x4x4x8xi8>, tensor<1x4x4x4xi8>) -> tensor<1x4x4x12xi8> loc("1:CONCATENATION:b")
  %2 = tosa.max_pool2d %arg0 {kernel = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> loc("2:MAX_POOL_2D:c")
  %3 = tosa.concat %1, %2, %0 {axis = 3 : i32} : (tensor<1x4x4x12xi8>, tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x28xi8> loc("3:CONCATENATION:d")
  %4 = tosa.concat %1, %1 {axis = 1 : i32} : (tensor<1x4x4x12xi8>, tensor<1x4x4x12xi8>) -> tensor<1x8x4x12xi8> loc("4:CONCATENATION:e")
  return %1, %3, %4 : tensor<1x4x4x12xi8>, tensor<1x4x4x28xi8>, tensor<1x8x4x12xi8>
}
