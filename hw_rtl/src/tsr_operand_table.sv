// One operand scaler of VEC ADD: scale(x, p) of docs/instruction-set.md for every lane's low byte, one vector a cycle.
//
// A byte has 256 values, so each lane looks its result up in a table that fill_i has filled with the parameters held by the caller: 260 cycles,
// busy_o meanwhile. With d = low8 - zero point and n = 11 - shift, scale is (d * m + 2^(n-1) + (double rounding and shift < 0 ? +-2^10 : 0)) >> n
// (2^20 cancels out of the 61-bit product). d * m is accumulated: from d = 0 upwards to byte 127, then from -1 downwards to byte -128.
// result_o comes one cycle after value_i. A result is at most 255 * 2^20, so 30 bits are kept. Memory: 256 x 30 a lane, distributed single port (it is filled when nobody reads). DSP: none.
// Critical path: 44-bit sum of the fill; table to result register.
`default_nettype none
`include "tsr_assert.svh"

module tsr_operand_table #(
    parameter int Lanes = 16
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,
    input  wire                 fill_i,
    output wire                 busy_o,
    input  wire  [45:0]         operand_i,  // zero point, shift, multiplier (low)
    input  wire                 single_i,
    input  wire                 valid_i,
    input  wire  [8*Lanes-1:0]  value_i,
    output wire  [32*Lanes-1:0] result_o
);
  wire [31:0] multiplier = operand_i[31:0];
  wire [5:0] shift = operand_i[37:32];
  wire [7:0] zero_point = operand_i[45:38];
  wire [43:0] step = {{12{multiplier[31]}}, multiplier};

  // Fill: the walk, the rounded sum, the shifted result. up_q: upwards from the zero point; the byte walks with it.
  logic walk_q, up_q, walk2_q, write_q;
  logic [7:0] byte_q, byte2_q, byte3_q;
  logic [43:0] product_q, sum_q;
  logic [31:0] word_q;
  wire [5:0] amount = 6'd11 - shift;
  wire [43:0] half = 44'd1 << (amount - 6'd1);
  wire [43:0] second = single_i || shift == '0 ? '0 : product_q[43] ? 44'd0 - 44'd1024 : 44'd1024;
  wire signed [43:0] shifted = $signed(sum_q) >>> amount;
  wire walk_ends = up_q ? byte_q == 8'h7f && zero_point == 8'h80 : byte_q == 8'h80;
  assign busy_o = walk_q || walk2_q || write_q;
  wire unused = &{1'b0, shifted};

  always_ff @(posedge clk_i) begin
    if (fill_i) begin
      up_q <= 1'b1;
      byte_q <= zero_point;
      product_q <= '0;
    end else if (walk_q) begin
      if (up_q && byte_q == 8'h7f) begin
        up_q <= 1'b0;
        byte_q <= zero_point - 8'd1;
        product_q <= 44'd0 - step;
      end else begin
        byte_q <= up_q ? byte_q + 8'd1 : byte_q - 8'd1;
        product_q <= up_q ? product_q + step : product_q - step;
      end
    end
    if (walk_q) begin
      sum_q <= product_q + half + second;
      byte2_q <= byte_q;
    end
    if (walk2_q) begin
      word_q <= shifted[31:0];
      byte3_q <= byte2_q;
    end
    if (!rst_ni) begin
      walk_q <= 1'b0;
      walk2_q <= 1'b0;
      write_q <= 1'b0;
    end else begin
      if (fill_i) walk_q <= 1'b1;
      else if (walk_ends) walk_q <= 1'b0;
      walk2_q <= walk_q;
      write_q <= walk2_q;
    end
  end

`ifdef YOSYS
  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    (* ram_style = "distributed" *) logic [29:0] table_q[0:255];
    logic [29:0] result_q;
    wire [7:0] place = write_q ? byte3_q : value_i[8*l+:8];
    always_ff @(posedge clk_i) begin
      if (write_q) table_q[place] <= word_q[29:0];
      if (valid_i) result_q <= table_q[place];
    end
    assign result_o[32*l+:32] = {{2{result_q[29]}}, result_q};
  end
`else
  // All lanes hold the same, so simulation keeps one table.
  logic [31:0] table_q[0:255];
  logic [32*Lanes-1:0] result_q;
  always_ff @(posedge clk_i) begin
    if (write_q) table_q[byte3_q] <= word_q;
    if (valid_i) for (int l = 0; l < Lanes; l++) result_q[32*l+:32] <= table_q[value_i[8*l+:8]];
  end
  assign result_o = result_q;
`endif

  `TSR_ASSERT(!(valid_i && busy_o))
endmodule

`default_nettype wire
