// One lane of tsr_array's accumulators for synthesis: where a group starts (S11) and the running sum or maximum (S12).
//
// from11_i: 0 and 1 the ACC banks, 2 the result register, 3 its copy; zero11_i and bias11_i go before it. sum_i is short of one (tsr_dot), so the
// carry in is always 1: base + sum + 1, or base - greatest in MAX, where a difference below 0 takes the greatest, which is the complement of sum.
// A base of keep12_i that stays is held, so that the multiplexer behind the adder has four inputs. One LUT a bit in front of the adder, one behind,
// two for the start. Critical path: S12 to S13, 33-bit sum and multiplexer. DSPs and memories: none.
`default_nettype none

module tsr_array_lane (
    input  wire         clk_i,
    input  wire         zero11_i,
    input  wire         max11_i,
    input  wire         bias11_i,
    input  wire  [1:0]  from11_i,
    input  wire  [31:0] bias_i,
    input  wire  [31:0] acc_0_i,
    input  wire  [31:0] acc_1_i,
    input  wire  [31:0] res_i,
    input  wire  [31:0] res2_i,
    input  wire         add12_i,
    input  wire         max12_i,
    input  wire         keep12_i,
    input  wire         result12_i,
    input  wire  [31:0] sum_i,
    output logic [31:0] acc_o
);
  logic [31:0] from, init_q;
  always_comb begin : p_from
    case (from11_i)
      2'd0: from = acc_0_i;
      2'd1: from = acc_1_i;
      2'd2: from = res_i;
      default: from = res2_i;
    endcase
  end
  always_ff @(posedge clk_i) begin
    if (zero11_i) init_q[30:0] <= '0;
    else init_q[30:0] <= bias11_i ? bias_i[30:0] : from[30:0];
    init_q[31] <= zero11_i ? max11_i : bias11_i ? bias_i[31] : from[31];
  end

  wire [31:0] base = keep12_i ? acc_o : result12_i ? res_i : init_q;
  // sum + base + 1, which the tool makes of a difference without a longer carry chain
  wire [32:0] total = {sum_i[31], sum_i} - {!base[31], ~base};
  wire less = total[32];
  wire [1:0] take = {max12_i && !less, max12_i && (less || result12_i)};
  logic [31:0] next;
  always_comb begin : p_next
    case (take)
      2'd0: next = total[31:0];
      2'd1: next = ~sum_i;
      2'd2: next = init_q;
      default: next = res_i;
    endcase
  end
  always_ff @(posedge clk_i) if (add12_i && !(max12_i && keep12_i && !less)) acc_o <= next;
endmodule

`default_nettype wire
