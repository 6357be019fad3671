// The rules of AXI4-Lite that the register slave must keep; for simulation.
//
//  1 a response (B, R) stays until READY, and the payload with it
//  2 no response without a request: at most as many B as AW and as W, at most as many R as AR
//  3 one write and one read at a time
// Memories: none.
`default_nettype none
`include "tsr_assert.svh"

module tsr_axil_assert (
    input wire        clk_i,
    input wire        rst_ni,
    input wire        aw_valid_i,
    input wire        aw_ready_i,
    input wire        w_valid_i,
    input wire        w_ready_i,
    input wire        b_valid_i,
    input wire        b_ready_i,
    input wire [ 1:0] b_resp_i,
    input wire        ar_valid_i,
    input wire        ar_ready_i,
    input wire        r_valid_i,
    input wire        r_ready_i,
    input wire [31:0] r_data_i,
    input wire [ 1:0] r_resp_i
);
  logic b_waits_q, r_waits_q;
  logic [1:0] b_was_q;
  logic [33:0] r_was_q;
  logic [1:0] aw_open_q, w_open_q, ar_open_q;  // taken and not answered
  wire aw_now = aw_valid_i && aw_ready_i;
  wire w_now = w_valid_i && w_ready_i;
  wire b_now = b_valid_i && b_ready_i;
  wire ar_now = ar_valid_i && ar_ready_i;
  wire r_now = r_valid_i && r_ready_i;

  always_ff @(posedge clk_i) begin
    b_waits_q <= rst_ni && b_valid_i && !b_ready_i;
    r_waits_q <= rst_ni && r_valid_i && !r_ready_i;
    if (b_valid_i) b_was_q <= b_resp_i;
    if (r_valid_i) r_was_q <= {r_resp_i, r_data_i};
    if (aw_now != b_now) aw_open_q <= aw_now ? aw_open_q + 2'd1 : aw_open_q - 2'd1;
    if (w_now != b_now) w_open_q <= w_now ? w_open_q + 2'd1 : w_open_q - 2'd1;
    if (ar_now != r_now) ar_open_q <= ar_now ? ar_open_q + 2'd1 : ar_open_q - 2'd1;
    if (!rst_ni) begin
      aw_open_q <= 2'd0;
      w_open_q <= 2'd0;
      ar_open_q <= 2'd0;
    end
  end

  `TSR_ASSERT(!b_waits_q || (b_valid_i && b_was_q == b_resp_i))
  `TSR_ASSERT(!r_waits_q || (r_valid_i && r_was_q == {r_resp_i, r_data_i}))
  `TSR_ASSERT(!b_valid_i || (aw_open_q != 2'd0 && w_open_q != 2'd0))
  `TSR_ASSERT(!r_valid_i || ar_open_q != 2'd0)
  `TSR_ASSERT(aw_open_q <= 2'd2 && w_open_q <= 2'd2 && ar_open_q <= 2'd1)
endmodule

`default_nettype wire
