// RUN: not npu_opt %s tiny npu-check-order | FileCheck %s
// RUN: npu_opt %s tiny npu-tokens npu-check-order | FileCheck %s --check-prefix=TOKENS

// Without flags the reduce may run before its input is there; the token pass puts them in.
// CHECK: error: reduce op 0 dst 0 src 0 wgt 0 (command 1) may run before load memory 2 sram 0 region 1 offset 0 size 1x4 (command 0) has ended
// TOKENS: npu.load {{.*}}dependencies = 8 : i32
// TOKENS: npu.reduce {dependencies = 1 : i32
func.func private @npu_record_0() {
  npu.load {memory = 2 : i32, sram = 0 : i32, region = 1 : i32, offset = 0 : i64, rows = 1 : i32, columns = 4 : i32, stride = 4 : i32, pads = array<i32: 0, 0, 0, 0>, pad_value = 0 : i32}
  npu.reduce {op = 0 : i32, taps = 1 : i32, init = 0 : i32, destination = 0 : i32, dst = 0 : i32, src = 0 : i32, wgt = 0 : i32, par = 0 : i32, overlap = false, extents = array<i32: 4>, strides = array<i32: 1, 1, 0>, reduce_loops = 0 : i32, exit = array<i32: 0, 0, -128, 127>}
  return
}
