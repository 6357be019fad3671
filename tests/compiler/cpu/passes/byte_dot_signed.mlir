// RUN: cpu_opt %s --signed-dots cpu-register-tile | FileCheck %s

// Dots that take both sides signed: no bit is flipped and nothing taken away; vectors of bytes, not of int32. Of the group of one byte the others are
// shifted out.
// CHECK: memref.global "private" constant @{{.*}} : memref<8xi32> = dense<[33686018, 33686018, 33686018, 33686018, 2, 2, 2, 2]>
// CHECK-LABEL: func.func @dense(
// CHECK-NOT: arith.subi
// CHECK-NOT: arith.xori
// CHECK: vector.load {{.*}} : memref<15xi8, strided<[1]>>, vector<4xi8>
// CHECK: vector.bitcast {{.*}} : vector<4xi32> to vector<16xi8>
// CHECK: llvm.call_intrinsic "llvm.test.dot"({{.*}}) : (vector<4xi32>, vector<16xi8>, vector<16xi8>) -> vector<4xi32>
// CHECK: %[[SHIFT:.*]] = arith.constant 24 : i32
// CHECK: arith.shrui {{.*}}, %[[SHIFT]] : i32
// CHECK: llvm.call_intrinsic "llvm.test.dot"
// CHECK: return
#rows = affine_map<(n, o, c) -> (n, c)>
#filters = affine_map<(n, o, c) -> (o, c)>
#out = affine_map<(n, o, c) -> (n, o)>
memref.global "private" constant @weights : memref<4x5xi8> = dense<2>
func.func @dense(%x: memref<3x5xi8>, %y: memref<3x4xi32>) {
  %w = memref.get_global @weights : memref<4x5xi8>
  linalg.generic {indexing_maps = [#rows, #filters, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<3x5xi8>, memref<4x5xi8>) outs(%y : memref<3x4xi32>) {
  ^bb0(%a: i8, %b: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %b : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  return
}
