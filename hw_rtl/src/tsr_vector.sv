// The vector unit: takes the sequencer's micro-ops of ALU and VEC, reads one or two ACC elements each, one micro-op a cycle.
//
// Stages after issue (S3): V4 addresses, V5 RAM outputs, V6 and V7 both banks' words, V7 operands, V8 result of MIN, MAX, ADD, SHR (to the result
// register 6 cycles after issue). MUL and VEC go on through tsr_operands and enter the exit pipeline 12 cycles after issue.
// ACC's banks have one read port: where both operands lie in one bank the second is read a cycle later (skew). The array's reads come first.
// tsr_pending knows every result on its way to ACC. An operand that is in alu_q (from the micro-op before) or in the result register (from the
// simple one before that, or a MUL or VEC) at V7 is forwarded; any other pending one stalls the issue until ACC gives it. The pipeline itself never stalls.
// What the array and the loader write needs no such care: an instruction that waits for theirs begins when their last result has been in the
// result register, and its first micro-op is issued five cycles later. Where it may begin beside an earlier array instruction (guard_i), each micro-op
// waits until it is known to touch none of that one's destinations, or that one has ended, two cycles behind its last result.
// The four operations have two bodies, as tsr_dot has: tsr_alu_lane is the one for synthesis.
// Critical path: V7, result register through an operand's multiplexers into the shifter; S3, pending results into issue. Memories, DSPs: none here.
`default_nettype none
`include "tsr_assert.svh"

`ifdef YOSYS
`define TSR_ALU_LANES
`endif
`ifdef TSR_STRUCTURAL
`define TSR_ALU_LANES
`endif

module tsr_vector #(
    parameter int CfgW = 90,
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
    input  wire                                   guard_i,  // an array instruction before this one runs, whose destinations range_*_i are
    input  wire                                   range_known_i,
    input  wire  [17:0]                           range_low_i,
    input  wire  [17:0]                           range_high_i,
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
    // the result register, for forwarding; whether a result of this unit for ACC stands in it, and where it goes, for assertions
    input  wire                                   res_acc_i,
    input  wire  [15:0]                           res_index_i,
    input  wire  [32*Lanes-1:0]                   res_data_i,
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
  localparam int ShortCycles = 6;  // issue to the result register
  localparam int LongCycles = 25;  // by way of the exit pipeline
  localparam int OperandCycles = 4;  // issue to V7

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

  // Results on their way to ACC
  wire put_simple, put_long, due;
  wire [AB-1:0] due_index;
  wire [1:0] wait_for, in_result, in_alu;  // first operand low
  tsr_pending #(
      .IndexW(AB),
      .Short(ShortCycles),
      .Long(LongCycles),
      .Use(OperandCycles)
  ) u_pending (
      .clk_i,
      .rst_ni,
      .put_short_i(put_simple),
      .put_long_i(put_long),
      .put_index_i(item_dst_i[AB-1:0]),
      .read_i({s3_two, 1'b1}),
      .index_i({s3_y[AB-1:0], s3_x[AB-1:0]}),
      .wait_o(wait_for),
      .result_o(in_result),
      .before_o(in_alu),
      .due_o(due),
      .due_index_o(due_index)
  );

  // The first operand is one of dst and rhs.
  wire touches = (item_dst_i >= range_low_i && item_dst_i <= range_high_i) || (item_rhs_i >= range_low_i && item_rhs_i <= range_high_i);
  wire guarded = guard_i && (!range_known_i || touches);

  assign want_simple_o = s3_simple;
  wire able = item_valid_i && !err_o && (item_null_i || (banks_ok && wait_for == '0 && !guarded));
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

  assign put_simple = busy_o && s3_simple;
  assign put_long = busy_o && !s3_simple && s3_destination == tsr_isa_pkg::DestinationAcc;

  // Where an operand comes from: a bank's word, the result register, alu_q. The second one may come a cycle later, or from the instruction.
  localparam logic [1:0] FromResult = 2'd2;
  localparam logic [1:0] FromAlu = 2'd3;
  localparam logic [1:0] AsFirst = 2'd0;
  localparam logic [1:0] Immediate = 2'd1;
  logic [1:0] x_from, y_from, y_late;
  always_comb begin
    x_from = {1'b0, s3_x[0]};
    if (in_result[0]) x_from = FromResult;
    if (in_alu[0]) x_from = FromAlu;
    y_from = {1'b0, s3_y[0]};
    if (in_result[1]) y_from = FromResult;
    if (in_alu[1]) y_from = FromAlu;
    y_late = AsFirst;
    if (!s3_two) y_late = Immediate;
    else if (s3_skew && !in_result[1] && !in_alu[1]) y_late = {1'b1, s3_y[0]};
  end

  // Control of the stages
  localparam int CtlW = 35 + 2 + 16 + 5 + 16 + 6 + 3;
  localparam int XExit = CtlW - 35;
  localparam int XDest = XExit - 2;
  localparam int XImm = XDest - 16;
  localparam int XOp = XImm - 5;  // use_imm, vec, op
  localparam int XDst = XOp - 16;
  localparam int XFromX = XDst - 2;
  localparam int XFromY = XFromX - 2;
  localparam int XLateY = XFromY - 2;
  logic [14:4] v_q;
  logic [CtlW-1:0] c4_q, c5_q, c6_q, c7_q, c8_q, c9_q, c10_q, c11_q, c12_q, c13_q, c14_q;
  // bits: 0 null, 1 end, 2 simple
  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      v_q <= '0;
      skew4_q <= 1'b0;
    end else begin
      v_q <= {v_q[13:4], issue};
      skew4_q <= busy_o && s3_skew;
    end
    if (issue) begin
      c4_q <= {s3_exit, s3_destination, s3_imm, s3_use_imm, s3_vec, s3_op, item_dst_i[15:0], x_from, y_from, y_late,
               s3_simple, item_end_i, item_null_i};
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

  // V6, V7: what both banks gave. At V7 banks6_q has what they gave a cycle later.
  logic [2*32*Lanes-1:0] banks6_q, banks7_q;
  logic [32*Lanes-1:0] alu_q;
  always_ff @(posedge clk_i) begin
    if (v_q[6:5] != '0) banks6_q <= acc_data_i;
    if (v_q[6]) banks7_q <= banks6_q;
  end

  // V7: operands
  wire [32*Lanes-1:0] x7, y7, y7_first;
  tsr_mux4 #(
      .Width(32 * Lanes)
  ) u_x (
      .sel_i(c7_q[XFromX+:2]),
      .a_i  (banks7_q[0+:32*Lanes]),
      .b_i  (banks7_q[32*Lanes+:32*Lanes]),
      .c_i  (res_data_i),
      .d_i  (alu_q),
      .y_o  (x7)
  );
  tsr_mux4 #(
      .Width(32 * Lanes)
  ) u_y_first (
      .sel_i(c7_q[XFromY+:2]),
      .a_i  (banks7_q[0+:32*Lanes]),
      .b_i  (banks7_q[32*Lanes+:32*Lanes]),
      .c_i  (res_data_i),
      .d_i  (alu_q),
      .y_o  (y7_first)
  );
  tsr_mux4 #(
      .Width(32 * Lanes)
  ) u_y (
      .sel_i(c7_q[XLateY+:2]),
      .a_i  (y7_first),
      .b_i  ({Lanes{{16{c7_q[XImm+15]}}, c7_q[XImm+:16]}}),
      .c_i  (banks6_q[0+:32*Lanes]),
      .d_i  (banks6_q[32*Lanes+:32*Lanes]),
      .y_o  (y7)
  );

  // V7 to V8: the simple operations
  wire [2:0] op7 = c7_q[XOp+:3];
`ifdef TSR_ALU_LANES
  wire compares7 = op7 == tsr_isa_pkg::AluOpcodeMin || op7 == tsr_isa_pkg::AluOpcodeMax;
  wire second7 = op7 == tsr_isa_pkg::AluOpcodeMax || op7 == tsr_isa_pkg::AluOpcodeShr;
  for (genvar l = 0; l < Lanes; l++) begin : g_alu
    wire [31:0] result;
    tsr_alu_lane u_lane (
        .compares_i(compares7),
        .second_i(second7),
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

  // What tsr_pending says is due comes in the next cycle, and nothing else does: so no read misses a result of this unit.
  logic due_q;
  logic [AB-1:0] due_index_q;
  always_ff @(posedge clk_i) begin
    due_q <= rst_ni && due;
    due_index_q <= due_index;
  end
  `TSR_ASSERT(due_q == res_acc_i && (!due_q || due_index_q == res_index_i[AB-1:0]))
  `TSR_ASSERT(!(busy_o && (arr_use_next_i[s3_x[0]])))

  wire unused = &{1'b0, due_q, due_index_q, res_acc_i, res_index_i, s3_x[17:16], s3_y[17:16], item_dst_i[17:16]};
endmodule

`default_nettype wire
