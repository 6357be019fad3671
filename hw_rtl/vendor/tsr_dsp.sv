// One DSP block: p_o = a_i * b_i + what comes along the chain (+ c_i), two or three cycles later; one a cycle.
//
// Registers: A and B (InputRegister), M and C, P (OutputRegister); all run always. c_i is asked for a cycle after a_i and b_i where these have
// registers, else with them; UseC beside a chain takes a DSP48E2. chain_o is p_o on the way to the next block's chain_i, over the
// column's own wires: connect it to nothing else. From: 0 adds nothing, 1 the chain, 2 the chain shifted right by 17 (a sum in parts of 17 bits).
// With OutputRegister = 0 the chain goes through the post-adder combinationally (about 1.5 ns a block in the slow corner of a -1 part).
// Synthesis instantiates DSP48E1 or DSP48E2 (tsr_dsp.svh): Yosys 0.23 packs M and the post-adder of neither reliably. Simulation has the arithmetic.
// DSP: 1. Source: Xilinx UG479, UG579, OPMODE tables.
`default_nettype none
`include "tsr_dsp.svh"

module tsr_dsp #(
    parameter int AWidth = `TSR_DSP_A_WIDTH,
    parameter int From = 0,
    parameter int UseC = 0,
    parameter int InputRegister = 1,
    parameter int OutputRegister = 1
) (
    input  wire                      clk_i,
    input  wire signed [AWidth-1:0]  a_i,
    input  wire signed [17:0]        b_i,
    input  wire        [47:0]        c_i,
    input  wire        [47:0]        chain_i,
    output wire        [47:0]        p_o,
    output wire        [47:0]        chain_o
);
  if (AWidth > 27 || From > 2 || (UseC != 0 && AWidth < 27)) begin : g_bad
    tsr_param_error_dsp_port u_err ();
  end

`ifdef SYNTHESIS
  localparam logic [6:0] Opmode = {From == 0 ? 3'b000 : From == 1 ? 3'b001 : 3'b101, 4'b0101};
`ifdef TSR_DSP48E2
  DSP48E2 #(
      .AMULTSEL("A"),
      .BMULTSEL("B"),
`else
  DSP48E1 #(
`endif
      .A_INPUT("DIRECT"),
      .B_INPUT("DIRECT"),
      .USE_MULT("MULTIPLY"),
      .USE_SIMD("ONE48"),
      .AREG(InputRegister),
      .ACASCREG(InputRegister),
      .BREG(InputRegister),
      .BCASCREG(InputRegister),
      .MREG(1),
      .PREG(OutputRegister),
      .CREG(UseC),
      .DREG(0),
      .ADREG(0),
      .ALUMODEREG(0),
      .CARRYINREG(0),
      .CARRYINSELREG(0),
      .INMODEREG(0),
      .OPMODEREG(0)
  ) u_dsp (
      .CLK(clk_i),
      .A({{(30 - AWidth) {a_i[AWidth-1]}}, a_i}),
      .B(b_i),
      .C(UseC != 0 ? c_i : 48'd0),
      .D('0),
      .P(p_o),
      .PCIN(From == 0 ? 48'd0 : chain_i),
      .PCOUT(chain_o),
`ifdef TSR_DSP48E2
      .OPMODE({UseC != 0 ? 2'b11 : 2'b00, Opmode}),
`else
      .OPMODE(Opmode),
`endif
      .ALUMODE(4'd0),
      .INMODE(5'd0),
      .CARRYINSEL(3'd0),
      .CARRYIN(1'b0),
      .ACIN(30'd0),
      .BCIN(18'd0),
      .CARRYCASCIN(1'b0),
      .MULTSIGNIN(1'b0),
      .CEA1(1'b0),
      .CEA2(1'b1),
      .CEB1(1'b0),
      .CEB2(1'b1),
      .CEM(1'b1),
      .CEP(1'b1),
      .CEC(1'b1),
      .CED(1'b0),
      .CEAD(1'b0),
      .CEALUMODE(1'b0),
      .CECARRYIN(1'b0),
      .CECTRL(1'b0),
      .CEINMODE(1'b0),
      .RSTA(1'b0),
      .RSTB(1'b0),
      .RSTC(1'b0),
      .RSTD(1'b0),
      .RSTM(1'b0),
      .RSTP(1'b0),
      .RSTALLCARRYIN(1'b0),
      .RSTALUMODE(1'b0),
      .RSTCTRL(1'b0),
      .RSTINMODE(1'b0)
  );
`else
  logic signed [AWidth-1:0] a;
  logic signed [17:0] b;
  logic signed [AWidth+17:0] m_q;
  if (InputRegister != 0) begin : g_input
    always_ff @(posedge clk_i) begin
      a <= a_i;
      b <= b_i;
    end
  end else begin : g_direct
    assign a = a_i;
    assign b = b_i;
  end
  always_ff @(posedge clk_i) m_q <= a * b;
  logic [47:0] c_q;
  if (UseC != 0) begin : g_c
    always_ff @(posedge clk_i) c_q <= c_i;
  end else begin : g_no_c
    assign c_q = '0;
    wire unused = &{1'b0, c_i};
  end
  wire signed [47:0] chain = From == 0 ? 48'sd0 : $signed(chain_i);
  wire signed [47:0] sum = (From == 2 ? chain >>> 17 : chain) + {{(30 - AWidth) {m_q[AWidth+17]}}, m_q} + $signed(c_q);
  if (OutputRegister != 0) begin : g_output
    logic signed [47:0] p_q;
    always_ff @(posedge clk_i) p_q <= sum;
    assign p_o = p_q;
  end else begin : g_through
    assign p_o = sum;
  end
  assign chain_o = p_o;
  wire unused = &{1'b0, chain_i};
`endif
endmodule

`default_nettype wire
