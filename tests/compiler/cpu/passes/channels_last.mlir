// RUN: cpu_opt %s cpu-channels-last | FileCheck %s

// Two 3x3 convolutions with a pad between, a bias and the sum of each channel: rows of 7 are bad lanes, 16 filters are good ones. The argument stays as it is, what is
// between has its channels last, and the loops stand in that order.
// CHECK: #[[SUMS:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>
// CHECK: #[[SECOND:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d4, d2 + d5, d6)>
// CHECK: #[[KERNEL:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d6, d4, d5)>
// CHECK-LABEL: func.func @chain
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x2x9x9xf32>, tensor<16x2x3x3xf32>) outs({{.*}} : tensor<1x7x7x16xf32>)
// CHECK: tensor.insert_slice {{.*}}[0, 1, 1, 0] [1, 7, 7, 16] [1, 1, 1, 1] : tensor<1x7x7x16xf32> into tensor<1x9x9x16xf32>
// CHECK: linalg.generic {indexing_maps = [#[[SECOND]], #[[KERNEL]], #[[SUMS]]], {{.*}} ins({{.*}} : tensor<1x9x9x16xf32>, tensor<16x16x3x3xf32>) outs({{.*}} : tensor<1x7x7x16xf32>)
// CHECK: linalg.generic {{.*}} ins({{.*}} : tensor<1x7x7x16xf32>, tensor<1x16x1x1xf32>) outs({{.*}} : tensor<1x7x7x16xf32>)
// CHECK: %[[OUT:.*]] = linalg.generic {{.*}} ins({{.*}} : tensor<1x7x7x16xf32>) outs({{.*}} : tensor<1x16xf32>)
// CHECK: return %[[OUT]]
#in = affine_map<(n, o, y, x, c, i, j) -> (n, c, y + i, x + j)>
#weights = affine_map<(n, o, y, x, c, i, j) -> (o, c, i, j)>
#out = affine_map<(n, o, y, x, c, i, j) -> (n, o, y, x)>
#all = affine_map<(n, o, y, x) -> (n, o, y, x)>
#bias = affine_map<(n, o, y, x) -> (n, o, 0, 0)>
#channels = affine_map<(n, o, y, x) -> (n, o)>
func.func @chain(%x: tensor<1x2x9x9xf32>) -> tensor<1x16xf32> {
  %zero = arith.constant 0.0 : f32
  %v = arith.constant dense<1.0> : tensor<16x2x3x3xf32>
  %w = arith.constant dense<2.0> : tensor<16x16x3x3xf32>
  %b = arith.constant dense<3.0> : tensor<1x16x1x1xf32>
  %around = arith.constant dense<0.0> : tensor<1x16x9x9xf32>
  %e0 = tensor.empty() : tensor<1x16x7x7xf32>
  %start0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x16x7x7xf32>) -> tensor<1x16x7x7xf32>
  %first = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %v : tensor<1x2x9x9xf32>, tensor<16x2x3x3xf32>) outs(%start0 : tensor<1x16x7x7xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x16x7x7xf32>
  %padded = tensor.insert_slice %first into %around[0, 0, 1, 1] [1, 16, 7, 7] [1, 1, 1, 1] : tensor<1x16x7x7xf32> into tensor<1x16x9x9xf32>
  %e1 = tensor.empty() : tensor<1x16x7x7xf32>
  %start1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x16x7x7xf32>) -> tensor<1x16x7x7xf32>
  %second = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%padded, %w : tensor<1x16x9x9xf32>, tensor<16x16x3x3xf32>) outs(%start1 : tensor<1x16x7x7xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x16x7x7xf32>
  %e2 = tensor.empty() : tensor<1x16x7x7xf32>
  %biased = linalg.generic {indexing_maps = [#all, #bias, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%second, %b : tensor<1x16x7x7xf32>, tensor<1x16x1x1xf32>) outs(%e2 : tensor<1x16x7x7xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %r = arith.addf %a, %k : f32
    linalg.yield %r : f32
  } -> tensor<1x16x7x7xf32>
  %e3 = tensor.empty() : tensor<1x16xf32>
  %start3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<1x16xf32>) -> tensor<1x16xf32>
  %sums = linalg.generic {indexing_maps = [#all, #channels], iterator_types = ["parallel", "parallel", "reduction", "reduction"]} ins(%biased : tensor<1x16x7x7xf32>) outs(%start3 : tensor<1x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %a, %o : f32
    linalg.yield %r : f32
  } -> tensor<1x16xf32>
  return %sums : tensor<1x16xf32>
}

// The result keeps its order: the last convolution writes it so, and reads what has its channels last.
// CHECK-LABEL: func.func @border
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x7x7x64xf32>)
// CHECK: %[[LAST:.*]] = linalg.generic {{.*}} ins({{.*}} : tensor<1x7x7x64xf32>, tensor<64x64x3x3xf32>) outs({{.*}} : tensor<1x64x5x5xf32>)
// CHECK: return %[[LAST]]
func.func @border(%x: tensor<1x2x9x9xf32>) -> tensor<1x64x5x5xf32> {
  %zero = arith.constant 0.0 : f32
  %v = arith.constant dense<1.0> : tensor<64x2x3x3xf32>
  %w = arith.constant dense<2.0> : tensor<64x64x3x3xf32>
  %e0 = tensor.empty() : tensor<1x64x7x7xf32>
  %start0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<1x64x7x7xf32>) -> tensor<1x64x7x7xf32>
  %first = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %v : tensor<1x2x9x9xf32>, tensor<64x2x3x3xf32>) outs(%start0 : tensor<1x64x7x7xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x64x7x7xf32>
  %e1 = tensor.empty() : tensor<1x64x7x7xf32>
  %relu = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%first : tensor<1x64x7x7xf32>) outs(%e1 : tensor<1x64x7x7xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maximumf %a, %zero : f32
    linalg.yield %r : f32
  } -> tensor<1x64x7x7xf32>
  %e2 = tensor.empty() : tensor<1x64x5x5xf32>
  %start2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<1x64x5x5xf32>) -> tensor<1x64x5x5xf32>
  %second = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%relu, %w : tensor<1x64x7x7xf32>, tensor<64x64x3x3xf32>) outs(%start2 : tensor<1x64x5x5xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x64x5x5xf32>
  return %second : tensor<1x64x5x5xf32>
}
