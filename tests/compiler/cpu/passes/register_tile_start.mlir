// RUN: cpu_opt %s cpu-outline cpu-register-tile | FileCheck %s

// A constant that is spread over the output before a reduction goes with it, and its values are what the sums start from: along the lanes as a vector, across
// them as one number. What another operation reads first, or what is no constant, is written as it says.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: linalg
// CHECK: call @main_kernel_0
// CHECK-NOT: linalg
// CHECK: call @main_kernel_1
// CHECK: call @main_kernel_2
// CHECK: call @main_kernel_3
// CHECK-LABEL: func.func private @main_kernel_0(
// CHECK-NOT: linalg
// CHECK: memref.get_global @bias
// CHECK: vector.load {{.*}} : memref<8xf32, strided<[1]>>, vector<4xf32>
// CHECK: vector.fma
// CHECK-LABEL: func.func private @main_kernel_1(
// CHECK-NOT: linalg
// CHECK: memref.load {{.*}} : memref<8xf32, strided<[1]>>
// CHECK: vector.broadcast {{.*}} : f32 to vector<4xf32>
// CHECK: vector.fma
// CHECK-LABEL: func.func private @main_kernel_2(
// CHECK: linalg.generic
// CHECK-LABEL: func.func private @main_kernel_3(
// CHECK-NOT: linalg
// CHECK: vector.fma
#out = affine_map<(n, o) -> (n, o)>
#last = affine_map<(n, o) -> (o)>
#first = affine_map<(n, o) -> (n)>
#rows = affine_map<(n, o, c) -> (n, c)>
#columns = affine_map<(n, o, c) -> (c, o)>
#sums = affine_map<(n, o, c) -> (n, o)>
memref.global "private" constant @bias : memref<8xf32> = dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]>
memref.global "private" constant @weights : memref<6x8xf32> = dense<2.0>
func.func @main(%x: memref<8x6xf32>, %given: memref<8xf32>, %y: memref<8x8xf32>, %z: memref<8x8xf32>, %u: memref<8x8xf32>) {
  %b = memref.get_global @bias : memref<8xf32>
  %w = memref.get_global @weights : memref<6x8xf32>
  linalg.generic {indexing_maps = [#last, #out], iterator_types = ["parallel", "parallel"]} ins(%b : memref<8xf32>) outs(%y : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#rows, #columns, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x6xf32>, memref<6x8xf32>) outs(%y : memref<8x8xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [#first, #out], iterator_types = ["parallel", "parallel"]} ins(%b : memref<8xf32>) outs(%z : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#rows, #columns, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x6xf32>, memref<6x8xf32>) outs(%z : memref<8x8xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [#last, #out], iterator_types = ["parallel", "parallel"]} ins(%given : memref<8xf32>) outs(%u : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#rows, #columns, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x6xf32>, memref<6x8xf32>) outs(%u : memref<8x8xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  return
}
