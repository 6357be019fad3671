// 32 x 32 bit multiply with a 64-bit product, both operands signed or both unsigned; two cycles, one a cycle.
//
// Parts: x * y = x[23:0] * y[16:0] + x[23:0] * y[32:17] * 2^17 + x[32:24] * y * 2^24, where bit 32 extends the sign.
// DSP: 2, and the third part takes 2 more, or none with LutHigh = 1: five rows of radix-4 Booth, about 200 LUT.
// Registers: the parts (M), the product (P). Critical path: the three-way sum of 64 bits.
`default_nettype none

module tsr_mul_wide #(
    parameter int LutHigh = 0
) (
    input  wire         clk_i,
    input  wire         unsigned_i,
    input  wire  [31:0] x_i,
    input  wire  [31:0] y_i,
    output logic [63:0] product_o
);
  wire signed [32:0] y = $signed({!unsigned_i && y_i[31], y_i});
  wire signed [8:0] x_top = $signed({!unsigned_i && x_i[31], x_i[31:24]});
  wire signed [24:0] x_low = $signed({1'b0, x_i[23:0]});
  wire signed [17:0] y_low = $signed({1'b0, y_i[16:0]});
  wire signed [15:0] y_top = $signed(y[32:17]);

  wire signed [42:0] low = x_low * y_low;
  wire signed [40:0] middle = x_low * y_top;
  wire signed [41:0] top;
  if (LutHigh != 0) begin : g_lut
    // Digits -2..2 of the 9-bit part: d = x[2r+1:2r-1] as a Booth triple, r = 0..4, the sign bit extended.
    wire [11:0] digits = {x_top[8], x_top[8], x_top, 1'b0};
    logic signed [41:0] rows;
    always_comb begin : p_rows
      logic signed [41:0] once, row;
      logic [2:0] triple;
      once = {{9{y[32]}}, y};
      rows = 42'sd0;
      for (int r = 0; r < 5; r++) begin
        triple = digits[2*r+:3];
        case (triple)
          3'b001, 3'b010: row = once;
          3'b011: row = once <<< 1;
          3'b100: row = -(once <<< 1);
          3'b101, 3'b110: row = -once;
          default: row = 42'sd0;
        endcase
        rows = rows + (row <<< (2 * r));
      end
    end
    assign top = rows;
  end else begin : g_dsp
    assign top = x_top * y;
  end

  logic [63:0] low_q, middle_q, top_q;
  (* keep *) wire [63:0] outer = {low_q[63:24] + top_q[39:0], low_q[23:0]};  // two carry chains are smaller than what the tool makes of three terms
  wire unused = &{1'b0, top_q};
  always_ff @(posedge clk_i) begin
    low_q <= {{21{low[42]}}, low};
    middle_q <= {{23{middle[40]}}, middle};
    top_q <= {{22{top[41]}}, top};
    product_o <= outer + (middle_q << 17);
  end
endmodule

`default_nettype wire
