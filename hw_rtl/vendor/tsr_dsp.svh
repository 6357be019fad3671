// Which DSP block synthesis has: DSP48E2 (UltraScale+) with TSR_DSP48E2, else DSP48E1 (7 series). Widths of its signed multiplier's ports.
`ifndef TSR_DSP_SVH
`define TSR_DSP_SVH

`ifdef TSR_DSP48E2
`define TSR_DSP_A_WIDTH 27
`else
`define TSR_DSP_A_WIDTH 25
`endif

`endif
