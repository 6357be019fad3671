// Joins the read requests of several ports on one AXI4 read master; the AXI ID is the port's number.
//
// Round robin, one request a cycle into the AR register, at most 16 bursts outstanding. Data go to the port of their ID;
// r_ready_o is high when every port that may hold data back has room, so it depends on no input of the same cycle.
// abort_i: no request is taken, data that still arrive are dropped; drained_o when nothing is owed by the bus.
// Critical path: round robin, address multiplexer, AR register.
// Memories: none.
`default_nettype none
`include "tsr_assert.svh"

module tsr_read_arbiter #(
    parameter int Ports = 3
) (
    input  wire                clk_i,
    input  wire                rst_ni,
    input  wire                abort_i,
    // ports
    input  wire  [  Ports-1:0] req_valid_i,
    output logic [  Ports-1:0] req_ready_o,
    input  wire  [32*Ports-1:0] req_addr_i,
    input  wire  [ 9*Ports-1:0] req_beats_i,
    output logic [  Ports-1:0] r_valid_o,
    input  wire  [  Ports-1:0] r_ready_i,
    output wire                r_error_o,
    // AXI4
    output wire                ar_valid_o,
    input  wire                ar_ready_i,
    output wire  [        1:0] ar_id_o,
    output wire  [       31:0] ar_addr_o,
    output wire  [        7:0] ar_len_o,
    input  wire                r_valid_i,
    output wire                r_ready_o,
    input  wire  [        1:0] r_id_i,
    input  wire  [        1:0] r_resp_i,
    input  wire                r_last_i,
    // state
    output wire                drained_o
);
  if (Ports < 2 || Ports > 4) begin : g_bad
    tsr_param_error_arbiter_ports u_err ();
  end

  logic ar_valid_q;
  logic [1:0] ar_id_q;
  logic [31:0] ar_addr_q;
  logic [7:0] ar_len_q;
  logic [4:0] owed_q;  // bursts in the AR register or outstanding
  logic [1:0] last_q;  // port served last

  logic found;
  logic [1:0] pick;
  logic [31:0] pick_addr;
  logic [8:0] pick_beats;
  always_comb begin
    found = 1'b0;
    pick = 2'd0;
    pick_addr = req_addr_i[31:0];
    pick_beats = req_beats_i[8:0];
    for (int k = 0; k < Ports; k = k + 1) begin  // lower ports, after those above the last one
      if (req_valid_i[k] && !found && k > 32'(last_q)) begin
        found = 1'b1;
        pick = 2'(k);
        pick_addr = req_addr_i[32*k+:32];
        pick_beats = req_beats_i[9*k+:9];
      end
    end
    for (int k = 0; k < Ports; k = k + 1) begin
      if (req_valid_i[k] && !found) begin
        found = 1'b1;
        pick = 2'(k);
        pick_addr = req_addr_i[32*k+:32];
        pick_beats = req_beats_i[9*k+:9];
      end
    end
  end

  wire room = (!ar_valid_q || ar_ready_i) && owed_q != 5'd16 && !abort_i;
  wire take = found && room;
  wire burst_done = r_valid_i && r_ready_o && r_last_i;

  always_comb begin
    for (int k = 0; k < Ports; k = k + 1) begin
      req_ready_o[k] = room && found && 32'(pick) == k;
      r_valid_o[k] = r_valid_i && r_ready_o && !abort_i && 32'(r_id_i) == k;
    end
  end
  assign r_error_o = r_resp_i[1];
  assign r_ready_o = &r_ready_i || abort_i;

  always_ff @(posedge clk_i) begin
    if (ar_ready_i) ar_valid_q <= 1'b0;
    if (take) begin
      ar_valid_q <= 1'b1;
      ar_id_q <= pick;
      ar_addr_q <= pick_addr;
      ar_len_q <= 8'(pick_beats - 9'd1);
      last_q <= pick;
    end
    if (take || burst_done) owed_q <= owed_q + 5'(take) - 5'(burst_done);
    if (!rst_ni) begin
      ar_valid_q <= 1'b0;
      owed_q <= 5'd0;
      last_q <= 2'd0;
    end
  end

  assign ar_valid_o = ar_valid_q;
  assign ar_id_o = ar_id_q;
  assign ar_addr_o = ar_addr_q;
  assign ar_len_o = ar_len_q;
  assign drained_o = owed_q == 5'd0;

  `TSR_ASSERT(!burst_done || owed_q != 5'd0)

  wire unused = &{1'b0, r_resp_i[0]};
endmodule

`default_nettype wire
