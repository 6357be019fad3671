// RUN: cpu_opt %s cpu-register-tile | FileCheck %s

// A pooling with channels last, as TOSA's lowering leaves it: channels are the lanes, five rows are unrolled, and each takes the greatest of four pixels. The window itself, which has no values, is not read.
// CHECK-LABEL: func.func @greatest(
// CHECK-NOT: linalg
// CHECK-NOT: memref<2x2xf32> ->
// CHECK: vector.load {{.*}} : memref<800xf32, strided<[1]>>, vector<4xf32>
// CHECK-NEXT: arith.maximumf {{.*}} : vector<4xf32>
// CHECK-COUNT-19: arith.maximumf {{.*}} : vector<4xf32>
// CHECK-NOT: arith.maximumf
// CHECK-COUNT-5: vector.store {{.*}} : memref<200xf32, strided<[1]>>, vector<4xf32>
// CHECK-NOT: linalg
// CHECK: return
func.func @greatest(%x: memref<1x10x10x8xf32>, %window: memref<2x2xf32>, %y: memref<1x5x5x8xf32>) {
  %lowest = arith.constant 0xFF800000 : f32
  linalg.fill ins(%lowest : f32) outs(%y : memref<1x5x5x8xf32>)
  linalg.pooling_nhwc_max {strides = dense<2> : vector<2xi64>} ins(%x, %window : memref<1x10x10x8xf32>, memref<2x2xf32>) outs(%y : memref<1x5x5x8xf32>)
  return
}

// Bytes, fewer channels than lanes: those past the end are masked.
// CHECK-LABEL: func.func @bytes(
// CHECK-NOT: linalg
// CHECK: vector.maskedload {{.*}} into vector<16xi8>
// CHECK-NEXT: arith.maxsi {{.*}} : vector<16xi8>
// CHECK-COUNT-5: vector.maskedstore {{.*}} vector<16xi8>
// CHECK-NOT: linalg
// CHECK: return
func.func @bytes(%x: memref<1x10x10x8xi8>, %window: memref<2x2xi8>, %y: memref<1x5x5x8xi8>) {
  %lowest = arith.constant -128 : i8
  linalg.fill ins(%lowest : i8) outs(%y : memref<1x5x5x8xi8>)
  linalg.pooling_nhwc_max {strides = dense<2> : vector<2xi64>} ins(%x, %window : memref<1x10x10x8xi8>, memref<2x2xi8>) outs(%y : memref<1x5x5x8xi8>)
  return
}

// A depthwise layer of floats: channels are the lanes of both the picture and the taps, and the pixels of a tile share each vector of taps. The first sums are the fill's, in registers.
// CHECK-LABEL: func.func @depthwise(
// CHECK-NOT: linalg
// CHECK: %[[TAPS:.*]] = memref.get_global @taps_packed : memref<72xf32>
// CHECK: scf.for
// CHECK: %[[A:.*]] = vector.load %{{.*}} : memref<512xf32, strided<[1]>>, vector<4xf32>
// CHECK: %[[TAP:.*]] = vector.load %[[TAPS]][%{{.*}}] : memref<72xf32>, vector<4xf32>
// CHECK-NEXT: vector.fma %[[A]], %[[TAP]], %{{.*}} : vector<4xf32>
// CHECK: %[[B:.*]] = vector.load %{{.*}} : memref<512xf32, strided<[1]>>, vector<4xf32>
// CHECK-NEXT: vector.fma %[[B]], %[[TAP]], %{{.*}} : vector<4xf32>
// CHECK-NOT: arith.mulf
// CHECK: vector.store {{.*}} : memref<288xf32, strided<[1]>>, vector<4xf32>
// CHECK-NOT: linalg
// CHECK: return
memref.global "private" constant @taps : memref<3x3x8xf32> = dense<2.0>
func.func @depthwise(%x: memref<1x8x8x8xf32>, %y: memref<1x6x6x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %w = memref.get_global @taps : memref<3x3x8xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<1x6x6x8xf32>)
  linalg.depthwise_conv_2d_nhwc_hwc ins(%x, %w : memref<1x8x8x8xf32>, memref<3x3x8xf32>) outs(%y : memref<1x6x6x8xf32>)
  return
}
