// RUN: cpu_opt %s cpu-outline cpu-register-tile | FileCheck %s

// What reads the finished sums once, element by element, goes with the reduction, with what it reads beside them: the sums have no buffer.
// CHECK-LABEL: func.func @main(
// CHECK-NOT: memref.alloc
// CHECK-NOT: linalg
// CHECK: call @main_kernel_0
// CHECK-NOT: call
// CHECK: return
// CHECK-LABEL: func.func private @main_kernel_0(
// CHECK-NOT: linalg
// CHECK-NOT: memref.alloc
// CHECK-NOT: vector<4xi32>, memref
// CHECK: %[[BESIDE:.*]] = vector.load {{.*}} : memref<64xi8, strided<[1]>>, vector<4xi8>
// CHECK: arith.shrsi {{.*}} : vector<4xi32>
// CHECK: %[[NARROW:.*]] = arith.trunci {{.*}} : vector<4xi32> to vector<4xi8>
// CHECK: %[[KEPT:.*]] = arith.xori %[[NARROW]], %[[BESIDE]] : vector<4xi8>
// CHECK: vector.store %[[KEPT]], {{.*}} : memref<64xi8, strided<[1]>>, vector<4xi8>

// Sums that are read twice are written.
// CHECK-LABEL: func.func @twice(
// CHECK: memref.alloc
// CHECK: call @twice_kernel_0
// CHECK: call @twice_kernel_1
// CHECK: call @twice_kernel_2
// CHECK: return

// What is kept would be written over a picture that the reduction still reads.
// CHECK-LABEL: func.func @over(
// CHECK: memref.alloc
// CHECK: memref.alloc
// CHECK: call @over_kernel_0
// CHECK: call @over_kernel_1
// CHECK: return

// No tile can be written where no loop's elements are neighbours: the sums are a buffer of the caller's again.
// CHECK-LABEL: func.func @apart(
// CHECK: %[[SUMS:.*]] = memref.alloc() : memref<8x8xi32>
// CHECK: call @apart_kernel_0({{.*}}, %[[SUMS]])
// CHECK: return
#out = affine_map<(n, o) -> (n, o)>
#last = affine_map<(n, o) -> (o)>
#rows = affine_map<(n, o, c) -> (n, c)>
#columns = affine_map<(n, o, c) -> (c, o)>
#across = affine_map<(n, o, c) -> (o, c)>
#sums = affine_map<(n, o, c) -> (n, o)>
memref.global "private" constant @bias : memref<8xi32> = dense<[1, 2, 3, 4, 5, 6, 7, 8]>
memref.global "private" constant @square : memref<8x8xi8> = dense<2>
memref.global "private" constant @weights : memref<6x8xi8> = dense<2>
func.func @main(%x: memref<8x6xi8>, %v: memref<6x8xi8>, %z: memref<8x8xi8>, %y: memref<8x8xi8>, %u: memref<8x8xi8>) {
  %b = memref.get_global @bias : memref<8xi32>
  %w = memref.get_global @weights : memref<6x8xi8>
  %sums = memref.alloc() : memref<8x8xi32>
  linalg.generic {indexing_maps = [#last, #out], iterator_types = ["parallel", "parallel"]} ins(%b : memref<8xi32>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i32, %o: i32):
    linalg.yield %a : i32
  }
  linalg.generic {indexing_maps = [#rows, #columns, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x6xi8>, memref<6x8xi8>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i8, %c: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %c : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  linalg.generic {indexing_maps = [#out, #last, #out, #out], iterator_types = ["parallel", "parallel"]} ins(%sums, %b, %z : memref<8x8xi32>, memref<8xi32>, memref<8x8xi8>) outs(%y : memref<8x8xi8>) {
  ^bb0(%a: i32, %s: i32, %c: i8, %o: i8):
    %p = arith.shrsi %a, %s : i32
    %t = arith.trunci %p : i32 to i8
    %r = arith.xori %t, %c : i8
    linalg.yield %r : i8
  }
  return
}
func.func @twice(%x: memref<8x6xi8>, %v: memref<6x8xi8>, %z: memref<8x8xi8>, %y: memref<8x8xi8>, %u: memref<8x8xi8>) {
  %b = memref.get_global @bias : memref<8xi32>
  %w = memref.get_global @weights : memref<6x8xi8>
  %sums = memref.alloc() : memref<8x8xi32>
  linalg.generic {indexing_maps = [#last, #out], iterator_types = ["parallel", "parallel"]} ins(%b : memref<8xi32>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i32, %o: i32):
    linalg.yield %a : i32
  }
  linalg.generic {indexing_maps = [#rows, #columns, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x6xi8>, memref<6x8xi8>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i8, %c: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %c : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  linalg.generic {indexing_maps = [#out, #last, #out, #out], iterator_types = ["parallel", "parallel"]} ins(%sums, %b, %z : memref<8x8xi32>, memref<8xi32>, memref<8x8xi8>) outs(%y : memref<8x8xi8>) {
  ^bb0(%a: i32, %s: i32, %c: i8, %o: i8):
    %p = arith.shrsi %a, %s : i32
    %t = arith.trunci %p : i32 to i8
    %r = arith.xori %t, %c : i8
    linalg.yield %r : i8
  }
  linalg.generic {indexing_maps = [#out, #last, #out, #out], iterator_types = ["parallel", "parallel"]} ins(%sums, %b, %z : memref<8x8xi32>, memref<8xi32>, memref<8x8xi8>) outs(%u : memref<8x8xi8>) {
  ^bb0(%a: i32, %s: i32, %c: i8, %o: i8):
    %p = arith.shrsi %a, %s : i32
    %t = arith.trunci %p : i32 to i8
    %r = arith.xori %t, %c : i8
    linalg.yield %r : i8
  }
  return
}
func.func @over(%x: memref<8x6xi8>, %v: memref<6x8xi8>, %z: memref<8x8xi8>, %y: memref<8x8xi8>, %u: memref<8x8xi8>) {
  %b = memref.get_global @bias : memref<8xi32>
  %w = memref.get_global @weights : memref<6x8xi8>
  %sums = memref.alloc() : memref<8x8xi32>
  %square = memref.get_global @square : memref<8x8xi8>
  %m = memref.alloc() : memref<8x8xi8>
  %part = memref.collapse_shape %m [[0, 1]] : memref<8x8xi8> into memref<64xi8>
  %picture = memref.expand_shape %part [[0, 1]] output_shape [8, 8] : memref<64xi8> into memref<8x8xi8>
  linalg.generic {indexing_maps = [#last, #out], iterator_types = ["parallel", "parallel"]} ins(%b : memref<8xi32>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i32, %o: i32):
    linalg.yield %a : i32
  }
  linalg.generic {indexing_maps = [#rows, #columns, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%picture, %square : memref<8x8xi8>, memref<8x8xi8>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i8, %c: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %c : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  linalg.generic {indexing_maps = [#out, #last, #out, #out], iterator_types = ["parallel", "parallel"]} ins(%sums, %b, %z : memref<8x8xi32>, memref<8xi32>, memref<8x8xi8>) outs(%m : memref<8x8xi8>) {
  ^bb0(%a: i32, %s: i32, %c: i8, %o: i8):
    %p = arith.shrsi %a, %s : i32
    %t = arith.trunci %p : i32 to i8
    %r = arith.xori %t, %c : i8
    linalg.yield %r : i8
  }
  return
}
func.func @apart(%x: memref<8x6xi8>, %v: memref<8x6xi8>, %z: memref<8x8xi8>, %y: memref<8x8xi8>, %u: memref<8x8xi8>) {
  %b = memref.get_global @bias : memref<8xi32>
  %w = memref.get_global @weights : memref<6x8xi8>
  %sums = memref.alloc() : memref<8x8xi32>
  linalg.generic {indexing_maps = [#last, #out], iterator_types = ["parallel", "parallel"]} ins(%b : memref<8xi32>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i32, %o: i32):
    linalg.yield %a : i32
  }
  linalg.generic {indexing_maps = [#rows, #across, #sums], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %v : memref<8x6xi8>, memref<8x6xi8>) outs(%sums : memref<8x8xi32>) {
  ^bb0(%a: i8, %c: i8, %o: i32):
    %s = arith.extsi %a : i8 to i32
    %t = arith.extsi %c : i8 to i32
    %p = arith.muli %s, %t : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  }
  linalg.generic {indexing_maps = [#out, #last, #out, #out], iterator_types = ["parallel", "parallel"]} ins(%sums, %b, %z : memref<8x8xi32>, memref<8xi32>, memref<8x8xi8>) outs(%y : memref<8x8xi8>) {
  ^bb0(%a: i32, %s: i32, %c: i8, %o: i8):
    %p = arith.shrsi %a, %s : i32
    %t = arith.trunci %p : i32 to i8
    %r = arith.xori %t, %c : i8
    linalg.yield %r : i8
  }
  return
}
