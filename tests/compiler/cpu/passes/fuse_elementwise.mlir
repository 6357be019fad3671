// RUN: cpu_opt %s cpu-fuse-elementwise cpu-order-reductions | FileCheck %s

// Two activations in a row, and the sum along a row behind them, read each element once: one loop nest.
// CHECK-LABEL: func.func @chain
// CHECK-COUNT-1: linalg.generic
// CHECK: math.exp
// CHECK-NEXT: arith.negf
// CHECK-NEXT: arith.addf
// CHECK-NOT: linalg.generic
#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @chain(%x: tensor<4x8xf32>, %sums: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.negf %a : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  %2 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]} ins(%1 : tensor<4x8xf32>) outs(%sums : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// Widening computes nothing that is worth a buffer.
// CHECK-LABEL: func.func @widened
// CHECK-COUNT-1: linalg.generic
// CHECK: arith.extf
// CHECK-NEXT: arith.mulf
// CHECK-NOT: linalg.generic
#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (k, j)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @widened(%x: tensor<4x8xf16>, %w: tensor<8x8xf32>, %sums: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x8xf16>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f16, %o: f32):
    %r = arith.extf %a : f16 to f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%sums : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// Weights of float16 are widened when they are compiled.
// CHECK-LABEL: func.func @half_weights(
// CHECK: %[[W:.*]] = arith.constant dense<{{.}}[1.500000e+00, 1.000000e+00], [2.500000e+00, 2.000000e+00], [3.500000e+00, 3.000000e+00], [4.500000e+00, 4.000000e+00], [5.500000e+00, 5.000000e+00], [6.500000e+00, 6.000000e+00], [7.500000e+00, 7.000000e+00], [8.500000e+00, 8.000000e+00]{{.}}> : tensor<8x2xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<4x8xf32>, tensor<8x2xf32>)
// CHECK-NOT: arith.extf
// CHECK: return
func.func @half_weights(%x: tensor<4x8xf32>, %sums: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %c = arith.constant dense<[[1.5, 1.0], [2.5, 2.0], [3.5, 3.0], [4.5, 4.0], [5.5, 5.0], [6.5, 6.0], [7.5, 7.0], [8.5, 8.0]]> : tensor<8x2xf16>
  %e = tensor.empty() : tensor<8x2xf32>
  %w = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%c : tensor<8x2xf16>) outs(%e : tensor<8x2xf32>) {
  ^bb0(%a: f16, %o: f32):
    %r = arith.extf %a : f16 to f32
    linalg.yield %r : f32
  } -> tensor<8x2xf32>
  %1 = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<4x8xf32>, tensor<8x2xf32>) outs(%sums : tensor<4x2xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<4x2xf32>
  return %1 : tensor<4x2xf32>
}

// A dimension of one element is read as the output's own where the map says 0, and an infinite bound goes: bias and rectifier are one loop nest.
// CHECK-LABEL: func.func @rectified
// CHECK-COUNT-1: linalg.generic
// CHECK: arith.addf
// CHECK-NEXT: arith.maximumf
// CHECK-NEXT: linalg.yield
// CHECK-NOT: linalg.generic
#one = affine_map<(i, j) -> (0, j)>
#line = affine_map<(i, j) -> (j)>
func.func @rectified(%x: tensor<1x8xf32>, %b: tensor<8xf32>) -> tensor<1x8xf32> {
  %zero = arith.constant 0.0 : f32
  %most = arith.constant 0x7F800000 : f32
  %e = tensor.empty() : tensor<1x8xf32>
  %0 = linalg.generic {indexing_maps = [#all, #line, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %b : tensor<1x8xf32>, tensor<8xf32>) outs(%e : tensor<1x8xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %r = arith.addf %a, %c : f32
    linalg.yield %r : f32
  } -> tensor<1x8xf32>
  %1 = linalg.generic {indexing_maps = [#one, #all], iterator_types = ["parallel", "parallel"]} ins(%0 : tensor<1x8xf32>) outs(%e : tensor<1x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %low = arith.minimumf %a, %most : f32
    %r = arith.maximumf %low, %zero : f32
    linalg.yield %r : f32
  } -> tensor<1x8xf32>
  return %1 : tensor<1x8xf32>
}

// The product's sums are read by the sum of two branches alone: it comes after the other branch, whose reduction is shorter.
// CHECK-LABEL: func.func @branches
// CHECK: linalg.pooling_nchw_max
// CHECK-NEXT: linalg.generic {{.*}}"reduction"]
// CHECK: arith.mulf
// CHECK: linalg.generic
func.func @branches(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>, %p: tensor<1x1x5x9xf32>, %s: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %lowest = arith.constant -1.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %start = tensor.empty() : tensor<1x1x4x8xf32>
  %filled = linalg.fill ins(%lowest : f32) outs(%start : tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%s : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = linalg.pooling_nchw_max ins(%p, %window : tensor<1x1x5x9xf32>, tensor<2x2xf32>) outs(%filled : tensor<1x1x4x8xf32>) -> tensor<1x1x4x8xf32>
  %2 = tensor.collapse_shape %1 [[0, 1, 2], [3]] : tensor<1x1x4x8xf32> into tensor<4x8xf32>
  %3 = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%0, %2 : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// A bias of a picture's channels, held with dimensions of one element, is no obstacle to what reads a reshaped tensor: both are one loop nest.
// CHECK-LABEL: func.func @biased
// CHECK-COUNT-1: linalg.generic
// CHECK: arith.negf
// CHECK-NEXT: arith.addf
// CHECK-NOT: linalg.generic
#picture = affine_map<(i, j, k) -> (i, j, k)>
#channel = affine_map<(i, j) -> (i, 0)>
func.func @biased(%x: tensor<2x3x4xf32>) -> tensor<2x12xf32> {
  %b = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %e = tensor.empty() : tensor<2x3x4xf32>
  %f = tensor.empty() : tensor<2x12xf32>
  %0 = linalg.generic {indexing_maps = [#picture, #picture], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x3x4xf32>) outs(%e : tensor<2x3x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.negf %a : f32
    linalg.yield %r : f32
  } -> tensor<2x3x4xf32>
  %1 = tensor.collapse_shape %0 [[0], [1, 2]] : tensor<2x3x4xf32> into tensor<2x12xf32>
  %2 = linalg.generic {indexing_maps = [#all, #channel, #all], iterator_types = ["parallel", "parallel"]} ins(%1, %b : tensor<2x12xf32>, tensor<2x1xf32>) outs(%f : tensor<2x12xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %r = arith.addf %a, %c : f32
    linalg.yield %r : f32
  } -> tensor<2x12xf32>
  return %2 : tensor<2x12xf32>
}
