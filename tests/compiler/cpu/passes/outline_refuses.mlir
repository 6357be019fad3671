// RUN: cpu_opt %s cpu-outline | FileCheck %s

// Strided views, dynamic shapes and what stands in a loop stay.
// CHECK-LABEL: func.func @body(
// CHECK-NOT: call
// CHECK-COUNT-3: linalg.generic
// CHECK-NOT: func.func
#one = affine_map<(i) -> (i)>
func.func @body(%y: memref<32xf32>, %z: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = memref.subview %y[0] [16] [2] : memref<32xf32> to memref<16xf32, strided<[2]>>
  linalg.generic {indexing_maps = [#one], iterator_types = ["parallel"]} outs(%s : memref<16xf32, strided<[2]>>) {
  ^bb0(%o: f32):
    %r = arith.negf %o : f32
    linalg.yield %r : f32
  }
  linalg.generic {indexing_maps = [#one], iterator_types = ["parallel"]} outs(%z : memref<?xf32>) {
  ^bb0(%o: f32):
    %r = arith.negf %o : f32
    linalg.yield %r : f32
  }
  scf.for %i = %c0 to %n step %c1 {
    linalg.generic {indexing_maps = [#one], iterator_types = ["parallel"]} outs(%y : memref<32xf32>) {
    ^bb0(%o: f32):
      %r = arith.negf %o : f32
      linalg.yield %r : f32
    }
  }
  return
}
