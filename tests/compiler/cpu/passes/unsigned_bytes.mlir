// RUN: cpu_opt %s cpu-unsigned-bytes | FileCheck %s

// A product of matrices reads what an element-wise operation makes, padded: that is made with its top bits flipped, as is the border, and the product extends with zeros. Its sums start
// 128 times the weights lower: 5 - 128 * (1 + 2), 6 - 128 * (3 - 4). What else reads the bytes flips them back.
// CHECK-LABEL: func.func @chain
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.addi
// CHECK-NEXT: %[[TOP:.*]] = arith.constant -128 : i8
// CHECK-NEXT: %[[FLIPPED:.*]] = arith.xori {{.*}}, %[[TOP]] : i8
// CHECK-NEXT: linalg.yield %[[FLIPPED]] : i8
// CHECK: arith.constant dense<-121> : tensor<4x2xi8>
// CHECK: tensor.insert_slice
// CHECK: arith.constant dense<[-379, 134]> : tensor<2xi32>
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.extui {{.*}} : i8 to i32
// CHECK-NEXT: arith.extsi {{.*}} : i8 to i32
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0
// CHECK: arith.xori
// CHECK: arith.addi
// CHECK: return
#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
#left = affine_map<(i, j, k) -> (i, k)>
#right = affine_map<(i, j, k) -> (j, k)>
#out = affine_map<(i, j, k) -> (i, j)>
func.func @chain(%x: tensor<3x2xi8>) -> (tensor<4x2xi32>, tensor<4x2xi8>) {
  %w = arith.constant dense<[[1, 2], [3, -4]]> : tensor<2x2xi8>
  %b = arith.constant dense<[5, 6]> : tensor<2xi32>
  %around = arith.constant dense<7> : tensor<4x2xi8>
  %e = tensor.empty() : tensor<3x2xi8>
  %made = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<3x2xi8>) outs(%e : tensor<3x2xi8>) {
  ^bb0(%a: i8, %o: i8):
    %r = arith.addi %a, %a : i8
    linalg.yield %r : i8
  } -> tensor<3x2xi8>
  %padded = tensor.insert_slice %made into %around[0, 0] [3, 2] [1, 1] : tensor<3x2xi8> into tensor<4x2xi8>
  %e1 = tensor.empty() : tensor<4x2xi32>
  %start = linalg.generic {indexing_maps = [#column, #all], iterator_types = ["parallel", "parallel"]} ins(%b : tensor<2xi32>) outs(%e1 : tensor<4x2xi32>) {
  ^bb0(%a: i32, %o: i32):
    linalg.yield %a : i32
  } -> tensor<4x2xi32>
  %sums = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "reduction"]} ins(%padded, %w : tensor<4x2xi8>, tensor<2x2xi8>) outs(%start : tensor<4x2xi32>) {
  ^bb0(%a: i8, %k: i8, %o: i32):
    %wa = arith.extsi %a : i8 to i32
    %wk = arith.extsi %k : i8 to i32
    %p = arith.muli %wa, %wk : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<4x2xi32>
  %e2 = tensor.empty() : tensor<4x2xi8>
  %other = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%padded : tensor<4x2xi8>) outs(%e2 : tensor<4x2xi8>) {
  ^bb0(%a: i8, %o: i8):
    %r = arith.addi %a, %a : i8
    linalg.yield %r : i8
  } -> tensor<4x2xi8>
  return %sums, %other : tensor<4x2xi32>, tensor<4x2xi8>
}

// An argument is flipped by an operation of its own, and its maximum is one of unsigned bytes.
// CHECK-LABEL: func.func @pooled
// CHECK: %[[ARGUMENT:.*]] = linalg.generic {{.*}} ins(%arg0 : tensor<4x2xi8>)
// CHECK: arith.xori
// CHECK: linalg.generic {{.*}} ins(%[[ARGUMENT]] : tensor<4x2xi8>)
// CHECK-NEXT: ^bb0
// CHECK-NEXT: arith.maxui
// CHECK: arith.extui
#row = affine_map<(j, i) -> (j)>
#turned = affine_map<(j, i) -> (i, j)>
#vector = affine_map<(j, k) -> (k)>
#rows = affine_map<(j, k) -> (j, k)>
#sum = affine_map<(j, k) -> (j)>
func.func @pooled(%x: tensor<4x2xi8>) -> tensor<2xi32> {
  %least = arith.constant -128 : i8
  %zero = arith.constant 0 : i32
  %w = arith.constant dense<[[1, 2], [3, -4]]> : tensor<2x2xi8>
  %e = tensor.empty() : tensor<2xi8>
  %start = linalg.fill ins(%least : i8) outs(%e : tensor<2xi8>) -> tensor<2xi8>
  %most = linalg.generic {indexing_maps = [#turned, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x2xi8>) outs(%start : tensor<2xi8>) {
  ^bb0(%a: i8, %o: i8):
    %r = arith.maxsi %a, %o : i8
    linalg.yield %r : i8
  } -> tensor<2xi8>
  %e1 = tensor.empty() : tensor<2xi32>
  %zeros = linalg.fill ins(%zero : i32) outs(%e1 : tensor<2xi32>) -> tensor<2xi32>
  %sums = linalg.generic {indexing_maps = [#vector, #rows, #sum], iterator_types = ["parallel", "reduction"]} ins(%most, %w : tensor<2xi8>, tensor<2x2xi8>) outs(%zeros : tensor<2xi32>) {
  ^bb0(%a: i8, %k: i8, %o: i32):
    %wa = arith.extsi %a : i8 to i32
    %wk = arith.extsi %k : i8 to i32
    %p = arith.muli %wa, %wk : i32
    %r = arith.addi %o, %p : i32
    linalg.yield %r : i32
  } -> tensor<2xi32>
  return %sums : tensor<2xi32>
}
