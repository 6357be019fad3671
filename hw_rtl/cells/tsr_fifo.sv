// First-in first-out queue, first word falls through: data_o is the oldest entry while valid_o.
//
// Depth is a power of two. One push and one pop a cycle, both also when full or empty on the other side is not needed:
// ready_o does not depend on pop. clear_i empties it in one cycle.
// Memory: Depth x Width, one synchronous write port, one asynchronous read port (distributed RAM).
// Critical path: read pointer, memory, data_o.
`default_nettype none
`include "tsr_assert.svh"

module tsr_fifo #(
    parameter int Width = 8,
    parameter int Depth = 4
) (
    input  wire              clk_i,
    input  wire              rst_ni,
    input  wire              clear_i,
    input  wire              valid_i,
    output wire              ready_o,
    input  wire  [Width-1:0] data_i,
    output wire              valid_o,
    input  wire              ready_i,
    output wire  [Width-1:0] data_o
);
  localparam int Bits = $clog2(Depth);

  if (Depth != (1 << Bits) || Depth < 2) begin : g_bad
    tsr_param_error_fifo_depth_not_a_power_of_two u_err ();
  end

  logic [Width-1:0] mem[0:Depth-1];
  logic [Bits:0] wr_q, rd_q;

  wire full = (wr_q ^ rd_q) == {1'b1, {Bits{1'b0}}};
  assign ready_o = !full;
  assign valid_o = wr_q != rd_q;
  assign data_o = mem[rd_q[Bits-1:0]];

  always_ff @(posedge clk_i) begin
    if (valid_i && ready_o) mem[wr_q[Bits-1:0]] <= data_i;
    if (!rst_ni || clear_i) begin
      wr_q <= '0;
      rd_q <= '0;
    end else begin
      if (valid_i && ready_o) wr_q <= wr_q + 1'b1;
      if (valid_o && ready_i) rd_q <= rd_q + 1'b1;
    end
  end

  // read by the assertion only, which synthesis and TSR_NO_ASSERT drop:
  // verilator lint_off UNUSEDSIGNAL
  wire [Bits:0] used = wr_q - rd_q;
  // verilator lint_on UNUSEDSIGNAL
  `TSR_ASSERT(used <= (Bits + 1)'(Depth))

`ifdef FORMAL
  tsr_stream_order #(
      .Width(Width),
      .Capacity(Depth)
  ) u_order (
      .clk_i,
      .rst_ni,
      .clear_i,
      .in_valid_i (valid_i),
      .in_ready_i (ready_o),
      .in_data_i  (data_i),
      .out_valid_i(valid_o),
      .out_ready_i(ready_i),
      .out_data_i (data_o),
      .held_i     (5'(used))
  );
`endif
endmodule

`default_nettype wire
