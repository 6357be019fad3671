// The structural body of tsr_dot: two weights a multiplier (tsr_mul_pair), adder trees behind. Ports and cycles as there.
//
// Stages: S7 weights and inputs, S8 operands, S9 products in the multipliers, S10 repaired products, S11 sums of four, S12 sums.
// A multiplier (b, row pair p, k) has the weights [2p][k] and [2p+1][k] on one port and INP byte k on the other. DEPTHWISE and SUM use its first
// Taps places for lane 2p and the next Taps for lane 2p+1: the input becomes tap k (or k - Taps) of that lane, the other weight 0.
// It never stalls and has no enables. DSP: Batch*BlockOut*BlockIn/2. Critical path: S10 to S11, two 18-bit sums. Memories: none.
`default_nettype none

module tsr_dot_rows #(
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut,
    parameter int Banks = tsr_cfg_pkg::NumTaps * tsr_cfg_pkg::InpPerOut,
    parameter int InpW = tsr_cfg_pkg::InpElementBytes * 8,
    parameter int WgtW = tsr_cfg_pkg::WgtElementBytes * 8
) (
    input  wire                   clk_i,
    input  wire  [WgtW-1:0]       wgt_i,
    input  wire  [2:0]            wgt_op_i,
    input  wire  [2:0]            op_i,
    input  wire  [3:0]            taps_i,
    input  wire  [Banks*InpW-1:0] inp_i,
    output logic [32*Lanes-1:0]   sum_o
);
  localparam int Batch = tsr_cfg_pkg::Batch;
  localparam int BlockIn = tsr_cfg_pkg::BlockIn;
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;
  localparam int R = tsr_cfg_pkg::InpPerOut;
  localparam int Taps = tsr_cfg_pkg::NumTaps;
  localparam int Quads = BlockIn / 4;
  if (BlockIn < 2 * Taps || BlockIn % 4 != 0 || BlockOut % 2 != 0) begin : g_bad
    tsr_param_error_block_in_holds_two_lanes_of_taps u_err ();
  end

  logic [WgtW-1:0] wgt_q;
  // Weights that only MATMUL uses are zero for the others: a synchronous reset of their registers.
  wire wgt_matmul = wgt_op_i == 3'd0;
  always_ff @(posedge clk_i) begin
    for (int o = 0; o < BlockOut; o++) begin
      for (int k = 0; k < BlockIn; k++) begin
        if ((o % 2 == 0 ? k >= Taps : k >= 2 * Taps) && !wgt_matmul) wgt_q[8*(o*BlockIn+k)+:8] <= '0;
        else wgt_q[8*(o*BlockIn+k)+:8] <= wgt_i[8*(o*BlockIn+k)+:8];
      end
    end
  end

  wire matmul = op_i == 3'd0;
  wire depthwise = op_i == 3'd1;
  wire ones = op_i == 3'd2;
  wire is_max = op_i == 3'd3;
  logic max8_q, max9_q, max10_q, max11_q;
  always_ff @(posedge clk_i) begin
    max8_q  <= is_max;
    max9_q  <= max8_q;
    max10_q <= max9_q;
    max11_q <= max10_q;
  end

  for (genvar b = 0; b < Batch; b++) begin : g_batch
    for (genvar p = 0; p < BlockOut / 2; p++) begin : g_pair
      wire [16*BlockIn-1:0] low, high;
      for (genvar k = 0; k < BlockIn; k++) begin : g_mul
        localparam int Tap = k % Taps;
        localparam int Lane = k < Taps ? 2 * p : 2 * p + 1;
        localparam int TapByte = ((Tap * R + Lane / BlockIn) * Batch + b) * BlockIn + Lane % BlockIn;
        wire [7:0] low_weight = wgt_q[8*(2*p*BlockIn+k)+:8];
        wire [7:0] high_weight = wgt_q[8*((2*p+1)*BlockIn+k)+:8];
        wire [7:0] matmul_x = inp_i[8*(b*BlockIn+k)+:8];
        wire [7:0] low_operand, high_operand, x_operand;
        if (k < Taps) begin : g_low
          wire on = 5'(taps_i) + 5'd1 > 5'(Tap);
          assign low_operand = ones ? {7'd0, on} : (matmul || (depthwise && on)) ? low_weight : 8'd0;
          assign high_operand = matmul ? high_weight : 8'd0;
          assign x_operand = matmul ? matmul_x : inp_i[8*TapByte+:8];
        end else if (k < 2 * Taps) begin : g_high
          wire on = 5'(taps_i) + 5'd1 > 5'(Tap);
          assign low_operand = low_weight;
          assign high_operand = ones ? {7'd0, on} : matmul ? high_weight : (depthwise && on) ? wgt_q[8*((2*p+1)*BlockIn+Tap)+:8] : 8'd0;
          assign x_operand = matmul ? matmul_x : inp_i[8*TapByte+:8];
        end else begin : g_rest
          assign low_operand = low_weight;
          assign high_operand = high_weight;
          assign x_operand = matmul_x;
        end
        tsr_mul_pair u_mul (
            .clk_i,
            .low_i(low_operand),
            .high_i(high_operand),
            .x_i(x_operand),
            .low_o(low[16*k+:16]),
            .high_o(high[16*k+:16])
        );
      end
      for (genvar h = 0; h < 2; h++) begin : g_lane
        localparam int Lane = 2 * p + h;
        wire [16*BlockIn-1:0] products = h == 0 ? low : high;

        // The greatest tap, on its own way beside the products.
        logic [7:0] most8, most8_q, most9_q, most10_q, most11_q;
        always_comb begin : p_most
          logic signed [7:0] m, x;
          m = $signed(inp_i[8*((Lane/BlockIn*Batch+b)*BlockIn+Lane%BlockIn)+:8]);
          for (int t = 1; t < Taps; t++) begin
            x = $signed(inp_i[8*(((t*R+Lane/BlockIn)*Batch+b)*BlockIn+Lane%BlockIn)+:8]);
            if (t <= 32'(taps_i) && x > m) m = x;
          end
          most8 = m;
        end
        always_ff @(posedge clk_i) begin
          most8_q  <= most8;
          most9_q  <= most8_q;
          most10_q <= most9_q;
          most11_q <= most10_q;
        end

        // Sums of two are kept apart, or the tool makes carry-save adders of twice the size.
        (* keep *) logic [34*Quads-1:0] duo;
        always_comb begin : p_duo
          for (int d = 0; d < 2 * Quads; d++) begin
            duo[17*d+:17] = {products[32*d+15], products[32*d+:16]} + {products[32*d+31], products[32*d+16+:16]};
          end
        end
        logic [18*Quads-1:0] quad_q;
        always_ff @(posedge clk_i) begin
          for (int q = 0; q < Quads; q++) begin
            quad_q[18*q+:18] <= {duo[34*q+16], duo[34*q+:17]} + {duo[34*q+33], duo[34*q+17+:17]};
          end
        end
        // Two running sums of half the quads each
        (* keep *) logic signed [23:0] total_0, total_1;
        always_comb begin : p_total
          logic signed [23:0] term;
          total_0 = 24'sd0;
          total_1 = 24'sd0;
          for (int q = 0; q < Quads; q++) begin
            term = {{6{quad_q[18*q+17]}}, quad_q[18*q+:18]};
            if (q % 2 == 0) total_0 = total_0 + term;
            else total_1 = total_1 + term;
          end
        end
        wire signed [23:0] total = total_0 + total_1;
        always_ff @(posedge clk_i) begin
          sum_o[32*(b*BlockOut+Lane)+:32] <= max11_q ? {{24{most11_q[7]}}, most11_q} : {{8{total[23]}}, total};
        end
      end
    end
  end
endmodule

`default_nettype wire
