# The published program: C = max(A * B, 0) of 32x32 int8 matrices in blocks of 16x16, one step after the other.
# Blocks in DRAM: row by row; a block of A and C is 16 INP or OUT elements, one of B is a WGT element.
load uop sram=0 dram=0 size=(1,1) stride=1
gemm uop=[0,1) iter=(1,16) dst=(0,1) reset push_prev
load inp sram=0 dram=0 size=(1,64) stride=64 pop_next
load wgt sram=0 dram=0 size=(1,4) stride=4 push_next
load uop sram=1 dram=1 size=(1,4) stride=4 pop_prev
gemm uop=[1,5) iter=(2,16) dst=(0,1) src=(16,1) wgt=(2,0)
load uop sram=5 dram=5 size=(1,1) stride=1
alu max imm=0 uop=[5,6) iter=(1,64) dst=(0,1) src=(0,1) push_next
store out sram=0 dram=0 size=(1,64) stride=64 pop_prev push_prev
load inp sram=0 dram=0 size=(0,0) stride=0 push_next
load uop sram=0 dram=0 size=(0,0) stride=0 pop_prev pop_next
finish
uop dst=0 src=0 wgt=0
uop dst=0 src=0 wgt=0
uop dst=16 src=0 wgt=1
uop dst=32 src=32 wgt=0
uop dst=48 src=32 wgt=1
uop dst=0 src=0 wgt=0
