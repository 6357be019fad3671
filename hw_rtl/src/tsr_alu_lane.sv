// One lane of MIN, MAX, ADD, SHR in its structural body: one adder, one shifter. Combinational.
//
// The adder gives x + y, or x - y whose sign chooses for MIN and MAX. The shifter goes right; a left shift reverses x on the way in and out.
// SHR: y >= 0 right by min(y, 31), arithmetic; y < 0 left by -y, 0 from 32 on. Critical path: the shifter.
`default_nettype none

module tsr_alu_lane (
    input  wire  [2:0]  op_i,
    input  wire  [31:0] x_i,
    input  wire  [31:0] y_i,
    output logic [31:0] result_o
);
  wire subtracts = op_i != tsr_isa_pkg::AluOpcodeAdd;
  wire [33:0] left_term = {x_i[31], x_i, 1'b1};
  wire [33:0] right_term = {y_i[31], y_i, 1'b0} ^ {34{subtracts}};
  wire [33:0] sum = left_term + right_term;
  wire less = sum[33];

  wire goes_left = y_i[31];
  logic [31:0] in, shifted, out;
  always_comb for (int i = 0; i < 32; i++) in[i] = goes_left ? x_i[31-i] : x_i[i];
  wire far_right = !goes_left && y_i[30:5] != '0;
  wire [4:0] amount = goes_left ? 5'd0 - y_i[4:0] : y_i[4:0] | {5{far_right}};
  wire vanishes = goes_left && (y_i[30:5] != '1 || y_i[4:0] == '0);
  wire fill = !goes_left && x_i[31];
  wire signed [32:0] word = $signed({fill, in});
  wire signed [32:0] right = word >>> amount;
  assign shifted = right[31:0];
  always_comb for (int i = 0; i < 32; i++) out[i] = goes_left ? shifted[31-i] : shifted[i];

  always_comb begin
    case (op_i)
      tsr_isa_pkg::AluOpcodeMin: result_o = less ? x_i : y_i;
      tsr_isa_pkg::AluOpcodeMax: result_o = less ? y_i : x_i;
      tsr_isa_pkg::AluOpcodeAdd: result_o = sum[32:1];
      default: result_o = out & {32{!vanishes}};
    endcase
  end
  wire unused = &{1'b0, sum, right};
endmodule

`default_nettype wire
