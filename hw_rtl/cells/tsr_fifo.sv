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
  // 1. An arbitrary beat, the f_nth that goes in, comes out as the f_nth and unchanged. 2. An offer stands until it is taken.
  // 3. What is inside is what went in and did not come out.
  (* anyconst *)logic [4:0] f_nth;
  logic [4:0] f_in, f_out;
  logic [Width-1:0] f_data, f_hold_data;
  logic f_past, f_hold;
  initial begin
    f_past = 1'b0;
    assume (!rst_ni);
  end
  always_ff @(posedge clk_i) begin
    f_past <= 1'b1;
    if (!rst_ni || clear_i) begin
      f_in   <= '0;
      f_out  <= '0;
      f_hold <= 1'b0;
    end else begin
      if (valid_i && ready_o && f_in != 5'h1f) begin
        f_in <= f_in + 1'b1;
        if (f_in == f_nth) f_data <= data_i;
      end
      if (valid_o && ready_i && f_out != 5'h1f) begin
        f_out <= f_out + 1'b1;
        if (f_out == f_nth && f_in > f_nth) assert (data_o == f_data);
      end
      f_hold <= valid_o && !ready_i;
      f_hold_data <= data_o;
      if (f_past && f_hold) assert (valid_o && data_o == f_hold_data);
      if (f_past && f_in != 5'h1f && f_out != 5'h1f) assert (f_in - f_out == 5'(used));
      cover (f_out == 5'd3 && !ready_o);
    end
  end
`endif
endmodule

`default_nettype wire
