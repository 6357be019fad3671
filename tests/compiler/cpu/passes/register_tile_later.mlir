// RUN: cpu_opt %s cpu-outline cpu-register-tile | FileCheck %s

// What reads the sums approximates a function, which is long: it is there once for a tile, in loops that read the sums where they write. Four rows of two vectors: the loop
// over vectors stands within the loop over rows.
// CHECK-LABEL: func.func private @main_kernel_0(
// CHECK: vector.fma
// CHECK-NOT: math.exp
// CHECK: vector.store
// CHECK: scf.for
// CHECK: scf.for
// CHECK: %[[SUM:.*]] = vector.load {{.*}} : memref<64xf32, strided<[1]>>, vector<4xf32>
// CHECK-NEXT: %[[MADE:.*]] = math.exp %[[SUM]] : vector<4xf32>
// CHECK: vector.store %[[MADE]], {{.*}} : memref<64xf32, strided<[1]>>, vector<4xf32>
// CHECK-NOT: math.exp
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
  linalg.generic {indexing_maps = [#out, #out], iterator_types = ["parallel", "parallel"]} ins(%sums : memref<8x8xf32>) outs(%y : memref<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  }
  return
}
