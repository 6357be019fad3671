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

// Other windows: five rows of three, and three of five.
// CHECK-LABEL: func.func @tall
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x32x30x64xf32>, tensor<64x64x5x3xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @tall(%x: tensor<1x32x30x64xf32>, %start: tensor<1x28x28x64xf32>) -> tensor<1x28x28x64xf32> {
  %w = arith.constant dense<1.0> : tensor<64x64x5x3xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x32x30x64xf32>, tensor<64x64x5x3xf32>) outs(%start : tensor<1x28x28x64xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x28x28x64xf32>
  return %sums : tensor<1x28x28x64xf32>
}

// CHECK-LABEL: func.func @wide
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x30x32x64xf32>, tensor<64x64x3x5xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @wide(%x: tensor<1x30x32x64xf32>, %start: tensor<1x28x28x64xf32>) -> tensor<1x28x28x64xf32> {
  %w = arith.constant dense<1.0> : tensor<64x64x3x5xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x30x32x64xf32>, tensor<64x64x3x5xf32>) outs(%start : tensor<1x28x28x64xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x28x28x64xf32>
  return %sums : tensor<1x28x28x64xf32>
}

// What lies between the products is larger than the cache: a picture of 12x12 with as many channels (winograd.mlir) is worth it.
// CHECK-LABEL: func.func @large
// CHECK: linalg.generic {{.*}} ins(%arg0, {{.*}} : tensor<1x58x58x32xf32>, tensor<32x32x3x3xf32>)
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @large(%x: tensor<1x58x58x32xf32>, %start: tensor<1x56x56x32xf32>) -> tensor<1x56x56x32xf32> {
  %w = arith.constant dense<1.0> : tensor<32x32x3x3xf32>
  %sums = linalg.generic {indexing_maps = [#in, #weights, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%x, %w : tensor<1x58x58x32xf32>, tensor<32x32x3x3xf32>) outs(%start : tensor<1x56x56x32xf32>) {
  ^bb0(%a: f32, %k: f32, %o: f32):
    %p = arith.mulf %a, %k : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  } -> tensor<1x56x56x32xf32>
  return %sums : tensor<1x56x56x32xf32>
}
