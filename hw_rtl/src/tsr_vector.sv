// The vector unit: takes the sequencer's micro-ops of ALU and VEC, reads one or two ACC elements each, one micro-op a cycle.
//
// Stages after issue (S3): V4 addresses, V5 RAM outputs, V6 registers, V7 operands, V8 result of MIN, MAX, ADD, SHR (to the result register 6
// cycles after issue). MUL and VEC go on through tsr_operands and enter the exit pipeline 12 cycles after issue.
// ACC's banks have one read port: where both operands lie in one bank the second is read a cycle later (skew). The array's reads come first.
// An operand still on its way to ACC is forwarded from alu_q, the result register and its two copies; one that a MUL or VEC will write
// later stalls the issue (hazard_*). The pipeline itself never stalls.
// The four operations have two bodies, as tsr_dot has: tsr_alu_lane is the one for synthesis.
// Critical path: V7, forwarding into the shifter; S3, bank conflicts into issue. Memories, DSPs: none here.
`default_nettype none
`include "tsr_assert.svh"

`ifdef YOSYS
`define TSR_ALU_LANES
`endif
`ifdef TSR_STRUCTURAL
`define TSR_ALU_LANES
`endif

module tsr_vector #(
    parameter int CfgW = 8,
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut
) (
    input  wire                                   clk_i,
    input  wire                                   rst_ni,
    input  wire  [45:0]                           lhs_i,
    input  wire  [45:0]                           rhs_i,
    input  wire                                   single_i,
    input  wire                                   fill_i,  // lhs, rhs and single have changed: load the tables
    output wire                                   fill_busy_o,
    // micro-op at S3: lhs walks with the destination
    input  wire                                   item_valid_i,
    output wire                                   item_ready_o,
    input  wire                                   item_null_i,
    input  wire                                   item_end_i,
    input  wire  [17:0]                           item_dst_i,
    input  wire  [17:0]                           item_rhs_i,
    input  wire  [17:0]                           item_lhs_i,
    input  wire  [CfgW-1:0]                       item_cfg_i,  // exit settings, par, destination, imm, use_imm, vec, op, index (low)
    output wire                                   busy_o,
    output wire                                   err_o,
    output wire  [31:0]                           err_index_o,
    // place at the result register
    output wire                                   want_simple_o,  // 6 cycles after issue, else through the exit pipeline
    input  wire                                   slot_ok_i,
    output wire                                   reserve_o,
    // ACC
    input  wire  [1:0]                            arr_use_next_i,
    input  wire  [1:0]                            arr_use_after_i,
    output logic [1:0]                            acc_use_next_o,
    output logic [2*(tsr_cfg_pkg::AccIndexBits-1)-1:0] acc_addr_o,
    input  wire  [2*32*Lanes-1:0]                 acc_data_i,
    // the result register and its copies, for forwarding: what they wrote to ACC, where
    input  wire  [2:0]                            res_acc_i,
    input  wire  [3*16-1:0]                       res_index_i,
    input  wire  [32*Lanes-1:0]                   res_data_i,
    input  wire  [32*Lanes-1:0]                   res2_data_i,
    input  wire  [32*Lanes-1:0]                   res3_data_i,
    // results
    output wire                                   alu_valid_o,
    output wire                                   alu_write_o,
    output wire                                   alu_end_o,
    output wire  [15:0]                           alu_index_o,
    output wire  [32*Lanes-1:0]                   alu_data_o,
    output wire                                   exit_valid_o,
    output wire                                   exit_write_o,
    output wire                                   exit_end_o,
    output wire                                   exit_mul_o,  // low word of the product v * y
    output wire                                   exit_bias_o,  // add the bias row
    output wire  [15:0]                           exit_index_o,
    output wire  [1:0]                            exit_destination_o,
    output wire  [34:0]                           exit_cfg_o,
    output wire  [32*Lanes-1:0]                   exit_v_o,
    output wire  [32*Lanes-1:0]                   exit_y_o
);
  localparam int R = tsr_cfg_pkg::InpPerOut;
  localparam int AB = tsr_cfg_pkg::AccIndexBits;
  localparam int AccDepth = tsr_cfg_pkg::AccDepth;
  localparam int LongCycles = 25;  // issue to the result register by way of the exit pipeline
  localparam int SeenCycles = 3;  // a result this many cycles or less away is forwarded in time
  localparam int Hazards = LongCycles - 1 - SeenCycles;

  // S3
  wire [2:0] s3_op = item_cfg_i[34:32];
  wire s3_vec = item_cfg_i[35];
  wire s3_use_imm = item_cfg_i[36];
  wire [15:0] s3_imm = item_cfg_i[52:37];
  wire [1:0] s3_destination = item_cfg_i[54:53];
  wire [34:0] s3_exit = item_cfg_i[89:55];
  wire s3_two = s3_vec ? s3_op[1:0] != tsr_isa_pkg::VecOpRequantise : !s3_use_imm;
  wire s3_simple = !s3_vec && s3_op != tsr_isa_pkg::AluOpcodeMul;
  wire [17:0] s3_x = !s3_vec && s3_use_imm ? item_rhs_i : item_lhs_i;
  wire [17:0] s3_y = item_rhs_i;
  wire bad_dst = s3_destination == tsr_isa_pkg::DestinationInp ? item_dst_i > 18'((tsr_cfg_pkg::InpDepth - R) / R)
      : item_dst_i >= 18'(AccDepth);
  assign err_o = item_valid_i && !item_null_i && (bad_dst || s3_x >= 18'(AccDepth) || (s3_two && s3_y >= 18'(AccDepth)));
  assign err_index_o = item_cfg_i[31:0];

  // Banks of ACC: the cycle after next (address registers loaded now), and one later.
  logic skew4_q;
  logic [AB-1:0] y4_q;
  wire [1:0] busy0 = arr_use_next_i | {skew4_q && y4_q[0], skew4_q && !y4_q[0]};
  wire s3_same = s3_x[0] == s3_y[0];
  wire s3_skew = s3_two && (s3_same || busy0[s3_y[0]]);
  wire banks_ok = !busy0[s3_x[0]] && !(s3_skew && arr_use_after_i[s3_y[0]]);

  // Results of MUL and VEC on their way to ACC that forwarding will not see.
  logic [Hazards-1:0] hazard_q;
  logic [Hazards*16-1:0] hazard_index_q;
  logic hazard_hit;
  always_comb begin
    hazard_hit = 1'b0;
    if (hazard_q != '0) begin
      for (int i = 0; i < Hazards; i++) begin
        if (hazard_q[i] && (hazard_index_q[16*i+:16] == s3_x[15:0] || (s3_two && hazard_index_q[16*i+:16] == s3_y[15:0]))) hazard_hit = 1'b1;
      end
    end
  end

  assign want_simple_o = s3_simple;
  wire able = item_valid_i && !err_o && (item_null_i || (banks_ok && !hazard_hit));
  wire issue = able && slot_ok_i;
  assign reserve_o = issue;
  assign item_ready_o = err_o || issue;
  assign busy_o = issue && !item_null_i;

  always_comb begin
    for (int b = 0; b < 2; b++) begin
      acc_use_next_o[b] = (skew4_q && y4_q[0] == 1'(b)) || (busy_o && (s3_x[0] == 1'(b) || (s3_two && !s3_skew && s3_y[0] == 1'(b))));
      if (skew4_q && y4_q[0] == 1'(b)) acc_addr_o[b*(AB-1)+:AB-1] = y4_q[AB-1:1];
      else if (s3_x[0] == 1'(b)) acc_addr_o[b*(AB-1)+:AB-1] = s3_x[AB-1:1];
      else acc_addr_o[b*(AB-1)+:AB-1] = s3_y[AB-1:1];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rst_ni) hazard_q <= '0;
    else begin
      hazard_q <= {busy_o && !s3_simple && s3_destination == tsr_isa_pkg::DestinationAcc, hazard_q[Hazards-1:1]};
      if (hazard_q != '0 || busy_o) hazard_index_q <= {item_dst_i[15:0], hazard_index_q[16*Hazards-1:16]};
    end
  end

  // Control of the stages
  localparam int CtlW = 35 + 2 + 16 + 5 + 16 + 3 * AB + 5;
  localparam int XExit = CtlW - 35;
  localparam int XDest = XExit - 2;
  localparam int XImm = XDest - 16;
  localparam int XOp = XImm - 5;  // use_imm, vec, op
  localparam int XDst = XOp - 16;
  localparam int XX = XDst - AB;
  localparam int XY = XX - AB;
  logic [14:4] v_q;
  logic [CtlW-1:0] c4_q, c5_q, c6_q, c7_q, c8_q, c9_q, c10_q, c11_q, c12_q, c13_q, c14_q;
  // bits: 0 null, 1 end, 2 simple, 3 skew, 4 two
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      v_q <= '0;
      skew4_q <= 1'b0;
    end else begin
      v_q <= {v_q[13:4], issue};
      skew4_q <= busy_o && s3_skew;
    end
    if (issue) begin
      c4_q <= {s3_exit, s3_destination, s3_imm, s3_use_imm, s3_vec, s3_op, item_dst_i[15:0], s3_x[AB-1:0], s3_y[AB-1:0], {AB{1'b0}},
               s3_two, s3_skew, s3_simple, item_end_i, item_null_i};
      y4_q <= s3_y[AB-1:0];
    end
    if (v_q[4]) c5_q <= c4_q;
    if (v_q[5]) c6_q <= c5_q;
    if (v_q[6]) c7_q <= c6_q;
    if (v_q[7]) c8_q <= c7_q;
    if (v_q[8]) c9_q <= c8_q;
    if (v_q[9]) c10_q <= c9_q;
    if (v_q[10]) c11_q <= c10_q;
    if (v_q[11]) c12_q <= c11_q;
    if (v_q[12]) c13_q <= c12_q;
    if (v_q[13]) c14_q <= c13_q;
  end

  // V6, V7: operands
  logic [32*Lanes-1:0] x6_q, y6_q, x7_q, y7_q, alu_q;
  logic x_back1_q, y_back1_q;
  wire [AB-1:0] x6 = c6_q[XX+:AB];
  wire [AB-1:0] y6 = c6_q[XY+:AB];
  wire writes7 = v_q[7] && c7_q[2] && !c7_q[0];
  wire writes8 = v_q[8] && c8_q[2] && !c8_q[0];
  wire [AB-1:0] dst7 = c7_q[XDst+:AB];
  wire [AB-1:0] dst8 = c8_q[XDst+:AB];
  always_ff @(posedge clk_i) begin
    if (v_q[5]) begin
      x6_q <= c5_q[XX] ? acc_data_i[32*Lanes+:32*Lanes] : acc_data_i[0+:32*Lanes];
      if (!c5_q[4]) y6_q <= {Lanes{{16{c5_q[XImm+15]}}, c5_q[XImm+:16]}};
      else if (!c5_q[3]) y6_q <= c5_q[XY] ? acc_data_i[32*Lanes+:32*Lanes] : acc_data_i[0+:32*Lanes];
    end
    if (v_q[6]) begin
      x_back1_q <= writes7 && dst7 == x6;
      y_back1_q <= writes7 && dst7 == y6 && c6_q[4];
      if (writes8 && dst8 == x6) x7_q <= alu_q;
      else if (res_acc_i[0] && res_index_i[0+:AB] == x6) x7_q <= res_data_i;
      else if (res_acc_i[1] && res_index_i[16+:AB] == x6) x7_q <= res2_data_i;
      else if (res_acc_i[2] && res_index_i[32+:AB] == x6) x7_q <= res3_data_i;
      else x7_q <= x6_q;
      if (!c6_q[4]) y7_q <= y6_q;
      else if (writes8 && dst8 == y6) y7_q <= alu_q;
      else if (res_acc_i[0] && res_index_i[0+:AB] == y6) y7_q <= res_data_i;
      else if (res_acc_i[1] && res_index_i[16+:AB] == y6) y7_q <= res2_data_i;
      else if (res_acc_i[2] && res_index_i[32+:AB] == y6) y7_q <= res3_data_i;
      else if (c6_q[3]) y7_q <= y6[0] ? acc_data_i[32*Lanes+:32*Lanes] : acc_data_i[0+:32*Lanes];
      else y7_q <= y6_q;
    end
  end

  // V7 to V8: the simple operations
  wire [32*Lanes-1:0] x7 = x_back1_q ? alu_q : x7_q;
  wire [32*Lanes-1:0] y7 = y_back1_q ? alu_q : y7_q;
  wire [2:0] op7 = c7_q[XOp+:3];
`ifdef TSR_ALU_LANES
  for (genvar l = 0; l < Lanes; l++) begin : g_alu
    wire [31:0] result;
    tsr_alu_lane u_lane (
        .op_i(op7),
        .x_i(x7[32*l+:32]),
        .y_i(y7[32*l+:32]),
        .result_o(result)
    );
    always_ff @(posedge clk_i) if (v_q[7] && c7_q[2]) alu_q[32*l+:32] <= result;
  end
`else
  always_ff @(posedge clk_i) begin : p_alu
    logic signed [31:0] x, y;
    logic [31:0] negated;
    logic [4:0] amount;
    if (v_q[7] && c7_q[2]) begin
      for (int l = 0; l < Lanes; l++) begin
        x = $signed(x7[32*l+:32]);
        y = $signed(y7[32*l+:32]);
        negated = 32'd0 - y7[32*l+:32];
        case (op7)
          tsr_isa_pkg::AluOpcodeMin: alu_q[32*l+:32] <= x < y ? x : y;
          tsr_isa_pkg::AluOpcodeMax: alu_q[32*l+:32] <= x > y ? x : y;
          tsr_isa_pkg::AluOpcodeAdd: alu_q[32*l+:32] <= x + y;
          default: begin
            // SHR: right by min(y, 31), or left by -y, 0 from 32 on
            amount = y[31] ? negated[4:0] : (y[30:5] != '0 ? 5'd31 : y[4:0]);
            if (!y[31]) alu_q[32*l+:32] <= x >>> amount;
            else if (negated[31:5] != '0) alu_q[32*l+:32] <= '0;
            else alu_q[32*l+:32] <= x << amount;
          end
        endcase
      end
    end
  end
`endif
  assign alu_valid_o = v_q[8] && c8_q[2];
  assign alu_write_o = !c8_q[0];
  assign alu_end_o = c8_q[1];
  assign alu_index_o = c8_q[XDst+:16];
  assign alu_data_o = alu_q;

  // V7 to V14: operands of the exit pipeline
  wire long7 = v_q[7] && !c7_q[2];
  tsr_operands u_operands (
      .clk_i,
      .rst_ni,
      .valid_i(long7 && !c7_q[0]),
      .vec_i(c7_q[XOp+3]),
      .op_i(op7),
      .single_i,
      .fill_i,
      .busy_o(fill_busy_o),
      .lhs_i,
      .rhs_i,
      .x_i(x7),
      .y_i(y7),
      .v_o(exit_v_o),
      .y_o(exit_y_o)
  );
  wire vec14 = c14_q[XOp+3];
  wire requantise14 = vec14 && c14_q[XOp+:2] == tsr_isa_pkg::VecOpRequantise;
  assign exit_valid_o = v_q[14] && !c14_q[2];
  assign exit_write_o = !c14_q[0];
  assign exit_end_o = c14_q[1];
  assign exit_mul_o = !vec14;
  assign exit_bias_o = requantise14 && c14_q[XExit+8+:3] != tsr_isa_pkg::ExitModeAverage;
  assign exit_index_o = c14_q[XDst+:16];
  assign exit_destination_o = c14_q[XDest+:2];
  assign exit_cfg_o = c14_q[XExit+:35];

  `TSR_ASSERT(!(busy_o && (arr_use_next_i[s3_x[0]])))

  wire unused = &{1'b0, res_index_i, s3_x[17:16], s3_y[17:16], item_dst_i[17:16]};
endmodule

`default_nettype wire
