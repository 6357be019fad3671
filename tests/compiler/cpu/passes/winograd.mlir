// RUN: cpu_opt %s cpu-winograd | FileCheck %s

// 3x3 over 14x14 pictures: three tiles of six pixels a side give 12x12 sums. Pixels are transformed by rows and columns, 36 products of 9 tiles follow, and sums are transformed back.
// The weights, all 1, are transformed when compiled: a corner is 1/16.
// CHECK-LABEL: func.func @whole
// CHECK: arith.constant dense<{{.*}}4.000000e+00, 0.000000e+00, -5.000000e+00, 0.000000e+00, 1.000000e+00{{.*}}> : tensor<6x6xf32>
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x14x14x32xf32>, tensor<6x6xf32>) outs({{.*}} : tensor<1x3x6x14x32xf32>)
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<6x6x1x3x3x32xf32>)
// CHECK: arith.constant dense<"0x0000803D{{.*}}> : tensor<36x32x32xf32>
// CHECK: linalg.generic {{.*}} ins({{.*}} : tensor<36x9x32xf32>, tensor<36x32x32xf32>) outs({{.*}} : tensor<36x9x32xf32>)
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x3x4x6x3x32xf32>)
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x3x4x3x4x32xf32>)
// CHECK: tensor.collapse_shape {{.*}} into tensor<1x12x12x32xf32>
// CHECK-NOT: tensor.extract_slice
// CHECK: return
#in = affine_map<(n, y, x, o, i, j, c) -> (n, y + i, x + j, c)>
#weights = affine_map<(n, y, x, o, i, j, c) -> (o, c, i, j)>
#out = affine_map<(n, y, x, o, i, j, c) -> (n, y, x, o)>
func.func @whole(%x: tensor<1x14x14x32xf32>) -> tensor<1x12x12x32xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<1.0> : tensor<32x32x3x3xf32>
  %e = tensor.empty() : tensor<1x12x12x32xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<1x12x12x32xf32>) -> tensor<1x12x12x32xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x14x14x32xf32>, tensor<32x32x3x3xf32>) outs(%start : tensor<1x12x12x32xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x12x12x32xf32>
  return %sums : tensor<1x12x12x32xf32>
}

// Rows and columns that are no whole tiles: the picture grows by zeros, and what they give is left out. The bias that the sums start from is added.
// CHECK-LABEL: func.func @rest
// CHECK: tensor.insert_slice %arg0 into {{.*}}[0, 0, 0, 0] [1, 13, 12, 32] [1, 1, 1, 1] : tensor<1x13x12x32xf32> into tensor<1x14x14x32xf32>
// CHECK: %[[WHOLE:.*]] = tensor.collapse_shape {{.*}} into tensor<1x12x12x32xf32>
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[WHOLE]][0, 0, 0, 0] [1, 11, 10, 32] [1, 1, 1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[PART]], %arg1 : tensor<1x11x10x32xf32>, tensor<1x11x10x32xf32>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.addf
func.func @rest(%x: tensor<1x13x12x32xf32>, %start: tensor<1x11x10x32xf32>) -> tensor<1x11x10x32xf32> {
  %w = arith.constant dense<1.0> : tensor<32x32x3x3xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x13x12x32xf32>, tensor<32x32x3x3xf32>) outs(%start : tensor<1x11x10x32xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x11x10x32xf32>
  return %sums : tensor<1x11x10x32xf32>
}
