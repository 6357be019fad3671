// The bodies of tsr_dot side by side for one machine, for dot_test.cpp: behavioural, and structural for both DSP slices.
`default_nettype none

module dot_bench #(
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut,
    parameter int Banks = tsr_cfg_pkg::NumTaps * tsr_cfg_pkg::InpPerOut,
    parameter int InpW = tsr_cfg_pkg::InpElementBytes * 8,
    parameter int WgtW = tsr_cfg_pkg::WgtElementBytes * 8,
    parameter int SkewW = tsr_cfg_pkg::InpPerOut > 1 ? $clog2(tsr_cfg_pkg::InpPerOut) : 1
) (
    input  wire                   clk_i,
    input  wire  [WgtW-1:0]       wgt_i,
    input  wire  [2:0]            wgt_op_i,
    input  wire  [2:0]            op_i,
    input  wire  [3:0]            taps_i,
    input  wire  [SkewW-1:0]      skew_i,
    input  wire  [Banks*InpW-1:0] inp_i,
    output wire  [32*Lanes-1:0]   sum_o,
    output wire  [32*Lanes-1:0]   sum_25_o,
    output wire  [32*Lanes-1:0]   sum_27_o,
    output wire  [31:0]           batch_o,
    output wire  [31:0]           block_in_o,
    output wire  [31:0]           block_out_o,
    output wire  [31:0]           taps_o
);
  tsr_dot u_dot (
      .clk_i,
      .wgt_valid_i(1'b1),
      .wgt_i,
      .wgt_op_i,
      .valid_i('1),
      .op_i,
      .taps_i,
      .skew_i,
      .inp_i,
      .sum_o
  );
  tsr_dot_rows #(
      .DspWidth(25)
  ) u_rows_25 (
      .clk_i,
      .wgt_i,
      .wgt_op_i,
      .op_i,
      .taps_i,
      .skew_i,
      .inp_i,
      .sum_o(sum_25_o)
  );
  tsr_dot_rows #(
      .DspWidth(27)
  ) u_rows_27 (
      .clk_i,
      .wgt_i,
      .wgt_op_i,
      .op_i,
      .taps_i,
      .skew_i,
      .inp_i,
      .sum_o(sum_27_o)
  );
  assign batch_o = tsr_cfg_pkg::Batch;
  assign block_in_o = tsr_cfg_pkg::BlockIn;
  assign block_out_o = tsr_cfg_pkg::BlockOut;
  assign taps_o = tsr_cfg_pkg::NumTaps;
endmodule

`default_nettype wire
