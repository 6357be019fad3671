// RUN: cpu_opt %s cpu-channels-last | FileCheck %s

// Rows of 16 columns are good lanes, one filter is none.
// CHECK-LABEL: func.func @one_filter
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x4x16x16xf32>, tensor<1x4x1x1xf32>) outs({{.*}} : tensor<1x1x16x16xf32>)
#in = affine_map<(n, o, y, x, c, i, j) -> (n, c, y + i, x + j)>
#weights = affine_map<(n, o, y, x, c, i, j) -> (o, c, i, j)>
#out = affine_map<(n, o, y, x, c, i, j) -> (n, o, y, x)>
func.func @one_filter(%x: tensor<1x4x16x16xf32>) -> tensor<1x1x16x16xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<2.0> : tensor<1x4x1x1xf32>
  %e = tensor.empty() : tensor<1x1x16x16xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x16x16xf32>) -> tensor<1x1x16x16xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x4x16x16xf32>, tensor<1x4x1x1xf32>) outs(%start : tensor<1x1x16x16xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x1x16x16xf32>
  return %sums : tensor<1x1x16x16xf32>
}

// A convolution that has its channels last already: no other order is tried.
// CHECK-LABEL: func.func @last
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x7x7x16xf32>, tensor<16x16xf32>) outs({{.*}} : tensor<1x7x7x16xf32>)
// CHECK: return
#inLast = affine_map<(n, y, x, o, c) -> (n, y, x, c)>
#weightsLast = affine_map<(n, y, x, o, c) -> (o, c)>
#outLast = affine_map<(n, y, x, o, c) -> (n, y, x, o)>
func.func @last(%x: tensor<1x7x7x16xf32>) -> tensor<1x7x7x16xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<2.0> : tensor<16x16xf32>
  %e = tensor.empty() : tensor<1x7x7x16xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<1x7x7x16xf32>) -> tensor<1x7x7x16xf32>
  %sums = linalg.generic {indexing_maps = [#inLast, #weightsLast, #outLast], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%x, %w : tensor<1x7x7x16xf32>, tensor<16x16xf32>) outs(%start : tensor<1x7x7x16xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x7x7x16xf32>
  return %sums : tensor<1x7x7x16xf32>
}

// A slice whose sizes only the run knows reads the product as it is: channels first.
// CHECK-LABEL: func.func @open_slice
// CHECK: %[[SUMS:.*]] = linalg.generic {{.*}} outs({{.*}} : tensor<1x16x7x7xf32>)
// CHECK: tensor.extract_slice %[[SUMS]][0, 3, 0, 0] [1, %arg1, 7, 7] [1, 1, 1, 1] : tensor<1x16x7x7xf32> to tensor<1x?x7x7xf32>
func.func @open_slice(%x: tensor<1x2x9x9xf32>, %size: index) -> tensor<1x?x7x7xf32> {
  %zero = arith.constant 0.0 : f32
  %v = arith.constant dense<1.0> : tensor<16x2x3x3xf32>
  %e = tensor.empty() : tensor<1x16x7x7xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<1x16x7x7xf32>) -> tensor<1x16x7x7xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %v : tensor<1x2x9x9xf32>, tensor<16x2x3x3xf32>) outs(%start : tensor<1x16x7x7xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x16x7x7xf32>
  %slice = tensor.extract_slice %sums[0, 3, 0, 0] [1, %size, 7, 7] [1, 1, 1, 1] : tensor<1x16x7x7xf32> to tensor<1x?x7x7xf32>
  return %slice : tensor<1x?x7x7xf32>
}

// Integers, in the shapes of which floats change (channels_last.mlir, @border).
// CHECK-LABEL: func.func @integers
// CHECK-NOT: tensor<1x7x7x64xi32>
// CHECK: linalg.generic {{.*}} outs({{.*}} : tensor<1x64x7x7xi32>)
// CHECK: linalg.generic {{.*}} ins({{.*}} : tensor<1x64x7x7xi32>, tensor<64x64x3x3xi32>) outs({{.*}} : tensor<1x64x5x5xi32>)
// CHECK-NOT: tensor<1x7x7x64xi32>
// CHECK: return
#all = affine_map<(n, o, y, x) -> (n, o, y, x)>
func.func @integers(%x: tensor<1x2x9x9xi32>) -> tensor<1x64x5x5xi32> {
  %zero = arith.constant 0 : i32
  %v = arith.constant dense<1> : tensor<64x2x3x3xi32>
  %w = arith.constant dense<2> : tensor<64x64x3x3xi32>
  %e0 = tensor.empty() : tensor<1x64x7x7xi32>
  %start0 = linalg.fill ins(%zero : i32) outs(%e0 : tensor<1x64x7x7xi32>) -> tensor<1x64x7x7xi32>
  %first = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %v : tensor<1x2x9x9xi32>, tensor<64x2x3x3xi32>) outs(%start0 : tensor<1x64x7x7xi32>) {
  ^bb0(%a: i32, %k: i32, %o: i32):
    %p = arith.muli %a, %k : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<1x64x7x7xi32>
  %e1 = tensor.empty() : tensor<1x64x7x7xi32>
  %relu = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel", "parallel"]} ins(%first : tensor<1x64x7x7xi32>) outs(%e1 : tensor<1x64x7x7xi32>) {
  ^bb0(%a: i32, %o: i32):
    %r = arith.maxsi %a, %zero : i32
    linalg.yield %r : i32
  } -> tensor<1x64x7x7xi32>
  %e2 = tensor.empty() : tensor<1x64x5x5xi32>
  %start2 = linalg.fill ins(%zero : i32) outs(%e2 : tensor<1x64x5x5xi32>) -> tensor<1x64x5x5xi32>
  %second = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%relu, %w : tensor<1x64x7x7xi32>, tensor<64x64x3x3xi32>) outs(%start2 : tensor<1x64x5x5xi32>) {
  ^bb0(%a: i32, %k: i32, %o: i32):
    %p = arith.muli %a, %k : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<1x64x5x5xi32>
  return %second : tensor<1x64x5x5xi32>
}
