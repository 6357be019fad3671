// RUN: cpu_opt %s cpu-register-tile | FileCheck %s

// Five bytes a row: a group of four and one that has one byte. The picture's top bits are flipped, and what that adds is taken away before: 128 times
// the sum of a filter's weights, here 5 times 2.
// CHECK: memref.global "private" constant @{{.*}} : memref<8xi32> = dense<[33686018, 33686018, 33686018, 33686018, 2, 2, 2, 2]>
// CHECK: memref.global "private" constant @{{.*}} : memref<4xi32> = dense<1280>
// CHECK-LABEL: func.func @dense(
// CHECK-NOT: linalg
// CHECK: arith.subi {{.*}} : vector<4xi32>
// CHECK: vector.load {{.*}} : memref<15xi8, strided<[1]>>, vector<4xi8>
// CHECK: arith.constant -2139062144 : i32
// CHECK: arith.xori
// CHECK: llvm.call_intrinsic "llvm.test.dot"
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
