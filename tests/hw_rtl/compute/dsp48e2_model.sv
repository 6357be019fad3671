// What tsr_dsp_link uses of DSP48E2, after the UltraScale DSP slice's user guide (UG579), for dsp_test.cpp; any other setting is an error.
// Yosys brings a model of DSP48E1, but none of this one.
`default_nettype none

module DSP48E2 #(
    parameter int ACASCREG = 1,
    parameter int ADREG = 1,
    parameter int ALUMODEREG = 1,
    parameter AMULTSEL = "A",
    parameter int AREG = 1,
    parameter int BCASCREG = 1,
    parameter BMULTSEL = "B",
    parameter int BREG = 1,
    parameter int CARRYINREG = 1,
    parameter int CARRYINSELREG = 1,
    parameter int CREG = 1,
    parameter int DREG = 1,
    parameter int INMODEREG = 1,
    parameter int MREG = 1,
    parameter int OPMODEREG = 1,
    parameter PREADDINSEL = "A",
    parameter int PREG = 1,
    parameter USE_MULT = "MULTIPLY",
    parameter USE_SIMD = "ONE48"
) (
    output wire [29:0] ACOUT,
    output wire [17:0] BCOUT,
    output wire        CARRYCASCOUT,
    output wire [3:0]  CARRYOUT,
    output wire        MULTSIGNOUT,
    output wire        OVERFLOW,
    output wire [47:0] P,
    output wire        PATTERNBDETECT,
    output wire        PATTERNDETECT,
    output wire [47:0] PCOUT,
    output wire        UNDERFLOW,
    output wire [7:0]  XOROUT,
    input  wire [29:0] A,
    input  wire [29:0] ACIN,
    input  wire [3:0]  ALUMODE,
    input  wire [17:0] B,
    input  wire [17:0] BCIN,
    input  wire [47:0] C,
    input  wire        CARRYCASCIN,
    input  wire        CARRYIN,
    input  wire [2:0]  CARRYINSEL,
    input  wire        CEA1,
    input  wire        CEA2,
    input  wire        CEAD,
    input  wire        CEALUMODE,
    input  wire        CEB1,
    input  wire        CEB2,
    input  wire        CEC,
    input  wire        CECARRYIN,
    input  wire        CECTRL,
    input  wire        CED,
    input  wire        CEINMODE,
    input  wire        CEM,
    input  wire        CEP,
    input  wire        CLK,
    input  wire [26:0] D,
    input  wire [4:0]  INMODE,
    input  wire        MULTSIGNIN,
    input  wire [8:0]  OPMODE,
    input  wire [47:0] PCIN,
    input  wire        RSTA,
    input  wire        RSTALLCARRYIN,
    input  wire        RSTALUMODE,
    input  wire        RSTB,
    input  wire        RSTC,
    input  wire        RSTCTRL,
    input  wire        RSTD,
    input  wire        RSTINMODE,
    input  wire        RSTM,
    input  wire        RSTP
);
  if (AMULTSEL != "AD" || BMULTSEL != "B" || PREADDINSEL != "A" || USE_MULT != "MULTIPLY" || USE_SIMD != "ONE48") begin : g_bad_use
    tsr_param_error_dsp48e2_use u_err ();
  end
  if (AREG != 1 || ACASCREG != 1 || BCASCREG != BREG || BREG < 1 || BREG > 2 || CREG != 1 || DREG != 1 || MREG != 1) begin : g_bad_registers
    tsr_param_error_dsp48e2_registers u_err ();
  end
  if (ALUMODEREG != 1 || CARRYINREG != 1 || CARRYINSELREG != 1 || INMODEREG != 1 || OPMODEREG != 1) begin : g_bad_controls
    tsr_param_error_dsp48e2_control_registers u_err ();
  end
  wire enabled = &{CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP};
  wire reset = |{RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP};
  wire others = |{ALUMODE, CARRYIN, CARRYINSEL, ACIN, BCIN, CARRYCASCIN, MULTSIGNIN};

  logic [26:0] a_q, d_q, ad_q;
  logic [17:0] b1_q, b2_q;
  logic [47:0] c_q;
  logic [4:0] inmode_q;
  logic [8:0] opmode_q;
  logic signed [44:0] m_q;

  // Pre-adder: bit 1 of INMODE makes A zero, bit 2 lets D in, bit 3 subtracts, bits 0 and 4 take the first registers.
  wire [26:0] ad = (inmode_q[2] ? d_q : 27'd0) + (inmode_q[1] ? 27'd0 : a_q);
  wire signed [26:0] a_multiplier = ADREG == 1 ? ad_q : ad;
  wire signed [17:0] b_multiplier = b2_q;

  // OPMODE: W bits 8:7, Z 6:4, Y 3:2, X 1:0; X and Y 01 are the product.
  logic [47:0] z;
  always_comb begin : p_z
    case (opmode_q[6:4])
      3'b000: z = 48'd0;
      3'b001: z = PCIN;
      3'b011: z = c_q;
      default: z = 'x;
    endcase
  end
  wire [47:0] sum = z + (opmode_q[3:0] == 4'b0101 ? {{3{m_q[44]}}, m_q} : 48'd0);

  always_ff @(posedge CLK) begin
    a_q <= A[26:0];
    d_q <= D;
    ad_q <= ad;
    b1_q <= B;
    b2_q <= BREG == 2 ? b1_q : B;
    c_q <= C;
    inmode_q <= INMODE;
    opmode_q <= OPMODE;
    m_q <= a_multiplier * b_multiplier;
    if (!enabled || reset || others || inmode_q[0] || inmode_q[3] || inmode_q[4] || A[29:27] != {3{A[26]}}) $stop;
    if (opmode_q[8:7] != 2'b00 || (opmode_q[3:0] != 4'b0101 && opmode_q != '0)) $stop;
  end
  if (PREG == 1) begin : g_p
    logic [47:0] p_q;
    always_ff @(posedge CLK) p_q <= sum;
    assign P = p_q;
  end else begin : g_no_p
    assign P = sum;
  end
  assign PCOUT = P;

  assign ACOUT = '0;
  assign BCOUT = '0;
  assign CARRYCASCOUT = '0;
  assign CARRYOUT = '0;
  assign MULTSIGNOUT = '0;
  assign OVERFLOW = '0;
  assign PATTERNBDETECT = '0;
  assign PATTERNDETECT = '0;
  assign UNDERFLOW = '0;
  assign XOROUT = '0;
endmodule

`default_nettype wire
