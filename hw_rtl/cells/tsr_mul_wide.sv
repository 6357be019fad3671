// 33 x 33 bit signed multiply, of which 64 bits are kept; three cycles, one a cycle. Unsigned operands of 32 bits have a zero above them.
//
// Parts of 24 (or 26) and 9 (or 7) bits of x and of 17 and 16 bits of y, summed along a chain of DSPs in steps of 17 bits:
//   DSP48E1 (AWidth 25)              DSP48E2 (AWidth 27)
//   s0 = xl * yl                     s0 = xl * yl
//   s1 = xl * yh + (s0 >> 17)        s1 = xl * yh + (s0 >> 17)
//   s2 = xh * 2^7 * yl + s1          s2 = xh * 2^9 * y[25:0] + s1
//   s3 = xh * 2^7 * yh + (s2 >> 17)
//   {s3[29:0], s2[16:0], s0[16:0]}   {s2[46:0], s0[16:0]} + xh * y[32:26] * 2^52, 12 bits in LUTs
// Registers: operands, products (M), sums (P). DSP: 4 or 3. LUT: 0 or about 50. Critical path: M through two or three post-adders to P.
`default_nettype none
`include "tsr_dsp.svh"

module tsr_mul_wide #(
    parameter int AWidth = `TSR_DSP_A_WIDTH
) (
    input  wire               clk_i,
    input  wire signed [32:0] x_i,
    input  wire signed [32:0] y_i,
    output wire        [63:0] product_o
);
  localparam int Low = AWidth - 1;
  wire signed [AWidth-1:0] x_low = {1'b0, x_i[Low-1:0]};
  wire signed [17:0] x_high = 18'($signed(x_i[32:Low])) <<< (Low - 17);  // 16 bits
  wire signed [17:0] y_low = {1'b0, y_i[16:0]};
  wire signed [17:0] y_high = 18'($signed(y_i[32:17]));

  wire [47:0] p[0:3], chain[0:3];
  tsr_dsp #(
      .AWidth(AWidth),
      .From(0),
      .OutputRegister(0)
  ) u_dsp_0 (
      .clk_i,
      .a_i(x_low),
      .b_i(y_low),
      .c_i(48'd0),
      .chain_i(48'd0),
      .p_o(p[0]),
      .chain_o(chain[0])
  );
  tsr_dsp #(
      .AWidth(AWidth),
      .From(2),
      .OutputRegister(0)
  ) u_dsp_1 (
      .clk_i,
      .a_i(x_low),
      .b_i(y_high),
      .c_i(48'd0),
      .chain_i(chain[0]),
      .p_o(p[1]),
      .chain_o(chain[1])
  );

  logic [16:0] low_q;
  always_ff @(posedge clk_i) low_q <= p[0][16:0];
  if (AWidth == 25) begin : g_four
    tsr_dsp #(
        .AWidth(AWidth),
        .From(1),
        .OutputRegister(0)
    ) u_dsp_2 (
        .clk_i,
        .a_i(25'(y_low)),
        .b_i(x_high),
        .c_i(48'd0),
        .chain_i(chain[1]),
        .p_o(p[2]),
        .chain_o(chain[2])
    );
    tsr_dsp #(
        .AWidth(AWidth),
        .From(2),
        .OutputRegister(1)
    ) u_dsp_3 (
        .clk_i,
        .a_i(25'(y_high)),
        .b_i(x_high),
        .c_i(48'd0),
        .chain_i(chain[2]),
        .p_o(p[3]),
        .chain_o(chain[3])
    );
    logic [16:0] middle_q;
    always_ff @(posedge clk_i) middle_q <= p[2][16:0];
    assign product_o = {p[3][29:0], middle_q, low_q};
    wire unused = &{1'b0, p[0], p[1], p[2], p[3], chain[3]};
  end else begin : g_three
    // Both tops, 7 bits each, at place 52: the third sum's bits 46:35.
    logic [6:0] x_top_q, y_top_q;
    always_ff @(posedge clk_i) begin
      x_top_q <= x_i[32:26];
      y_top_q <= y_i[32:26];
    end
    wire [13:0] tops;
    tsr_mul_small #(
        .Width(7)
    ) u_tops (
        .a_i(y_top_q),
        .b_i(x_top_q),
        .product_o(tops)
    );
    tsr_dsp #(
        .AWidth(AWidth),
        .From(1),
        .UseC(1),
        .OutputRegister(1)
    ) u_dsp_2 (
        .clk_i,
        .a_i($signed({1'b0, y_i[25:0]})),
        .b_i(x_high),
        .c_i({1'b0, tops[11:0], 35'd0}),
        .chain_i(chain[1]),
        .p_o(p[2]),
        .chain_o(chain[2])
    );
    assign product_o = {p[2][46:0], low_q};
    assign p[3] = '0;
    assign chain[3] = '0;
    wire unused = &{1'b0, p[0], p[1], p[2], p[3], chain[2], chain[3], tops[13:12]};
  end
endmodule

`default_nettype wire
