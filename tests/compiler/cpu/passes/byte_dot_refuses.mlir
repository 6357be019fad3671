// RUN: cpu_opt %s cpu-register-tile | FileCheck %s

// Rows of three bytes have no group of four to shift from; weights that are no constant cannot be grouped: sums of int32 instead.
// CHECK-LABEL: func.func @short(
// CHECK-NOT: llvm.call_intrinsic
// CHECK: arith.muli {{.*}} : vector<4xi32>
// CHECK-LABEL: func.func @open(
// CHECK-NOT: llvm.call_intrinsic
#rows = affine_map<(n, o, c) -> (n, c)>
#filters = affine_map<(n, o, c) -> (o, c)>
#out = affine_map<(n, o, c) -> (n, o)>
memref.global "private" constant @weights : memref<4x3xi8> = dense<2>
func.func @short(%x: memref<3x3xi8>, %y: memref<3x4xi32>) {
  %w = memref.get_global @weights : memref<4x3xi8>
  linalg.generic {indexing_maps = [#rows, #filters, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<3x3xi8>, memref<4x3xi8>) outs(%y : memref<3x4xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %b : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  return
}
func.func @open(%x: memref<3x8xi8>, %w: memref<4x8xi8>, %y: memref<3x4xi32>) {
  linalg.generic {indexing_maps = [#rows, #filters, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<3x8xi8>, memref<4x8xi8>) outs(%y : memref<3x4xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %b : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  return
}
