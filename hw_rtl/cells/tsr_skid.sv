// Skid buffer: a ready/valid register slice with both directions registered and one transfer a cycle.
//
// ready_o comes from a flip-flop, so no path runs from ready_i to ready_o. Holds up to two beats; order and content are kept.
// clear_i drops what it holds. Critical path: the data multiplexer in front of data_o's register.
`default_nettype none
`include "tsr_assert.svh"

module tsr_skid #(
    parameter int Width = 8
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
  logic valid_q, spare_q;
  logic [Width-1:0] data_q, spare_data_q;

  assign ready_o = !spare_q;
  assign valid_o = valid_q;
  assign data_o = data_q;

  wire take = valid_i && !spare_q;
  wire move = !valid_q || ready_i;

  always_ff @(posedge clk_i) begin
    if (move) begin
      if (spare_q) data_q <= spare_data_q;
      else if (take) data_q <= data_i;
    end
    if (take && !move) spare_data_q <= data_i;
    if (!rst_ni || clear_i) begin
      valid_q <= 1'b0;
      spare_q <= 1'b0;
    end else if (move) begin
      valid_q <= spare_q || take;
      spare_q <= 1'b0;
    end else if (take) begin
      spare_q <= 1'b1;
    end
  end

  `TSR_ASSERT(!spare_q || valid_q)

`ifdef FORMAL
  // 1. An arbitrary beat, the f_nth that goes in, comes out as the f_nth and unchanged. 2. An offer stands until it is taken.
  (* anyconst *)logic [3:0] f_nth;
  logic [3:0] f_in, f_out;
  logic [Width-1:0] f_data;
  logic f_past, f_hold;
  logic [Width-1:0] f_hold_data;
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
      if (valid_i && ready_o && f_in != 4'hf) begin
        f_in <= f_in + 1'b1;
        if (f_in == f_nth) f_data <= data_i;
      end
      if (valid_o && ready_i && f_out != 4'hf) begin
        f_out <= f_out + 1'b1;
        if (f_out == f_nth) assert (data_o == f_data);
      end
      f_hold <= valid_o && !ready_i;
      f_hold_data <= data_o;
      if (f_past && f_hold) assert (valid_o && data_o == f_hold_data);
      if (f_past && f_in != 4'hf && f_out != 4'hf) assert (f_in - f_out == {3'd0, valid_q} + {3'd0, spare_q});
      cover (f_out == 4'd3 && spare_q);
    end
  end
`endif
endmodule

`default_nettype wire
