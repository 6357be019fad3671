// Fills a table with one operand scaler of VEC ADD: scale(x, p) of docs/instruction-set.md for the 256 bytes, one a cycle (write_o).
//
// With d = byte - zero point and n = 11 - shift, scale is (d * m + 2^(n-1) + (double rounding and shift < 0 ? +-2^10 : 0)) >> n (2^20 cancels out of
// the 61-bit product). The sum starts with the rounding terms at d = 0 and takes m with every step: upwards to byte 127, then, started again,
// downwards to byte -128. The sign of the last term is that of m upwards, the other one downwards; at d = 0 it does not count.
// A result is at most 255 * 2^20, so 29 bits are kept. busy_o lasts 258 cycles, or 256 where the zero point is -128; the last write comes in the
// cycle after. Critical path: sum through the shifter to word_o. DSPs, memories: none.
`default_nettype none
`include "tsr_assert.svh"

module tsr_operand_fill (
    input  wire         clk_i,
    input  wire         rst_ni,
    input  wire         fill_i,
    output wire         busy_o,
    input  wire  [45:0] operand_i,  // zero point, shift, multiplier (low); held while busy
    input  wire         single_i,
    output logic        write_o,
    output logic [7:0]  byte_o,
    output logic [28:0] word_o
);
  localparam int SumW = 43;
  localparam int Lowest = 10;  // of the rounding terms

  wire [31:0] multiplier = operand_i[31:0];
  wire [5:0] shift = operand_i[37:32];
  wire [7:0] zero_point = operand_i[45:38];
  wire [4:0] places = 5'd0 - shift[4:0];

  // Sums of a walk are 0 when it starts. First: the sum stands at d = 0, which the way up has had.
  typedef enum logic [2:0] {
    StIdle,
    StUp,
    StStart,
    StFirst,
    StDown
  } state_e;
  state_e state_q, state_d;
  logic [7:0] byte_q;
  logic [SumW-1:0] sum_q;
  wire up_ends = state_q == StUp && byte_q == 8'h7f;
  wire down_ends = state_q == StDown && byte_q == 8'h80;
  always_comb begin
    state_d = state_q;
    case (state_q)
      StIdle: if (fill_i) state_d = StUp;
      StUp: begin
        if (up_ends) begin
          state_d = StStart;
          if (zero_point == 8'h80) state_d = StIdle;
        end
      end
      StStart: state_d = StFirst;
      StFirst: state_d = StDown;
      StDown: if (down_ends) state_d = StIdle;
      default: state_d = StIdle;
    endcase
  end
  assign busy_o = state_q != StIdle;
  wire starts = fill_i || state_q == StStart;
  wire down = state_q == StFirst || state_q == StDown;

  // What the sum starts with: one bit for 2^(n-1), or with -2^10 added the ones below it. Bit j of it stands for 2^(10+j).
  wire twice = !single_i && places != 5'd0;
  wire borrows = twice && multiplier[31] != (state_q == StStart);
  logic [31:0] rounding;
  always_comb begin
    for (int j = 0; j < 32; j++) rounding[j] = borrows ? 5'(j) < places : 5'(j) == places;
    if (twice && !borrows) rounding[0] = 1'b1;
  end
  wire [SumW-1:0] start = {1'b0, rounding, {Lowest{1'b0}}};
  // In two pieces, as in tsr_add_sub.
  wire high = starts ? start[SumW-1] : multiplier[31] ^ down;
  wire [SumW-2:0] low = starts ? start[SumW-2:0] : {{10{multiplier[31]}}, multiplier} ^ {SumW - 1{down}};
  wire [SumW-1:0] sum = sum_q + {high, low} + SumW'(down);

  always_ff @(posedge clk_i) begin
    if (!rst_ni || up_ends || down_ends) sum_q <= '0;
    else if (fill_i || busy_o) sum_q <= sum;
    if (fill_i || up_ends) byte_q <= zero_point;
    else if (state_q == StUp) byte_q <= byte_q + 8'd1;
    else if (down) byte_q <= byte_q - 8'd1;
    if (!rst_ni) state_q <= StIdle;
    else state_q <= state_d;
  end

  wire [31:0] shifted;
  tsr_shift u_shift (
      .value_i(sum_q[SumW-1:11]),
      .amount_i(places),
      .left_i(1'b0),
      .none_i(1'b0),
      .sign_i(sum_q[SumW-1]),
      .value_o(shifted)
  );
  always_ff @(posedge clk_i) begin
    write_o <= rst_ni && (state_q == StUp || state_q == StDown);
    if (busy_o) begin
      byte_o <= byte_q;
      word_o <= shifted[28:0];
    end
  end

  wire unused = &{1'b0, shift[5], shifted, sum_q};
  `TSR_ASSERT(!(fill_i && busy_o))
endmodule

`default_nettype wire
