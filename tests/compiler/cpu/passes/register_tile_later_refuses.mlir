// RUN: cpu_opt %s cpu-outline cpu-register-tile | FileCheck %s

// What approximates a function on the sums reads another tensor in the place where it writes: sums that stand there meanwhile would overwrite it. It is a function of its own.
// CHECK-LABEL: func.func private @main_kernel_0(
// CHECK: vector.fma
// CHECK-NOT: math.exp
// CHECK: return
// CHECK-LABEL: func.func private @main_kernel_1(
// CHECK-NOT: vector.fma
// CHECK: math.exp
// CHECK: return
#out = affine_map<(n, o) -> (n, o)>
#rows = affine_map<(n, o, c) -> (n, c)>
#columns = affine_map<(n, o, c) -> (c, o)>
#sums = affine_map<(n, o, c) -> (n, o)>
func.func @main(%x: memref<8x6xf32>, %w: memref<6x8xf32>, %y: memref<8x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %sums = memref.alloc() : memref<8x8xf32>
  linalg.fill ins(%zero : f32) outs(%sums : memref<8x8xf32>)
  linalg.generic {indexing_maps = [#rows, #columns, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x6xf32>, memref<6x8xf32>) outs(%sums : memref<8x8xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %p = arith.mulf %a, %c : f32
    %r = arith.addf %o, %p : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [#out, #out, #out], iterator_types = ["parallel", "parallel"]} ins(%sums, %y : memref<8x8xf32>, memref<8x8xf32>) outs(%y : memref<8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %e = math.exp %a : f32
    %r = arith.mulf %e, %b : f32
    linalg.yield %r : f32
  }
  return
}
