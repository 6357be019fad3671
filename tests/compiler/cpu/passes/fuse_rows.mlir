// RUN: cpu_opt %s cpu-fuse-rows | FileCheck %s

#all = affine_map<(h, i, j) -> (h, i, j)>
#row = affine_map<(h, i, j) -> (h, i)>
#one = affine_map<(h, i, j) -> (h, i, 0)>

// Softmax of 2 x 50 rows: 21 of them would fill a block of 32 KiB, none of 21 to 11 divides 50. Two blocks of 17 of each of the two, then a rest of 16 rows; what stands between is of a block.
// The block of results is written where it goes.
// CHECK-LABEL: func.func @softmax(
// CHECK-SAME: %[[X:[^ ]*]]: tensor<2x50x128xf32>
// CHECK-DAG: %[[STEPS:.*]] = arith.constant 4 : index
// CHECK: %[[WHOLE:.*]] = scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{.*}} iter_args(%[[OUT:.*]] = %{{.*}}) -> (tensor<2x50x128xf32>) {
// CHECK: tensor.extract_slice %[[X]][%{{.*}}, %{{.*}}, 0] [1, 17, 128]
// CHECK: arith.maximumf
// CHECK: %[[PLACE:.*]] = tensor.empty() : tensor<1x17x128xf32>
// CHECK: %[[POWERS:.*]] = linalg.generic {{.*}} outs(%[[PLACE]] : tensor<1x17x128xf32>)
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: %[[TO:.*]] = tensor.extract_slice %[[OUT]][%{{.*}}, %{{.*}}, 0] [1, 17, 128]
// CHECK: linalg.generic {{.*}} ins(%[[POWERS]], {{.*}} outs(%[[TO]] :
// CHECK: arith.divf
// CHECK: tensor.insert_slice %{{.*}} into %[[OUT]]
// CHECK: } {cpu.rows = [[CHAIN:[0-9]+]] : i64}
// CHECK: scf.for {{.*}} = %[[WHOLE]])
// CHECK: tensor.extract_slice %[[X]][%{{.*}}, 34, 0] [1, 16, 128]
// CHECK: } {cpu.rows = [[CHAIN]] : i64}
func.func @softmax(%x: tensor<2x50x128xf32>) -> tensor<2x50x128xf32> {
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x50x128xf32>
  %f = tensor.empty() : tensor<2x50xf32>
  %0 = linalg.fill ins(%low : f32) outs(%f : tensor<2x50xf32>) -> tensor<2x50xf32>
  %1 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<2x50x128xf32>) outs(%0 : tensor<2x50xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.maximumf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<2x50xf32>
  %2 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %1 : tensor<2x50x128xf32>, tensor<2x50xf32>) outs(%e : tensor<2x50x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.subf %a, %b : f32
    %s = math.exp %r : f32
    linalg.yield %s : f32
  } -> tensor<2x50x128xf32>
  %3 = linalg.fill ins(%zero : f32) outs(%f : tensor<2x50xf32>) -> tensor<2x50xf32>
  %4 = linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%2 : tensor<2x50x128xf32>) outs(%3 : tensor<2x50xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<2x50xf32>
  %5 = linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2, %4 : tensor<2x50x128xf32>, tensor<2x50xf32>) outs(%e : tensor<2x50x128xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<2x50x128xf32>
  return %5 : tensor<2x50x128xf32>
}

// Attention: both products go into the loop, the keys' and values' matrices of the head whole; the scores are scaled and raised where they stand, the sums' dimension of one element is
// seen through the reshape, and what orders the result anew is done in the block too. The whole matrix of scores is nowhere.
#q = affine_map<(h, i, j, k) -> (h, i, k)>
#k = affine_map<(h, i, j, k) -> (h, k, j)>
#s = affine_map<(h, i, j, k) -> (h, i, j)>
#all4 = affine_map<(h, i, u, j) -> (h, i, u, j)>
#row4 = affine_map<(h, i, u, j) -> (h, i, u)>
#turned = affine_map<(i, h, j) -> (h, i, j)>
#plain = affine_map<(i, h, j) -> (i, h, j)>
// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[Q:[^ ]*]]: tensor<4x64x16xf32>, %[[K:[^ ]*]]: tensor<4x16x256xf32>, %[[V:[^ ]*]]: tensor<4x256x16xf32>
// CHECK-NOT: ins({{.*}}4x64x256
// CHECK: scf.for %{{.*}} iter_args(%[[OUT:.*]] = %{{.*}}) -> (tensor<64x4x16xf32>) {
// CHECK-DAG: tensor.extract_slice %[[Q]][%{{.*}}, %{{.*}}, 0] [1, 16, 16]
// CHECK-DAG: tensor.extract_slice %[[K]][%{{.*}}, 0, 0] [1, 16, 256]
// CHECK: %[[SCORES:.*]] = linalg.generic
// CHECK: %[[SCALED:.*]] = linalg.generic {{.*}} ins(%[[SCORES]] : tensor<1x16x256xf32>) outs(%[[SCORES]] :
// CHECK: tensor.expand_shape %[[SCALED]] {{.*}} output_shape [1, 16, 1, 256]
// CHECK: linalg.generic {{.*}} ins(%[[SCALED]], {{.*}} outs(%[[SCALED]] :
// CHECK: tensor.extract_slice %[[V]][%{{.*}}, 0, 0] [1, 256, 16]
// CHECK: tensor.insert_slice %{{.*}} into %[[OUT]][%{{.*}}, %{{.*}}, 0] [16, 1, 16]
// CHECK-NOT: scf.for
// CHECK: return
func.func @attention(%q: tensor<4x64x16xf32>, %k: tensor<4x16x256xf32>, %v: tensor<4x256x16xf32>) -> tensor<64x4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %c = arith.constant 0.25 : f32
  %e = tensor.empty() : tensor<4x64x256xf32>
  %f = tensor.empty() : tensor<4x64x1xf32>
  %g = tensor.empty() : tensor<4x64x16xf32>
  %t = tensor.empty() : tensor<64x4x16xf32>
  %0 = linalg.fill ins(%zero : f32) outs(%e : tensor<4x64x256xf32>) -> tensor<4x64x256xf32>
  %1 = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%q, %k : tensor<4x64x16xf32>, tensor<4x16x256xf32>) outs(%0 : tensor<4x64x256xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<4x64x256xf32>
  %2 = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%1 : tensor<4x64x256xf32>) outs(%e : tensor<4x64x256xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = arith.mulf %a, %c : f32
    linalg.yield %m : f32
  } -> tensor<4x64x256xf32>
  %3 = linalg.fill ins(%zero : f32) outs(%f : tensor<4x64x1xf32>) -> tensor<4x64x1xf32>
  %4 = tensor.expand_shape %2 [[0], [1, 2], [3]] output_shape [4, 64, 1, 256] : tensor<4x64x256xf32> into tensor<4x64x1x256xf32>
  %5 = linalg.generic {indexing_maps = [#all4, #row4], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%4 : tensor<4x64x1x256xf32>) outs(%3 : tensor<4x64x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<4x64x1xf32>
  %6 = linalg.generic {indexing_maps = [#all, #one, #all], iterator_types = ["parallel", "parallel", "parallel"]} ins(%2, %5 : tensor<4x64x256xf32>, tensor<4x64x1xf32>) outs(%e : tensor<4x64x256xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.divf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<4x64x256xf32>
  %7 = linalg.fill ins(%zero : f32) outs(%g : tensor<4x64x16xf32>) -> tensor<4x64x16xf32>
  %8 = linalg.generic {indexing_maps = [#q, #k, #s], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%6, %v : tensor<4x64x256xf32>, tensor<4x256x16xf32>) outs(%7 : tensor<4x64x16xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.addf %o, %m : f32
    linalg.yield %r : f32
  } -> tensor<4x64x16xf32>
  %9 = linalg.generic {indexing_maps = [#turned, #plain], iterator_types = ["parallel", "parallel", "parallel"]} ins(%8 : tensor<4x64x16xf32>) outs(%t : tensor<64x4x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<64x4x16xf32>
  return %9 : tensor<64x4x16xf32>
}

// What is read by other rows too, the other way round, is made before; the chain reads its rows.
#both = affine_map<(i, j) -> (i, j)>
#other = affine_map<(i, j) -> (j, i)>
#first = affine_map<(i, j) -> (i)>
// CHECK-LABEL: func.func @both(
// CHECK: math.exp
// CHECK: scf.for
// CHECK-NOT: math.exp
// CHECK: return
func.func @both(%x: tensor<100x100xf32>, %s: tensor<100xf32>, %e: tensor<100x100xf32>, %f: tensor<100x100xf32>) -> tensor<100x100xf32> {
  %0 = linalg.generic {indexing_maps = [#both, #both], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<100x100xf32>) outs(%e : tensor<100x100xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = math.exp %a : f32
    linalg.yield %r : f32
  } -> tensor<100x100xf32>
  %1 = linalg.generic {indexing_maps = [#both, #first], iterator_types = ["parallel", "reduction"]} ins(%0 : tensor<100x100xf32>) outs(%s : tensor<100xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.addf %o, %a : f32
    linalg.yield %r : f32
  } -> tensor<100xf32>
  %2 = linalg.generic {indexing_maps = [#both, #other, #first, #both], iterator_types = ["parallel", "parallel"]} ins(%0, %0, %1 : tensor<100x100xf32>, tensor<100x100xf32>, tensor<100xf32>) outs(%f : tensor<100x100xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %m = arith.mulf %a, %b : f32
    %r = arith.divf %m, %c : f32
    linalg.yield %r : f32
  } -> tensor<100x100xf32>
  return %2 : tensor<100x100xf32>
}
