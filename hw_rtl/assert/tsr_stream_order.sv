// For proofs: what goes into a stream buffer comes out of it, once, unchanged and in order.
//
// 1. An arbitrary beat, the nth that goes in, is the nth that comes out, and unchanged. 2. An offer stands, with its data, until it is
// taken. 3. The buffer holds what went in and did not come out. Counts end at 31; a proof is shorter.
`default_nettype none

module tsr_stream_order #(
    parameter int Width = 8,
    parameter int Capacity = 2  // beats that the buffer holds when full
) (
    input wire             clk_i,
    input wire             rst_ni,
    input wire             clear_i,
    input wire             in_valid_i,
    input wire             in_ready_i,
    input wire [Width-1:0] in_data_i,
    input wire             out_valid_i,
    input wire             out_ready_i,
    input wire [Width-1:0] out_data_i,
    input wire [      4:0] held_i       // beats inside
);
  // verilator lint_off UNDRIVEN
  (* anyconst *)logic [4:0] nth;  // the solver's choice
  // verilator lint_on UNDRIVEN
  logic [4:0] in_q, out_q;
  logic [Width-1:0] data_q, offer_data_q;
  logic begun_q, offer_q;
  initial begin
    begun_q = 1'b0;
    assume (!rst_ni);
  end
  always_ff @(posedge clk_i) begin
    begun_q <= 1'b1;
    if (!rst_ni || clear_i) begin
      in_q <= '0;
      out_q <= '0;
      offer_q <= 1'b0;
    end else begin
      if (in_valid_i && in_ready_i && in_q != 5'h1f) begin
        in_q <= in_q + 1'b1;
        if (in_q == nth) data_q <= in_data_i;
      end
      if (out_valid_i && out_ready_i && out_q != 5'h1f) begin
        out_q <= out_q + 1'b1;
        if (out_q == nth) assert (out_data_i == data_q);
      end
      offer_q <= out_valid_i && !out_ready_i;
      offer_data_q <= out_data_i;
      if (begun_q && offer_q) assert (out_valid_i && out_data_i == offer_data_q);
      if (begun_q && in_q != 5'h1f && out_q != 5'h1f) assert (in_q - out_q == held_i);
      cover (out_q == 5'd3 && held_i == 5'(Capacity));
    end
  end
endmodule

`default_nettype wire
