// Two exact int8 products with one multiplier of 25 x 18: low_o = low_i * x_i and high_o = high_i * x_i, three cycles later.
//
// The multiplier's wide operand is high * 2^16 + low. Its product holds low * x in bits 15:0, and above them high * x less the borrow that a
// negative low product takes; adding bit 15 gives it back. Both products fit 16 bits (-128 * -128 = 16,384).
// Stages: operands (A, B registers), M, repair. DSP: 1. LUT: 8 for the operand, 16 for the repair. Critical path: M register to output, 16-bit increment.
// Checked for all 2^24 operands (tests/hw_rtl/compute).
`default_nettype none

module tsr_mul_pair (
    input  wire         clk_i,
    input  wire  [7:0]  low_i,
    input  wire  [7:0]  high_i,
    input  wire  [7:0]  x_i,
    output logic [15:0] low_o,
    output logic [15:0] high_o
);
  logic signed [24:0] wide_q;
  logic signed [17:0] x_q;
  logic signed [42:0] m_q;
  wire [8:0] upper = {high_i[7], high_i} - {8'd0, low_i[7]};
  wire unused = &{1'b0, m_q};

  always_ff @(posedge clk_i) begin
    wide_q <= {upper, {8{low_i[7]}}, low_i};
    x_q <= {{10{x_i[7]}}, x_i};
    m_q <= wide_q * x_q;
    low_o <= m_q[15:0];
    high_o <= m_q[31:16] + {15'd0, m_q[15]};
  end
endmodule

`default_nettype wire
