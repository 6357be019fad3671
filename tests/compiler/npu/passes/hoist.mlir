// RUN: npu_opt %s tiny npu-hoist | FileCheck %s

// The load into elements that the reduce does not read moves up; the load into those that it reads stays.
// CHECK: npu.load {{.*}}sram = 0
// CHECK-NEXT: npu.load {{.*}}sram = 100
// CHECK-NEXT: npu.reduce
// CHECK-NEXT: npu.load {{.*}}sram = 2
func.func private @npu_record_0() {
  npu.load {memory = 2 : i32, sram = 0 : i32, region = 1 : i32, offset = 0 : i64, rows = 1 : i32, columns = 4 : i32, stride = 4 : i32, pads = array<i32: 0, 0, 0, 0>, pad_value = 0 : i32}
  npu.reduce {op = 0 : i32, taps = 1 : i32, init = 0 : i32, destination = 0 : i32, dst = 0 : i32, src = 0 : i32, wgt = 0 : i32, par = 0 : i32, overlap = false, extents = array<i32: 4>, strides = array<i32: 1, 1, 0>, reduce_loops = 0 : i32, exit = array<i32: 0, 0, -128, 127>}
  npu.load {memory = 2 : i32, sram = 100 : i32, region = 1 : i32, offset = 64 : i64, rows = 1 : i32, columns = 4 : i32, stride = 4 : i32, pads = array<i32: 0, 0, 0, 0>, pad_value = 0 : i32}
  npu.load {memory = 2 : i32, sram = 2 : i32, region = 1 : i32, offset = 64 : i64, rows = 1 : i32, columns = 4 : i32, stride = 4 : i32, pads = array<i32: 0, 0, 0, 0>, pad_value = 0 : i32}
  return
}
