// Products and sums of one micro-op: WGT [BlockOut][BlockIn] with INP elements, five stages from operands to sums.
//
// op: 0 MATMUL, 1 DEPTHWISE, 2 SUM, 3 MAX (the greatest tap, not a sum), 4 nothing (zero). Element src + j stands at place (skew_i + j) mod Banks of
// inp_i, InpW bits each (MATMUL: only the first R places hold); tap t of lane (b, o) is byte ((o/BlockIn)*Batch + b)*BlockIn + o%BlockIn of the
// elements from src + t*R. Weights come one stage before the inputs (wgt_*_i with S6, the rest with S7); valid_i holds the valid bits of S7 to S11.
// sum_o is valid at S12 and short of one, for the accumulator to add with its carry in: sum - 1, and for MAX -greatest - 1, to be subtracted.
//
// Two bodies with the same cycles and the same results (the random programs run on both): the behavioural one, which simulates fast, and the
// structural one for synthesis (YOSYS, or TSR_STRUCTURAL in a simulation), which stands in tsr_dot_rows.
`default_nettype none

module tsr_dot #(
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut,
    parameter int Banks = tsr_cfg_pkg::NumTaps * tsr_cfg_pkg::InpPerOut,
    parameter int InpW = tsr_cfg_pkg::InpElementBytes * 8,
    parameter int WgtW = tsr_cfg_pkg::WgtElementBytes * 8,
    parameter int SkewW = tsr_cfg_pkg::InpPerOut > 1 ? $clog2(tsr_cfg_pkg::InpPerOut) : 1
) (
    input  wire                  clk_i,
    input  wire                  wgt_valid_i,
    input  wire  [WgtW-1:0]      wgt_i,
    input  wire  [2:0]           wgt_op_i,
    input  wire  [4:0]           valid_i,
    input  wire  [2:0]           op_i,
    input  wire  [3:0]           taps_i,
    input  wire  [SkewW-1:0]     skew_i,
    input  wire  [Banks*InpW-1:0] inp_i,
    output logic [32*Lanes-1:0]  sum_o
);
`ifdef YOSYS
  `define TSR_DOT_ROWS
`endif
`ifdef TSR_STRUCTURAL
  `define TSR_DOT_ROWS
`endif
`ifdef TSR_DOT_ROWS
  tsr_dot_rows u_rows (
      .clk_i,
      .wgt_i,
      .wgt_op_i,
      .op_i,
      .taps_i,
      .skew_i,
      .inp_i,
      .sum_o
  );
  wire unused = &{1'b0, wgt_valid_i, valid_i};
`else
  localparam int Batch = tsr_cfg_pkg::Batch;
  localparam int BlockIn = tsr_cfg_pkg::BlockIn;
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;
  localparam int R = tsr_cfg_pkg::InpPerOut;
  localparam int Taps = tsr_cfg_pkg::NumTaps;

  logic [WgtW-1:0] wgt_q;
  logic [32*Lanes-1:0] sum8_q, sum9_q, sum10_q, sum11_q;
  wire unused = &{1'b0, wgt_op_i, skew_i};

  // Elements in order
  wire [Banks*InpW-1:0] inp;
  if (R == 1) begin : g_order
    assign inp = inp_i;
  end else begin : g_order_of_skew
    logic [Banks*InpW-1:0] turned;
    always_comb begin : p_turn
      logic [2*Banks*InpW-1:0] twice;
      twice = {inp_i, inp_i};
      turned = inp_i;
      for (int s = 1; s < R; s++) if (skew_i == SkewW'(s)) turned = twice[InpW*s+:Banks*InpW];
    end
    assign inp = turned;
  end

  always_ff @(posedge clk_i) begin : p_dot
    logic signed [31:0] s, x, w;
    if (wgt_valid_i && !wgt_op_i[1]) wgt_q <= wgt_i;
    if (valid_i[0]) begin
      case (op_i)
        3'd0:
        for (int b = 0; b < Batch; b++) begin
          for (int o = 0; o < BlockOut; o++) begin
            s = -32'sd1;
            for (int k = 0; k < BlockIn; k++) begin
              x = {{24{inp[8*(b*BlockIn+k)+7]}}, inp[8*(b*BlockIn+k)+:8]};
              w = {{24{wgt_q[8*(o*BlockIn+k)+7]}}, wgt_q[8*(o*BlockIn+k)+:8]};
              s = s + x * w;
            end
            sum8_q[32*(b*BlockOut+o)+:32] <= s;
          end
        end
        3'd1, 3'd2:
        for (int b = 0; b < Batch; b++) begin
          for (int o = 0; o < BlockOut; o++) begin
            s = -32'sd1;
            for (int t = 0; t < Taps; t++) begin
              x = {{24{inp[8*(((t*R+o/BlockIn)*Batch+b)*BlockIn+o%BlockIn)+7]}}, inp[8*(((t*R+o/BlockIn)*Batch+b)*BlockIn+o%BlockIn)+:8]};
              w = {{24{wgt_q[8*(o*BlockIn+t)+7]}}, wgt_q[8*(o*BlockIn+t)+:8]};
              if (op_i[1]) w = 32'sd1;
              if (t <= 32'(taps_i)) s = s + x * w;
            end
            sum8_q[32*(b*BlockOut+o)+:32] <= s;
          end
        end
        3'd3:
        for (int b = 0; b < Batch; b++) begin
          for (int o = 0; o < BlockOut; o++) begin
            s = -32'sd128;
            for (int t = 0; t < Taps; t++) begin
              x = {{24{inp[8*(((t*R+o/BlockIn)*Batch+b)*BlockIn+o%BlockIn)+7]}}, inp[8*(((t*R+o/BlockIn)*Batch+b)*BlockIn+o%BlockIn)+:8]};
              if (t <= 32'(taps_i) && x > s) s = x;
            end
            sum8_q[32*(b*BlockOut+o)+:32] <= ~s;
          end
        end
        default: sum8_q <= '1;
      endcase
    end
    if (valid_i[1]) sum9_q <= sum8_q;
    if (valid_i[2]) sum10_q <= sum9_q;
    if (valid_i[3]) sum11_q <= sum10_q;
    if (valid_i[4]) sum_o <= sum11_q;
  end
`endif
endmodule

`default_nettype wire
