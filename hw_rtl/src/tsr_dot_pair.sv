// Two lanes of tsr_dot_rows: operands of their slices, chains, the greatest taps, and the sums of the chains' fields.
//
// Weights, inputs and controls with S7 (max9_i with S9, start_i with S8), sum_o with S12: lane 2p, then lane 2p + 1, each short of one.
// Slices k < Taps and from 2 * Taps on have the lower lane's weight on port D and the rest of the wide operand on A, so that D alone is a tap's
// weight; slices in between have the wide operand on A and the upper lane's tap weight on D.
// DSP: BlockIn. Critical path: see tsr_dot_rows.
`default_nettype none

module tsr_dot_pair #(
    parameter int DspWidth = 25,
    parameter int BlockIn = 16,
    parameter int Links = 4,
    parameter int F = 17,
    parameter int Taps = 4,
    parameter int R = 1,
    parameter int SkewW = 1
) (
    input  wire                            clk_i,
    input  wire                            matmul_i,
    input  wire                            hide_a_i,  // not MATMUL: port D alone
    input  wire                            tapped_i,  // DEPTHWISE or SUM
    input  wire                            max9_i,
    input  wire  [Taps-1:0]                on_i,
    input  wire  [SkewW-1:0]               skew_i,
    input  wire  [BlockIn*8-1:0]           low_i,
    input  wire  [BlockIn*8-1:0]           high_i,
    input  wire  [BlockIn*8-1:0]           row_i,
    input  wire  [8*2*Taps*R-1:0]          tap_i,
    input  wire  [48*(BlockIn/Links)-1:0]  start_i,
    output logic [63:0]                    sum_o
);
  localparam int Chains = BlockIn / Links;
  localparam int Levels = $clog2(Chains);
  localparam int Bias = (1 << (F - 1)) - 1;
  if (BlockIn < 2 * Taps || BlockIn != Links << Levels) begin : g_bad_shape
    tsr_param_error_block_in_holds_two_lanes_of_taps u_err ();
  end
  if (Bias < 16256 * Links || Bias + 16384 * Links >= 1 << F || F + 8 > DspWidth || 2 * F > 48) begin : g_bad_fields
    tsr_param_error_sums_fit_their_fields u_err ();
  end

  wire [DspWidth*BlockIn-1:0] a, d;
  wire [8*BlockIn-1:0] x;
  wire [BlockIn-1:0] use_d;
  for (genvar k = 0; k < BlockIn; k++) begin : g_operand
    wire [7:0] low = low_i[8*k+:8];
    wire [7:0] high = high_i[8*k+:8];
    if (k >= Taps && k < 2 * Taps) begin : g_upper
      wire [7:0] tap_weight = high_i[8*(k-Taps)+:8];
      assign a[DspWidth*k+:DspWidth] = {{DspWidth - F - 7{high[7]}}, high[6:0], {F - 8{1'b0}}, ~low[7], low[6:0]};
      assign d[DspWidth*k+:DspWidth] = {{DspWidth - F - 7{tap_weight[7]}}, tap_weight[6:0], {F{1'b0}}};
      assign use_d[k] = tapped_i && on_i[k-Taps];
    end else begin : g_lower
      assign a[DspWidth*k+:DspWidth] = {{DspWidth - F - 7{high[7]}}, high[6:0], {F - 8{1'b0}}, 8'd128};
      assign d[DspWidth*k+:DspWidth] = {{DspWidth - 7{low[7]}}, low[6:0]};
      assign use_d[k] = matmul_i || (k < Taps && tapped_i && on_i[k%Taps]);
    end
    if (k >= 2 * Taps) begin : g_row
      assign x[8*k+:8] = row_i[8*k+:8];
    end else begin : g_tap
      for (genvar s = 0; s < R; s++) begin : g_skew
        wire [7:0] tap;
        if (s == 0) begin : g_first
          assign tap = tap_i[8*k+:8];
        end else begin : g_next
          assign tap = skew_i == SkewW'(s) ? tap_i[8*(2*Taps*s+k)+:8] : g_skew[s-1].tap;
        end
      end
      assign x[8*k+:8] = matmul_i ? row_i[8*k+:8] : g_skew[R-1].tap;
    end
  end

  // The greatest taps, which with R = 1 need no multiplexer before them
  wire [2*F-1:0] greatest;
  for (genvar h = 0; h < 2; h++) begin : g_greatest
    tsr_dot_greatest #(
        .Taps(Taps),
        .F(F)
    ) u_greatest (
        .clk_i,
        .on_i,
        .tap_i(R == 1 ? tap_i[8*Taps*h+:8*Taps] : x[8*Taps*h+:8*Taps]),
        .field_o(greatest[F*h+:F])
    );
  end

  wire [48*Chains-1:0] sums;
  wire unused = &{1'b0, sums, skew_i};
  for (genvar c = 0; c < Chains; c++) begin : g_chain
    tsr_dot_chain #(
        .Width(DspWidth),
        .Links(Links),
        .Replace(c == 0 ? 1 : 0)
    ) u_chain (
        .clk_i,
        .hide_a_i({Links{hide_a_i}}),
        .use_d_i(use_d[Links*c+:Links]),
        .a_i(a[DspWidth*Links*c+:DspWidth*Links]),
        .d_i(d[DspWidth*Links*c+:DspWidth*Links]),
        .x_i(x[8*Links*c+:8*Links]),
        .c_i(start_i[48*c+:48]),
        .replace_i(max9_i),
        .replacement_i({{48 - 2 * F{1'b0}}, greatest}),
        .sum_o(sums[48*c+:48])
    );
  end

  // Node n of level l is nodes 2n and 2n + 1 of level l - 1 and a carry. One bias is left of Chains, less one: the topmost bit turned takes it.
  for (genvar h = 0; h < 2; h++) begin : g_lane
    for (genvar l = 0; l <= Levels; l++) begin : g_level
      (* keep *) wire [(Chains>>l)*(F+l)-1:0] node;
      for (genvar n = 0; n < Chains >> l; n++) begin : g_node
        if (l == 0) begin : g_field
          assign node[F*n+:F] = sums[48*n+F*h+:F];
        end else begin : g_sum
          wire [F+l-2:0] left = g_lane[h].g_level[l-1].node[(F+l-1)*2*n+:F+l-1];
          wire [F+l-2:0] right = g_lane[h].g_level[l-1].node[(F+l-1)*(2*n+1)+:F+l-1];
          // left + right + 1, which the tool makes of a difference without a longer carry chain
          assign node[(F+l)*n+:F+l] = {1'b0, left} - {1'b1, ~right};
        end
      end
    end
    wire [F+Levels-1:0] total = g_level[Levels].node;
    always_ff @(posedge clk_i) sum_o[32*h+:32] <= {{33 - F - Levels{!total[F+Levels-1]}}, total[F+Levels-2:0]};
  end
endmodule

`default_nettype wire
