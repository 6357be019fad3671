// The rules of AXI4 that the core must keep on its masters, and those that a memory must keep towards it; for simulation.
//
//  1 VALID stays until READY, and the payload with it (AR, AW, W)
//  2 no burst crosses a 4 KiB boundary; addresses are aligned to the bus; INCR, full width
//  3 WLAST exactly at the last beat of the burst whose AW came in this order; no beat before its AW
//  4 at most 16 reads outstanding, at most 16 writes
//  5 memory: data only for an outstanding ID, RLAST exactly at the last beat of that ID's oldest burst
//  6 memory: a write response only after the last beat of an outstanding write
//  7 reset: VALID is low in the cycle after reset
// Memories: expected beats of up to 16 bursts an ID and direction.
`default_nettype none
`include "tsr_assert.svh"

module tsr_axi_assert (
    input wire                               clk_i,
    input wire                               rst_ni,
    input wire                               ar_valid_i,
    input wire                               ar_ready_i,
    input wire [                        1:0] ar_id_i,
    input wire [                       31:0] ar_addr_i,
    input wire [                        7:0] ar_len_i,
    input wire [                        2:0] ar_size_i,
    input wire [                        1:0] ar_burst_i,
    input wire                               r_valid_i,
    input wire                               r_ready_i,
    input wire [                        1:0] r_id_i,
    input wire                               r_last_i,
    input wire                               aw_valid_i,
    input wire                               aw_ready_i,
    input wire [                       31:0] aw_addr_i,
    input wire [                        7:0] aw_len_i,
    input wire [                        2:0] aw_size_i,
    input wire [                        1:0] aw_burst_i,
    input wire                               w_valid_i,
    input wire                               w_ready_i,
    input wire [  tsr_cfg_pkg::BusBits-1:0] w_data_i,
    input wire [tsr_cfg_pkg::BusBits/8-1:0] w_strb_i,
    input wire                               w_last_i,
    input wire                               b_valid_i,
    input wire                               b_ready_i
);
  localparam int BusBits = tsr_cfg_pkg::BusBits;
  localparam int BusShift = $clog2(BusBits / 8);

  // the channels as they were, and whether they waited
  logic was_reset_q;
  logic ar_waits_q, aw_waits_q, w_waits_q;
  logic [41:0] ar_was_q;
  logic [39:0] aw_was_q;
  logic [BusBits-1:0] w_data_was_q;
  logic [BusBits/8:0] w_was_q;
  always_ff @(posedge clk_i) begin
    was_reset_q <= !rst_ni;
    ar_waits_q <= rst_ni && ar_valid_i && !ar_ready_i;
    aw_waits_q <= rst_ni && aw_valid_i && !aw_ready_i;
    w_waits_q <= rst_ni && w_valid_i && !w_ready_i;
    if (ar_valid_i && !ar_ready_i) ar_was_q <= {ar_id_i, ar_addr_i, ar_len_i};
    if (aw_valid_i && !aw_ready_i) aw_was_q <= {aw_addr_i, aw_len_i};
    if (w_valid_i && !w_ready_i) begin
      w_was_q <= {w_strb_i, w_last_i};
      w_data_was_q <= w_data_i;
    end
  end
  `TSR_ASSERT(!ar_waits_q || (ar_valid_i && ar_was_q == {ar_id_i, ar_addr_i, ar_len_i}))
  `TSR_ASSERT(!aw_waits_q || (aw_valid_i && aw_was_q == {aw_addr_i, aw_len_i}))
  `TSR_ASSERT(!w_waits_q || (w_valid_i && w_was_q == {w_strb_i, w_last_i} && w_data_was_q == w_data_i))
  `TSR_ASSERT(!was_reset_q || (!ar_valid_i && !aw_valid_i && !w_valid_i))

  // addresses
  wire [12:0] ar_end = {1'b0, ar_addr_i[11:0]} + ((13'(ar_len_i) + 13'd1) << BusShift);
  wire [12:0] aw_end = {1'b0, aw_addr_i[11:0]} + ((13'(aw_len_i) + 13'd1) << BusShift);
  `TSR_ASSERT(!ar_valid_i || (ar_end <= 13'd4096 && ar_addr_i[BusShift-1:0] == '0))
  `TSR_ASSERT(!aw_valid_i || (aw_end <= 13'd4096 && aw_addr_i[BusShift-1:0] == '0))
  `TSR_ASSERT(!ar_valid_i || (ar_size_i == 3'(BusShift) && ar_burst_i == 2'b01))
  `TSR_ASSERT(!aw_valid_i || (aw_size_i == 3'(BusShift) && aw_burst_i == 2'b01))

  // reads: expected lengths of each ID
  logic [7:0] r_len_mem[0:63];
  logic [3:0] r_put_q[0:3], r_get_q[0:3];
  logic [4:0] r_open_q[0:3];
  logic [7:0] r_beat_q[0:3];
  logic [4:0] reads_q;
  wire ar_now = ar_valid_i && ar_ready_i;
  wire r_now = r_valid_i && r_ready_i;
  wire [7:0] r_len = r_len_mem[{r_id_i, r_get_q[r_id_i]}];
  wire r_due = r_beat_q[r_id_i] == r_len;
  always_ff @(posedge clk_i) begin
    if (ar_now) begin
      r_len_mem[{ar_id_i, r_put_q[ar_id_i]}] <= ar_len_i;
      r_put_q[ar_id_i] <= r_put_q[ar_id_i] + 4'd1;
    end
    if (r_now) begin
      r_beat_q[r_id_i] <= r_due ? 8'd0 : r_beat_q[r_id_i] + 8'd1;
      if (r_due) r_get_q[r_id_i] <= r_get_q[r_id_i] + 4'd1;
    end
    if (ar_now || (r_now && r_due)) begin
      for (int k = 0; k < 4; k = k + 1) begin
        if ((ar_now && 32'(ar_id_i) == k) != (r_now && r_due && 32'(r_id_i) == k)) begin
          r_open_q[k] <= ar_now && 32'(ar_id_i) == k ? r_open_q[k] + 5'd1 : r_open_q[k] - 5'd1;
        end
      end
    end
    if (ar_now != (r_now && r_due)) reads_q <= ar_now ? reads_q + 5'd1 : reads_q - 5'd1;
    if (!rst_ni) begin
      reads_q <= 5'd0;
      for (int k = 0; k < 4; k = k + 1) begin
        r_put_q[k] <= 4'd0;
        r_get_q[k] <= 4'd0;
        r_open_q[k] <= 5'd0;
        r_beat_q[k] <= 8'd0;
      end
    end
  end
  `TSR_ASSERT(!ar_now || reads_q < 5'd16)
  `TSR_ASSERT(!r_valid_i || r_open_q[r_id_i] != 5'd0)
  `TSR_ASSERT(!r_valid_i || r_last_i == r_due)

  // writes
  logic [7:0] w_len_mem[0:15];
  logic [3:0] w_put_q, w_get_q;
  logic [4:0] w_open_q;  // bursts with AW and without their last beat
  logic [4:0] b_open_q;  // bursts with their last beat and without response
  logic [4:0] writes_q;  // bursts with AW and without response
  logic [7:0] w_beat_q;
  wire aw_now = aw_valid_i && aw_ready_i;
  wire w_now = w_valid_i && w_ready_i;
  wire b_now = b_valid_i && b_ready_i;
  wire w_due = w_beat_q == w_len_mem[w_get_q];
  wire w_ends = w_now && w_due;
  always_ff @(posedge clk_i) begin
    if (aw_now) begin
      w_len_mem[w_put_q] <= aw_len_i;
      w_put_q <= w_put_q + 4'd1;
    end
    if (w_now) begin
      w_beat_q <= w_due ? 8'd0 : w_beat_q + 8'd1;
      if (w_due) w_get_q <= w_get_q + 4'd1;
    end
    if (aw_now != w_ends) w_open_q <= aw_now ? w_open_q + 5'd1 : w_open_q - 5'd1;
    if (w_ends != b_now) b_open_q <= w_ends ? b_open_q + 5'd1 : b_open_q - 5'd1;
    if (aw_now != b_now) writes_q <= aw_now ? writes_q + 5'd1 : writes_q - 5'd1;
    if (!rst_ni) begin
      w_put_q <= 4'd0;
      w_get_q <= 4'd0;
      w_open_q <= 5'd0;
      b_open_q <= 5'd0;
      writes_q <= 5'd0;
      w_beat_q <= 8'd0;
    end
  end
  `TSR_ASSERT(!w_valid_i || w_open_q != 5'd0)
  `TSR_ASSERT(!w_valid_i || w_last_i == w_due)
  `TSR_ASSERT(!b_valid_i || b_open_q != 5'd0)
  `TSR_ASSERT(!aw_now || writes_q < 5'd16)
endmodule

`default_nettype wire
