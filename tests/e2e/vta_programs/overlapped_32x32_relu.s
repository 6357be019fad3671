# C = max(A * B, 0) of 32x32 int8 matrices in blocks of 16x16, cut into four parts of 8 rows, so that loads, the array and stores run
# at once. Data in DRAM as in published_32x32_relu. Part p is 16 elements of INP and of ACC from 16 p: 8 rows of the left block, then of the right.
load uop sram=0 dram=0 size=(1,8) stride=8
gemm uop=[0,1) iter=(1,64) dst=(0,1) reset
load wgt sram=0 dram=0 size=(1,4) stride=4
load inp sram=0 dram=0 size=(2,8) stride=16 push_next
load inp sram=16 dram=8 size=(2,8) stride=16 push_next
load inp sram=32 dram=32 size=(2,8) stride=16 push_next
load inp sram=48 dram=40 size=(2,8) stride=16 push_next
gemm uop=[0,2) iter=(2,8) dst=(0,1) src=(8,1) wgt=(2,0) pop_prev
gemm uop=[2,4) iter=(2,8) dst=(0,1) src=(8,1) wgt=(2,0) pop_prev
alu max imm=0 uop=[0,1) iter=(1,32) dst=(0,1) src=(0,1) push_next
gemm uop=[4,6) iter=(2,8) dst=(0,1) src=(8,1) wgt=(2,0) pop_prev
gemm uop=[6,8) iter=(2,8) dst=(0,1) src=(8,1) wgt=(2,0) pop_prev
alu max imm=0 uop=[4,5) iter=(1,16) dst=(0,1) src=(0,1) push_next
alu max imm=0 uop=[6,7) iter=(1,16) dst=(0,1) src=(0,1) push_next
store out sram=0 dram=0 size=(2,8) stride=16 pop_prev
store out sram=16 dram=8 size=(2,8) stride=16
store out sram=32 dram=32 size=(2,8) stride=16 pop_prev
store out sram=48 dram=40 size=(2,8) stride=16 pop_prev push_prev
finish pop_next
uop dst=0 src=0 wgt=0
uop dst=8 src=0 wgt=1
uop dst=16 src=16 wgt=0
uop dst=24 src=16 wgt=1
uop dst=32 src=32 wgt=0
uop dst=40 src=32 wgt=1
uop dst=48 src=48 wgt=0
uop dst=56 src=48 wgt=1
