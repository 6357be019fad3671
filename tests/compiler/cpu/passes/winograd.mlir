// RUN: cpu_opt %s cpu-winograd | FileCheck %s

// 3x3 over 30x30 pictures: seven tiles of six pixels a side give 28x28 sums. Pixels are turned by rows and columns, 36 products of 49 tiles follow, and sums are turned back.
// The weights, all 1, are turned when compiled: a corner is 1/16.
// CHECK-LABEL: func.func @whole
// CHECK: arith.constant dense<{{.*}}4.000000e+00, 0.000000e+00, -5.000000e+00, 0.000000e+00, 1.000000e+00{{.*}}> : tensor<6x6xf32>
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x30x30x64xf32>, tensor<6x6xf32>) outs({{.*}} : tensor<1x7x6x30x64xf32>)
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<6x6x1x7x7x64xf32>)
// CHECK: arith.constant dense<"0x0000803D{{.*}}> : tensor<36x64x64xf32>
// CHECK: linalg.generic {{.*}} ins({{.*}} : tensor<36x49x64xf32>, tensor<36x64x64xf32>) outs({{.*}} : tensor<36x49x64xf32>)
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x7x4x6x7x64xf32>)
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x7x4x7x4x64xf32>)
// CHECK: tensor.collapse_shape {{.*}} into tensor<1x28x28x64xf32>
// CHECK-NOT: tensor.extract_slice
// CHECK: return
#in = affine_map<(n, y, x, o, i, j, c) -> (n, y + i, x + j, c)>
#weights = affine_map<(n, y, x, o, i, j, c) -> (o, c, i, j)>
#out = affine_map<(n, y, x, o, i, j, c) -> (n, y, x, o)>
func.func @whole(%x: tensor<1x30x30x64xf32>) -> tensor<1x28x28x64xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<1.0> : tensor<64x64x3x3xf32>
  %e = tensor.empty() : tensor<1x28x28x64xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<1x28x28x64xf32>) -> tensor<1x28x28x64xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x30x30x64xf32>, tensor<64x64x3x3xf32>) outs(%start : tensor<1x28x28x64xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x28x28x64xf32>
  return %sums : tensor<1x28x28x64xf32>
}

// Rows and columns that are no whole tiles: the picture grows by zeros, and what they give is left out. The bias that the sums start from is added.
// CHECK-LABEL: func.func @rest
// CHECK: tensor.insert_slice %arg0 into {{.*}}[0, 0, 0, 0] [1, 29, 28, 64] [1, 1, 1, 1] : tensor<1x29x28x64xf32> into tensor<1x30x30x64xf32>
// CHECK: %[[WHOLE:.*]] = tensor.collapse_shape {{.*}} into tensor<1x28x28x64xf32>
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[WHOLE]][0, 0, 0, 0] [1, 27, 26, 64] [1, 1, 1, 1]
// CHECK: linalg.generic {{.*}} ins(%[[PART]], %arg1 : tensor<1x27x26x64xf32>, tensor<1x27x26x64xf32>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.addf
func.func @rest(%x: tensor<1x29x28x64xf32>, %start: tensor<1x27x26x64xf32>) -> tensor<1x27x26x64xf32> {
  %w = arith.constant dense<1.0> : tensor<64x64x3x3xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x29x28x64xf32>, tensor<64x64x3x3xf32>) outs(%start : tensor<1x27x26x64xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x27x26x64xf32>
  return %sums : tensor<1x27x26x64xf32>
}
