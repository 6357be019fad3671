// RUN: cpu_opt %s cpu-join-in-place | FileCheck %s

#all = affine_map<(i) -> (i)>
// A part that somebody else reads has its own place, a tensor that starts from a value is not empty, and a place that is computed may stand behind.
// CHECK-LABEL: func.func @stays
// CHECK: linalg.generic
// CHECK: tensor.empty() : tensor<8xf32>
// CHECK-NEXT: tensor.insert_slice
// CHECK: linalg.fill
// CHECK-NEXT: tensor.insert_slice
// CHECK: linalg.generic
// CHECK: tensor.empty() : tensor<7xf32>
// CHECK-NEXT: tensor.insert_slice
// CHECK: return
func.func @stays(%x: tensor<4xf32>, %at: index) -> (tensor<4xf32>, tensor<8xf32>, tensor<9xf32>, tensor<7xf32>) {
  %zero = arith.constant 0.0 : f32
  %ea = tensor.empty() : tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%ea : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = math.absf %v : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %whole = tensor.empty() : tensor<8xf32>
  %first = tensor.insert_slice %a into %whole[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %more = tensor.empty() : tensor<9xf32>
  %padded = linalg.fill ins(%zero : f32) outs(%more : tensor<9xf32>) -> tensor<9xf32>
  %second = tensor.insert_slice %x into %padded[1] [4] [1] : tensor<4xf32> into tensor<9xf32>
  %eb = tensor.empty() : tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%eb : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = arith.negf %v : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %other = tensor.empty() : tensor<7xf32>
  %third = tensor.insert_slice %b into %other[%at] [4] [1] : tensor<4xf32> into tensor<7xf32>
  return %a, %first, %second, %third : tensor<4xf32>, tensor<8xf32>, tensor<9xf32>, tensor<7xf32>
}

// Parts that are made in another order than they are joined: the one that is joined last is made before its place is known, and is copied there.
// CHECK-LABEL: func.func @other_order(
// CHECK: %[[WHOLE:.*]] = tensor.empty() : tensor<8xf32>
// CHECK: %[[B:.*]] = linalg.generic
// CHECK: arith.negf
// CHECK: %[[A:.*]] = linalg.generic
// CHECK: math.absf
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %[[A]] into %[[WHOLE]][0] [4] [1]
// CHECK-NEXT: tensor.insert_slice %[[B]] into %[[FIRST]][4] [4] [1]
func.func @other_order(%x: tensor<4xf32>) -> tensor<8xf32> {
  %eb = tensor.empty() : tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%eb : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = arith.negf %v : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %ea = tensor.empty() : tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%ea : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = math.absf %v : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %whole = tensor.empty() : tensor<8xf32>
  %first = tensor.insert_slice %a into %whole[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %both = tensor.insert_slice %b into %first[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %both : tensor<8xf32>
}

// A loop over rows makes the part: nothing moves.
// CHECK-LABEL: func.func @rows(
// CHECK: %[[PART:.*]] = scf.for
// CHECK: }
// CHECK-NEXT: %[[WHOLE:.*]] = tensor.empty() : tensor<8xf32>
// CHECK-NEXT: tensor.insert_slice %[[PART]] into %[[WHOLE]]
func.func @rows(%x: tensor<4xf32>, %start: tensor<4xf32>) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %part = scf.for %i = %c0 to %c4 step %c1 iter_args(%so_far = %start) -> tensor<4xf32> {
    %v = tensor.extract %x[%i] : tensor<4xf32>
    %next = tensor.insert %v into %so_far[%i] : tensor<4xf32>
    scf.yield %next : tensor<4xf32>
  }
  %whole = tensor.empty() : tensor<8xf32>
  %joined = tensor.insert_slice %part into %whole[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %joined : tensor<8xf32>
}

// Sums with a start of their own: the tensor comes before the sums, but behind what they start from, which has a buffer for itself.
// CHECK-LABEL: func.func @sums(
// CHECK: linalg.fill
// CHECK-NEXT: tensor.empty() : tensor<8xf32>
// CHECK-NEXT: linalg.matvec
// CHECK-NEXT: tensor.insert_slice
func.func @sums(%x: tensor<4x4xf32>, %y: tensor<4xf32>) -> tensor<8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %sums = linalg.matvec ins(%x, %y : tensor<4x4xf32>, tensor<4xf32>) outs(%start : tensor<4xf32>) -> tensor<4xf32>
  %whole = tensor.empty() : tensor<8xf32>
  %joined = tensor.insert_slice %sums into %whole[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %joined : tensor<8xf32>
}
