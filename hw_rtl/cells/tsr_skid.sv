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
  tsr_stream_order #(
      .Width(Width),
      .Capacity(2)
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
      .held_i     ({4'd0, valid_q} + {4'd0, spare_q})
  );
`endif
endmodule

`default_nettype wire
