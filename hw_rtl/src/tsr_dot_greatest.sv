// The greatest tap of a lane for MAX, as a field of tsr_dot_rows: 2^(F-1) - 1 - greatest, F bits.
//
// on_i: taps that count; tap 0 always does, and a tap only with all before it. Taps and on_i with S7, field_o with S9.
// Stages: S8 the greatest of the first half of the taps and of the second, S9 of all. Critical path: two taps compared and one chosen.
// DSPs and memories: none.
`default_nettype none

module tsr_dot_greatest #(
    parameter int Taps = 4,
    parameter int F = 17
) (
    input  wire              clk_i,
    input  wire [Taps-1:0]   on_i,
    input  wire [8*Taps-1:0] tap_i,
    output wire [F-1:0]      field_o
);
  localparam int Half = (Taps + 1) / 2;

  // Node t is the greatest of the taps of its half up to t; node Taps is of the two halves, a stage later.
  logic [7:0] first_q, second_q, turned_q;
  logic second_on_q, negative_q;
  for (genvar t = 0; t <= Taps; t++) begin : g_node
    wire [7:0] most;
    if (t == 0 || (t == Half && t < Taps)) begin : g_one
      assign most = tap_i[8*t+:8];
    end else begin : g_two
      wire [7:0] x, y;
      wire on;
      if (t < Taps) begin : g_tap
        assign x = tap_i[8*t+:8];
        assign y = g_node[t-1].most;
        assign on = on_i[t];
      end else begin : g_halves
        assign x = second_q;
        assign y = first_q;
        assign on = second_on_q;
      end
      wire take = on && $signed(x) > $signed(y);
      assign most = take ? x : y;
    end
  end
  always_ff @(posedge clk_i) begin
    first_q <= g_node[Half-1].most;
    second_q <= g_node[Taps-1].most;
    second_on_q <= Half < Taps && on_i[Half%Taps];
    turned_q <= ~g_node[Taps].most;
    negative_q <= g_node[Taps].most[7];
  end
  assign field_o = {negative_q, {F - 9{turned_q[7]}}, turned_q};
endmodule

`default_nettype wire
