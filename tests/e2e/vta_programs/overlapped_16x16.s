# C = A * B of 16x16 int8 matrices, the low bytes, in two parts of 8 rows, so that the first is stored while the second is computed.
load uop sram=0 dram=0 size=(1,2) stride=2
gemm uop=[0,1) iter=(1,16) dst=(0,1) reset
load wgt sram=0 dram=0 size=(1,1) stride=1
load inp sram=0 dram=0 size=(1,8) stride=8 push_next
load inp sram=8 dram=8 size=(1,8) stride=8 push_next
gemm uop=[0,1) iter=(1,8) dst=(0,1) src=(0,1) pop_prev push_next
gemm uop=[1,2) iter=(1,8) dst=(0,1) src=(0,1) pop_prev push_next
store out sram=0 dram=0 size=(1,8) stride=8 pop_prev
store out sram=8 dram=8 size=(1,8) stride=8 pop_prev push_prev
finish pop_next
uop dst=0 src=0 wgt=0
uop dst=8 src=8 wgt=0
