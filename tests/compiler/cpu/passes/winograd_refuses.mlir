// RUN: cpu_opt %s cpu-winograd | FileCheck %s

// Two channels: transforming pixels and sums costs more than the products save.
// CHECK-LABEL: func.func @few_channels
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x30x30x2xf32>, tensor<64x2x3x3xf32>)
// CHECK-NEXT: ^bb0
// CHECK-NOT: linalg.generic
// CHECK: return
#in = affine_map<(n, y, x, o, i, j, c) -> (n, y + i, x + j, c)>
#strided = affine_map<(n, y, x, o, i, j, c) -> (n, y * 2 + i, x * 2 + j, c)>
#weights = affine_map<(n, y, x, o, i, j, c) -> (o, c, i, j)>
#out = affine_map<(n, y, x, o, i, j, c) -> (n, y, x, o)>
func.func @few_channels(%x: tensor<1x30x30x2xf32>, %start: tensor<1x28x28x64xf32>) -> tensor<1x28x28x64xf32> {
  %w = arith.constant dense<1.0> : tensor<64x2x3x3xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x30x30x2xf32>, tensor<64x2x3x3xf32>) outs(%start : tensor<1x28x28x64xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x28x28x64xf32>
  return %sums : tensor<1x28x28x64xf32>
}

// Steps of two.
// CHECK-LABEL: func.func @strided
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x57x57x64xf32>, tensor<64x64x3x3xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @strided(%x: tensor<1x57x57x64xf32>, %start: tensor<1x28x28x64xf32>) -> tensor<1x28x28x64xf32> {
  %w = arith.constant dense<1.0> : tensor<64x64x3x3xf32>
  %sums = linalg.generic {indexing_maps = [#strided, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x57x57x64xf32>, tensor<64x64x3x3xf32>) outs(%start : tensor<1x28x28x64xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x28x28x64xf32>
  return %sums : tensor<1x28x28x64xf32>
}

// Integers: the bytes must agree.
// CHECK-LABEL: func.func @integers
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x30x30x64xi32>, tensor<64x64x3x3xi32>)
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @integers(%x: tensor<1x30x30x64xi32>, %start: tensor<1x28x28x64xi32>) -> tensor<1x28x28x64xi32> {
  %w = arith.constant dense<1> : tensor<64x64x3x3xi32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x30x30x64xi32>, tensor<64x64x3x3xi32>) outs(%start : tensor<1x28x28x64xi32>) {
  ^bb0(%a: i32, %k: i32, %o: i32):
    %p = arith.muli %a, %k : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<1x28x28x64xi32>
  return %sums : tensor<1x28x28x64xi32>
}
