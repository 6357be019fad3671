// One DSP slice as a link of a chain: sum = (A + D) * x + what the link before gives (First: + C).
//
// Width of A and D, which chooses the slice: 25 is DSP48E1 (7 series), 27 is DSP48E2 (UltraScale, UltraScale+). A + D must fit Width bits, signed.
// hide_a_i: A counts as 0; D counts with use_d_i only. replace_i (with Replace): C comes instead of the link before. x is signed.
// Stages: operands at n, product at n + 1, sum at n + 2 (Hold) or in the same cycle as the sum of the link before it. C and replace_i come one
// stage after the operands. Late = 1: products, C, replace_i and sum one stage later, so that a chain has links in two stages.
// Simulation sees the arithmetic, synthesis (SYNTHESIS) the vendor's primitive; tests/hw_rtl/compute compares the two.
// DSP: 1. LUT, fabric registers: none. Critical path, -1 grade of the 7 series: product to chain 2.4 ns, a link 1.6 ns, into P 1.5 ns (estimates).
`default_nettype none

module tsr_dsp_link #(
    parameter int Width = 25,
    parameter int First = 0,
    parameter int Late = 0,
    parameter int Hold = 0,
    parameter int Replace = 0
) (
    input  wire              clk_i,
    input  wire              hide_a_i,
    input  wire              use_d_i,
    input  wire  [Width-1:0] a_i,
    input  wire  [Width-1:0] d_i,
    input  wire  [7:0]       x_i,
    input  wire  [47:0]      c_i,
    input  wire              replace_i,
    input  wire  [47:0]      chain_i,  // chain_o of the link before, and nothing else
    output wire  [47:0]      chain_o,
    output wire  [47:0]      sum_o
);
  if (Width != 25 && Width != 27) begin : g_bad
    tsr_param_error_dsp_width_is_25_or_27 u_err ();
  end

`ifdef SYNTHESIS
  // INMODE: bit 2, D counts; bit 1, A is 0. OPMODE: Z is C (011) or PCIN (001), X and Y are the product.
  wire [4:0] inmode = {2'b00, use_d_i, hide_a_i, 1'b0};
  wire [6:0] opmode = {1'b0, First != 0 || (Replace != 0 && replace_i), 1'b1, 4'b0101};
  wire [17:0] b = {{10{x_i[7]}}, x_i};
  if (Width == 25) begin : g_dsp48e1
    DSP48E1 #(
        .ACASCREG(1),
        .ADREG(Late),
        .ALUMODEREG(1),
        .AREG(1),
        .BCASCREG(1 + Late),
        .BREG(1 + Late),
        .CARRYINREG(1),
        .CARRYINSELREG(1),
        .CREG(1),
        .DREG(1),
        .INMODEREG(1),
        .MREG(1),
        .OPMODEREG(1),
        .PREG(Hold),
        .USE_DPORT("TRUE"),
        .USE_MULT("MULTIPLY"),
        .USE_SIMD("ONE48")
    ) u_dsp (
        .ACOUT(),
        .BCOUT(),
        .CARRYCASCOUT(),
        .CARRYOUT(),
        .MULTSIGNOUT(),
        .OVERFLOW(),
        .P(sum_o),
        .PATTERNBDETECT(),
        .PATTERNDETECT(),
        .PCOUT(chain_o),
        .UNDERFLOW(),
        .A({{5{a_i[24]}}, a_i}),
        .ACIN(30'd0),
        .ALUMODE(4'd0),
        .B(b),
        .BCIN(18'd0),
        .C(c_i),
        .CARRYCASCIN(1'b0),
        .CARRYIN(1'b0),
        .CARRYINSEL(3'd0),
        .CEA1(1'b1),
        .CEA2(1'b1),
        .CEAD(1'b1),
        .CEALUMODE(1'b1),
        .CEB1(1'b1),
        .CEB2(1'b1),
        .CEC(1'b1),
        .CECARRYIN(1'b1),
        .CECTRL(1'b1),
        .CED(1'b1),
        .CEINMODE(1'b1),
        .CEM(1'b1),
        .CEP(1'b1),
        .CLK(clk_i),
        .D(d_i),
        .INMODE(inmode),
        .MULTSIGNIN(1'b0),
        .OPMODE(opmode),
        .PCIN(chain_i),
        .RSTA(1'b0),
        .RSTALLCARRYIN(1'b0),
        .RSTALUMODE(1'b0),
        .RSTB(1'b0),
        .RSTC(1'b0),
        .RSTCTRL(1'b0),
        .RSTD(1'b0),
        .RSTINMODE(1'b0),
        .RSTM(1'b0),
        .RSTP(1'b0)
    );
  end else begin : g_dsp48e2
    DSP48E2 #(
        .ACASCREG(1),
        .ADREG(Late),
        .ALUMODEREG(1),
        .AMULTSEL("AD"),
        .AREG(1),
        .BCASCREG(1 + Late),
        .BMULTSEL("B"),
        .BREG(1 + Late),
        .CARRYINREG(1),
        .CARRYINSELREG(1),
        .CREG(1),
        .DREG(1),
        .INMODEREG(1),
        .MREG(1),
        .OPMODEREG(1),
        .PREADDINSEL("A"),
        .PREG(Hold),
        .USE_MULT("MULTIPLY"),
        .USE_SIMD("ONE48")
    ) u_dsp (
        .ACOUT(),
        .BCOUT(),
        .CARRYCASCOUT(),
        .CARRYOUT(),
        .MULTSIGNOUT(),
        .OVERFLOW(),
        .P(sum_o),
        .PATTERNBDETECT(),
        .PATTERNDETECT(),
        .PCOUT(chain_o),
        .UNDERFLOW(),
        .XOROUT(),
        .A({{3{a_i[26]}}, a_i}),
        .ACIN(30'd0),
        .ALUMODE(4'd0),
        .B(b),
        .BCIN(18'd0),
        .C(c_i),
        .CARRYCASCIN(1'b0),
        .CARRYIN(1'b0),
        .CARRYINSEL(3'd0),
        .CEA1(1'b1),
        .CEA2(1'b1),
        .CEAD(1'b1),
        .CEALUMODE(1'b1),
        .CEB1(1'b1),
        .CEB2(1'b1),
        .CEC(1'b1),
        .CECARRYIN(1'b1),
        .CECTRL(1'b1),
        .CED(1'b1),
        .CEINMODE(1'b1),
        .CEM(1'b1),
        .CEP(1'b1),
        .CLK(clk_i),
        .D(d_i),
        .INMODE(inmode),
        .MULTSIGNIN(1'b0),
        .OPMODE({2'b00, opmode}),
        .PCIN(chain_i),
        .RSTA(1'b0),
        .RSTALLCARRYIN(1'b0),
        .RSTALUMODE(1'b0),
        .RSTB(1'b0),
        .RSTC(1'b0),
        .RSTCTRL(1'b0),
        .RSTD(1'b0),
        .RSTINMODE(1'b0),
        .RSTM(1'b0),
        .RSTP(1'b0)
    );
  end
`else
  logic hide_a_q, use_d_q, replace_q;
  logic signed [Width-1:0] a_q, d_q, wide_q;
  logic signed [7:0] x_q, x_q2;
  logic signed [Width+7:0] m_q;
  logic [47:0] c_q;
  wire signed [Width-1:0] wide = (hide_a_q ? '0 : a_q) + (use_d_q ? d_q : '0);
  wire [47:0] sum = {{40-Width{m_q[Width+7]}}, m_q} + (First != 0 || (Replace != 0 && replace_q) ? c_q : chain_i);
  always_ff @(posedge clk_i) begin
    hide_a_q <= hide_a_i;
    use_d_q <= use_d_i;
    a_q <= a_i;
    d_q <= d_i;
    x_q <= x_i;
    wide_q <= wide;
    x_q2 <= x_q;
    m_q <= Late != 0 ? wide_q * x_q2 : wide * x_q;
    c_q <= c_i;
    replace_q <= replace_i;
  end
  if (Hold != 0) begin : g_hold
    logic [47:0] sum_q;
    always_ff @(posedge clk_i) sum_q <= sum;
    assign chain_o = sum_q;
  end else begin : g_through
    assign chain_o = sum;
  end
  assign sum_o = chain_o;
`endif
endmodule

`default_nettype wire
