// RUN: cpu_opt %s cpu-join-in-place | FileCheck %s

// Both parts are made before the tensor that they are put into: that comes first, and each part is inserted before the next is made.
// CHECK-LABEL: func.func @joined
// CHECK: %[[WHOLE:.*]] = tensor.empty() : tensor<8xf32>
// CHECK: %[[A:.*]] = linalg.generic
// CHECK: math.absf
// CHECK: %[[FIRST:.*]] = tensor.insert_slice %[[A]] into %[[WHOLE]][0] [4] [1]
// CHECK: %[[B:.*]] = linalg.generic
// CHECK: arith.negf
// CHECK: tensor.insert_slice %[[B]] into %[[FIRST]][4] [4] [1]
// CHECK: return
#all = affine_map<(i) -> (i)>
func.func @joined(%x: tensor<4xf32>) -> tensor<8xf32> {
  %ea = tensor.empty() : tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%ea : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = math.absf %v : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %eb = tensor.empty() : tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%eb : tensor<4xf32>) {
  ^bb0(%v: f32, %o: f32):
    %r = arith.negf %v : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %whole = tensor.empty() : tensor<8xf32>
  %first = tensor.insert_slice %a into %whole[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %both = tensor.insert_slice %b into %first[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %both : tensor<8xf32>
}
