// RUN: cpu_opt %s cpu-register-tile | FileCheck %s

// Weights of int16 that are bytes less a zero point: 128 and 130 are held as 125 and 127, and the zero point is 3. Each row of the picture has one more sum, of ones,
// and three times that goes to each sum of the row. Of the short group's ones only the first counts.
// CHECK: memref.global "private" constant @{{.*}} : memref<8xi32> = dense<[2105376125, 2139062143, 2105376125, 2139062143, 125, 127, 125, 127]>
// CHECK: memref.global "private" constant @{{.*}} : memref<4xi32> = dense<[81920, 83200, 81920, 83200]>
// CHECK-LABEL: func.func @unsigned(
// CHECK-NOT: linalg
// CHECK-DAG: %[[ONES:.*]] = arith.constant 16843009 : i32
// CHECK: vector.broadcast %[[ONES]]
// CHECK: llvm.call_intrinsic "llvm.test.dot"
// CHECK: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK: vector.broadcast %[[ONE]] : i32 to vector<4xi32>
// CHECK: llvm.call_intrinsic "llvm.test.dot"
// CHECK: %[[ZERO:.*]] = arith.constant 3 : i32
// CHECK: %[[FACTOR:.*]] = vector.broadcast %[[ZERO]] : i32 to vector<4xi32>
// CHECK: arith.muli {{.*}}, %[[FACTOR]] : vector<4xi32>
// CHECK: return
// Weights further apart than bytes are.
// CHECK-LABEL: func.func @apart(
// CHECK-NOT: llvm.call_intrinsic
#rows = affine_map<(n, o, c) -> (n, c)>
#filters = affine_map<(n, o, c) -> (o, c)>
#out = affine_map<(n, o, c) -> (n, o)>
memref.global "private" constant @weights : memref<4x5xi16> = dense<[[128, 128, 128, 128, 128], [130, 130, 130, 130, 130], [128, 128, 128, 128, 128], [130, 130, 130, 130, 130]]>
memref.global "private" constant @wide : memref<4x5xi16> = dense<[[0, 0, 0, 0, 0], [256, 0, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]]>
func.func @unsigned(%x: memref<3x5xi8>, %y: memref<3x4xi32>) {
  %w = memref.get_global @weights : memref<4x5xi16>
  linalg.generic {indexing_maps = [#rows, #filters, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<3x5xi8>, memref<4x5xi16>) outs(%y : memref<3x4xi32>) {
  ^bb0(%a: i8, %b: i16, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %b : i16 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  return
}
func.func @apart(%x: memref<3x5xi8>, %y: memref<3x4xi32>) {
  %w = memref.get_global @wide : memref<4x5xi16>
  linalg.generic {indexing_maps = [#rows, #filters, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<3x5xi8>, memref<4x5xi16>) outs(%y : memref<3x4xi32>) {
  ^bb0(%a: i8, %b: i16, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %b : i16 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  return
}
