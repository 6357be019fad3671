// RUN: npu_opt %s tiny npu-segment | FileCheck %s --check-prefix=SEGMENT
// RUN: npu_opt %s tiny npu-segment npu-layout npu-tile | FileCheck %s --check-prefix=TILE
// RUN: npu_opt %s tiny npu-segment npu-layout npu-tile npu-tensorize npu-hoist npu-tokens npu-check-order | FileCheck %s --check-prefix=COMMANDS
// RUN: npu_opt %s tiny npu-segment npu-layout npu-tile npu-tensorize npu-hoist npu-tokens npu-check-order npu-host | FileCheck %s --check-prefix=HOST

// SEGMENT: func.func private @npu_segment_0(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> attributes {npu.segment = 0 : i64}
// SEGMENT: "tosa.const"
// SEGMENT: npu.conv
// SEGMENT: npu.eltwise
// SEGMENT: func.func private @cpu_body_0(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
// SEGMENT: tosa.clamp
// SEGMENT: func.func @main
// SEGMENT-NEXT: %[[A:.*]] = call @npu_segment_0
// SEGMENT-NEXT: %[[B:.*]] = call @cpu_body_0(%[[A]])
// SEGMENT-NEXT: return %[[B]]

// Pixels of one block are the dense array: the CPU reads them where they lie. Weights 8 x 8 bytes, then the parameter element; tensors in the arena do not overlap while they live.
// TILE: npu.arena_bytes = [[#]] : i64
// TILE: npu.inputs = [array<i64: [[#IN:]], 4, 4, 8>], npu.outputs = [array<i64: [[#OUT:]], 128>]
// TILE: npu.conv {{.*}} places = array<i64: [[#IN]], 0, [[#MIDDLE:]], 0, 96>, {{.*}} tiling = array<i64: {{[0-9]+}}, 4, 1, 1, 1>
// TILE: npu.eltwise {{.*}} places = array<i64: [[#MIDDLE]], [[#IN]], [[#OUT]], 0, 192>
// TILE: // constants: 1,1,1,1,1,1,1,1

// COMMANDS-LABEL: func.func private @npu_record_0()
// COMMANDS: npu.load {columns = 1 : i32, {{.*}}memory = 6 : i32
// COMMANDS: npu.load {columns = 1 : i32, {{.*}}memory = 1 : i32
// COMMANDS: npu.load {{.*}}memory = 2 : i32
// COMMANDS: npu.reduce {{.*}}init = 1 : i32, op = 0 : i32
// COMMANDS: npu.store
// COMMANDS: npu.sync
// COMMANDS: npu.load {{.*}}memory = 5 : i32
// COMMANDS: npu.vec {{.*}}op = 1 : i32
// COMMANDS: npu.mark {layer = 0 : i32}
// COMMANDS: func.func private @npu_segment_0(tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>

// HOST-DAG: llvm.func @cpu_segment_0(!llvm.ptr, !llvm.ptr)
// HOST-DAG: llvm.func @tsr_record_reduce(
// HOST-DAG: llvm.func @tsr_runtime_write_blocked(
// HOST: llvm.func @tessera_main(%arg0: !llvm.ptr, %arg1: !llvm.ptr, %arg2: !llvm.ptr) -> i32
// HOST: llvm.call @tsr_runtime_share
// HOST: llvm.call @npu_segment_0
// HOST: llvm.call @cpu_segment_0
// HOST: llvm.func @npu_record_0(%arg0: !llvm.ptr) -> i32
// HOST: llvm.call @tsr_record_kernel
// HOST: llvm.call @tsr_record_mark
// HOST: llvm.func @npu_segment_0
// HOST: llvm.call @tsr_runtime_recorder
// HOST: llvm.call @npu_record_0
// HOST: llvm.call @tsr_runtime_finish
// HOST: llvm.call @tsr_runtime_write_blocked
// HOST: llvm.call @tsr_runtime_run
// HOST: llvm.call @tsr_runtime_take
func.func @main(%arg0: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> {
  %w = "tosa.const"() {value = dense<1> : tensor<8x1x1x8xi8>} : () -> tensor<8x1x1x8xi8>
  %b = "tosa.const"() {value = dense<5> : tensor<8xi32>} : () -> tensor<8xi32>
  %0 = npu.conv %arg0, %w, %b {depthwise = false, kernel = array<i64: 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, input_shape = array<i64: 4, 4, 8>, input_zp = 0 : i32, multiplier = array<i32: 1, 2, 3, 4, 5, 6, 7, 8>, shift = array<i32: 0, 0, 0, 0, 0, 0, 0, 0>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 0>} : (tensor<1x4x4x8xi8>, tensor<8x1x1x8xi8>, tensor<8xi32>) -> tensor<1x4x4x8xi8>
  %1 = npu.eltwise %0, %arg0 {kind = "add", lhs_scale = array<i32: 1, 1073741824, 0>, rhs_scale = array<i32: 2, 1073741824, 0>, scale = array<i32: 1073741824, -19>, exit = array<i32: 1, 0, -128, 127>, layers = array<i64: 1>} : (tensor<1x4x4x8xi8>, tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  %2 = tosa.clamp %1 {min_int = 0 : i64, max_int = 100 : i64, min_fp = 0.0 : f32, max_fp = 0.0 : f32} : (tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8>
  return %2 : tensor<1x4x4x8xi8>
}
