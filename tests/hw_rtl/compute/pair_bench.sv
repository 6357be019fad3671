// tsr_dot_pair in MATMUL with eight products a lane, for pair_test.cpp; _25 for DSP48E1 (two chains of four), _27 for DSP48E2 (one of eight).
`default_nettype none

module pair_bench (
    input  wire         clk_i,
    input  wire  [63:0] low_i,
    input  wire  [63:0] high_i,
    input  wire  [63:0] x_i,
    output wire  [63:0] sums_25_o,
    output wire  [63:0] sums_27_o
);
  for (genvar f = 0; f < 2; f++) begin : g_pair
    localparam int Links = f == 0 ? 4 : 8;
    localparam int F = f == 0 ? 17 : 18;
    wire [48*(8/Links)-1:0] start;
    wire [63:0] sums;
    for (genvar c = 0; c < 8 / Links; c++) begin : g_start
      tsr_dot_start #(
          .Links(Links),
          .F(F)
      ) u_start (
          .clk_i,
          .clear_i(1'b0),
          .x_i(x_i[8*Links*c+:8*Links]),
          .start_o(start[48*c+:48])
      );
    end
    tsr_dot_pair #(
        .DspWidth(f == 0 ? 25 : 27),
        .BlockIn(8),
        .Links(Links),
        .F(F)
    ) u_pair (
        .clk_i,
        .matmul_i(1'b1),
        .hide_a_i(1'b0),
        .tapped_i(1'b0),
        .max9_i(1'b0),
        .on_i(4'd0),
        .skew_i(1'b0),
        .low_i,
        .high_i,
        .row_i(x_i),
        .tap_i(64'd0),
        .start_i(start),
        .sum_o(sums)
    );
  end
  assign sums_25_o = g_pair[0].sums;
  assign sums_27_o = g_pair[1].sums;
endmodule

`default_nettype wire
