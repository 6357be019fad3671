// The structural body of tsr_dot: DSP slices that multiply two weights at a time and add up what they multiply. Ports and cycles as there.
//
// Two lanes share slices (tsr_dot_pair). For each k the wide operand is W[2p+1][k] * 2^F + (W[2p][k] + 128), the other INP byte k. A chain of Links
// slices adds its products to C = B * 2^F + (B - 128 * sum of x), which takes the 128 back: its sum holds both lanes' sums, each with the bias
// B = 2^(F-1) - 1, in fields of F bits. Exact, because Links products fit a field: 0 <= B - 16,256 * Links and B + 16,384 * Links < 2^F (checked
// in tsr_dot_pair), so no field borrows from the other or carries into it. The + 128 keeps the wide operand within F + 8 bits.
//   DSP48E1 (DspWidth 25): F = 17, chains of 4; DSP48E2 (27): F = 18, chains of 8. TSR_DSP48E2 chooses the second where nobody sets DspWidth.
// The chains' fields are summed up with carries in; biases and carries leave every sum short of one, as tsr_dot's port says.
// DEPTHWISE and SUM use the slices k < Taps for lane 2p and the next Taps for lane 2p + 1: x becomes tap k (or k - Taps) of that lane; its weight, or
// 1, is alone on the wide operand, without the 128, so C is B in both fields. Slices of taps that are off, and the rest, multiply by 0.
// MAX: the greatest tap of each lane is found beside the slices and comes in place of the sum of the first chain.
//
// Stages: S7 weights and inputs, S8 operands, S9 products, S10 half a chain, S11 chains, S12 sums. It never stalls and has no enables.
// DSP: Batch*BlockOut*BlockIn/2. Memories: none. Critical path (estimates, -1 grades): S9 to S10, M register to P of the next slice (DSP48E1, 3.9 ns)
// or through four slices (DSP48E2); S7 to S8, the comparisons of MAX, five or six LUTs.
`default_nettype none
`ifdef TSR_DSP48E2
`define TSR_DSP_WIDTH 27
`else
`define TSR_DSP_WIDTH 25
`endif

module tsr_dot_rows #(
    parameter int DspWidth = `TSR_DSP_WIDTH,
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
    output wire  [32*Lanes-1:0]   sum_o
);
  localparam int Batch = tsr_cfg_pkg::Batch;
  localparam int BlockIn = tsr_cfg_pkg::BlockIn;
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;
  localparam int R = tsr_cfg_pkg::InpPerOut;
  localparam int Taps = tsr_cfg_pkg::NumTaps;
  localparam int MaxLinks = DspWidth == 27 ? 8 : 4;
  localparam int Links = BlockIn < MaxLinks ? BlockIn : MaxLinks;
  localparam int Chains = BlockIn / Links;
  localparam int F = 15 + $clog2(Links);
  if (BlockOut % 2 != 0) begin : g_bad
    tsr_param_error_lanes_come_in_pairs u_err ();
  end

  // Weights that stand for taps are 1 in SUM (and in MAX, which has no use for them).
  logic [WgtW-1:0] wgt_q;
  always_ff @(posedge clk_i) begin
    for (int o = 0; o < BlockOut; o++) begin
      for (int k = 0; k < BlockIn; k++) begin
        if (k < Taps && wgt_op_i[1]) wgt_q[8*(o*BlockIn+k)+:8] <= 8'd1;
        else wgt_q[8*(o*BlockIn+k)+:8] <= wgt_i[8*(o*BlockIn+k)+:8];
      end
    end
  end

  wire matmul = op_i == 3'd0;
  wire other = op_i != 3'd0;
  wire unused = &{1'b0, wgt_op_i};
  wire tapped = op_i == 3'd1 || op_i == 3'd2;
  logic max8_q, max9_q;
  wire [Taps-1:0] on;
  for (genvar t = 0; t < Taps; t++) begin : g_on
    assign on[t] = {1'b0, taps_i} + 5'd1 > 5'(t);
  end
  always_ff @(posedge clk_i) begin
    max8_q <= op_i == 3'd3;
    max9_q <= max8_q;
  end

  for (genvar b = 0; b < Batch; b++) begin : g_batch
    // MATMUL's input
    for (genvar s = 0; s < R; s++) begin : g_skew
      wire [8*BlockIn-1:0] row;
      if (s == 0) begin : g_first
        assign row = inp_i[8*BlockIn*b+:8*BlockIn];
      end else begin : g_next
        assign row = skew_i == SkewW'(s) ? inp_i[InpW*s+8*BlockIn*b+:8*BlockIn] : g_skew[s-1].row;
      end
    end
    wire [8*BlockIn-1:0] row = g_skew[R-1].row;

    wire [48*Chains-1:0] start;
    for (genvar c = 0; c < Chains; c++) begin : g_start
      tsr_dot_start #(
          .Links(Links),
          .F(F)
      ) u_start (
          .clk_i,
          .clear_i(other),
          .x_i(row[8*Links*c+:8*Links]),
          .start_o(start[48*c+:48])
      );
    end

    for (genvar p = 0; p < BlockOut / 2; p++) begin : g_pair
      // Taps of lane 2p, then of lane 2p + 1; and again where they are with each skew
      wire [8*2*Taps*R-1:0] tap;
      for (genvar h = 0; h < 2; h++) begin : g_lane
        localparam int Part = (2 * p + h) / BlockIn;
        localparam int Byte = b * BlockIn + (2 * p + h) % BlockIn;
        for (genvar t = 0; t < Taps; t++) begin : g_tap
          for (genvar s = 0; s < R; s++) begin : g_skew
            assign tap[8*((s*2+h)*Taps+t)+:8] = inp_i[InpW*((t*R+Part+s)%Banks)+8*Byte+:8];
          end
        end
      end
      tsr_dot_pair #(
          .DspWidth(DspWidth),
          .BlockIn(BlockIn),
          .Links(Links),
          .F(F),
          .Taps(Taps),
          .R(R),
          .SkewW(SkewW)
      ) u_pair (
          .clk_i,
          .matmul_i(matmul),
          .hide_a_i(other),
          .tapped_i(tapped),
          .max9_i(max9_q),
          .on_i(on),
          .skew_i,
          .low_i(wgt_q[8*BlockIn*2*p+:8*BlockIn]),
          .high_i(wgt_q[8*BlockIn*(2*p+1)+:8*BlockIn]),
          .row_i(row),
          .tap_i(tap),
          .start_i(start),
          .sum_o(sum_o[32*(b*BlockOut+2*p)+:64])
      );
    end
  end
endmodule

`undef TSR_DSP_WIDTH
`default_nettype wire
