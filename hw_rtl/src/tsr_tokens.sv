// A token counter between two modules. A token pushed in one cycle is available in the next.
// 32 bits: no program is long enough to overflow it. Critical path: the zero test. Memories: none.
`default_nettype none
`include "tsr_assert.svh"

module tsr_tokens (
    input  wire clk_i,
    input  wire rst_ni,
    input  wire clear_i,
    input  wire push_i,
    input  wire pop_i,
    output wire avail_o
);
  logic [31:0] count_q;
  logic avail_q;
  assign avail_o = avail_q;
  always_ff @(posedge clk_i) begin
    if (push_i != pop_i) begin
      count_q <= push_i ? count_q + 32'd1 : count_q - 32'd1;
      avail_q <= push_i || count_q != 32'd1;
    end
    if (!rst_ni || clear_i) begin
      count_q <= 32'd0;
      avail_q <= 1'b0;
    end
  end
  `TSR_ASSERT(!pop_i || avail_q)
endmodule

`default_nettype wire
