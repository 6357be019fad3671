// The multiply-accumulate array: takes the sequencer's micro-ops of GEMM and REDUCE and gives one result a group.
//
// Stages after issue (S3): S4 addresses, S5 RAM outputs, S6 registers, S7 operands, S8..S12 products and sums (tsr_dot), S13 accumulators.
// acc_q holds the running sum while the group lasts; a group that starts from ACC reads it at S10, and what is still on its way there, 1 to 4
// micro-ops back, comes from acc_q or the result register at S12, or from the result register or its copy at S11: never a hazard. Results leave at
// S13: to ACC straight to the result register (11 cycles after issue), to OUT and INP through the exit pipeline (entered 12 cycles after issue, one register in between).
// The pipeline never stalls: a micro-op is issued only when its place at the result register is free (slot_* of tsr_compute).
// Critical path: S12 to S13, accumulate with forwarding. DSPs: in tsr_dot. Memories: none.
`default_nettype none
`include "tsr_assert.svh"

`ifdef YOSYS
`define TSR_ACCUMULATE_LANES
`endif
`ifdef TSR_STRUCTURAL
`define TSR_ACCUMULATE_LANES
`endif

module tsr_array #(
    parameter int CfgW = 78,
    parameter int Lanes = tsr_cfg_pkg::Batch * tsr_cfg_pkg::BlockOut,
    parameter int Banks = tsr_cfg_pkg::NumTaps * tsr_cfg_pkg::InpPerOut,
    parameter int InpW = tsr_cfg_pkg::InpElementBytes * 8,
    parameter int WgtW = tsr_cfg_pkg::WgtElementBytes * 8,
    parameter int RowBits = $clog2(tsr_cfg_pkg::InpDepth / Banks)
) (
    input  wire                                   clk_i,
    input  wire                                   rst_ni,
    // micro-op at S3
    input  wire                                   item_valid_i,
    output wire                                   item_ready_o,
    input  wire                                   item_null_i,
    input  wire                                   item_first_i,
    input  wire                                   item_last_i,
    input  wire                                   item_end_i,
    input  wire  [17:0]                           item_dst_i,
    input  wire  [17:0]                           item_src_i,
    input  wire  [17:0]                           item_wgt_i,
    input  wire  [CfgW-1:0]                       item_cfg_i,  // exit settings, par, destination, init, taps, op, index (low)
    output wire                                   busy_o,  // a micro-op is taken
    output wire                                   err_o,  // an index is out of bounds
    output wire  [31:0]                           err_index_o,
    // place at the result register
    output wire                                   want_o,  // this micro-op needs a place
    output wire                                   want_exit_o,  // through the exit pipeline
    input  wire                                   slot_ok_i,
    // scratchpads
    output logic [Banks-1:0]                      inp_en_o,
    output logic [Banks*RowBits-1:0]              inp_addr_o,
    input  wire  [Banks*InpW-1:0]                 inp_data_i,
    output logic                                  wgt_en_o,
    output logic [tsr_cfg_pkg::WgtIndexBits-1:0]  wgt_addr_o,
    input  wire  [WgtW-1:0]                       wgt_data_i,
    output wire                                   par_en_o,
    output wire  [tsr_cfg_pkg::ParIndexBits-1:0]  par_index_o,
    input  wire  [32*tsr_cfg_pkg::BlockOut-1:0]   par_bias_i,
    output wire  [1:0]                            acc_use_next_o,  // reads these ACC banks with the address registers' next value
    output wire  [tsr_cfg_pkg::AccIndexBits-2:0]  acc_addr_o,
    output wire  [1:0]                            acc_use_after_o,  // and a cycle later
    input  wire  [2*32*Lanes-1:0]                 acc_data_i,
    // the result register and its copy, for forwarding
    input  wire  [32*Lanes-1:0]                   res_data_i,
    input  wire  [32*Lanes-1:0]                   res2_data_i,
    // results
    output wire                                   direct_valid_o,  // at S13: into the result register
    output wire                                   direct_write_o,
    output wire                                   direct_end_o,
    output wire  [15:0]                           direct_index_o,
    output wire  [32*Lanes-1:0]                   direct_data_o,
    output logic                                  exit_valid_o,  // into the exit pipeline
    output logic                                  exit_write_o,
    output logic                                  exit_end_o,
    output logic [15:0]                           exit_index_o,
    output logic [1:0]                            exit_destination_o,
    output logic [34:0]                           exit_cfg_o,  // exit settings, par
    output logic [32*Lanes-1:0]                   exit_data_o
);
  localparam int R = tsr_cfg_pkg::InpPerOut;
  localparam int InpDepth = tsr_cfg_pkg::InpDepth;
  localparam int AB = tsr_cfg_pkg::AccIndexBits;
  localparam int BankBits = $clog2(Banks);
  localparam int BlockOut = tsr_cfg_pkg::BlockOut;
  localparam int SkewBits = $clog2(R);
  localparam int SkewW = R > 1 ? SkewBits : 1;

  // S3: bounds and issue
  wire [31:0] s3_index = item_cfg_i[31:0];
  wire [2:0] s3_op = item_cfg_i[34:32];
  wire [3:0] s3_taps = item_cfg_i[38:35];
  wire [1:0] s3_init = item_cfg_i[40:39];
  wire [1:0] s3_destination = item_cfg_i[42:41];
  wire [34:0] s3_exit = item_cfg_i[77:43];
  wire s3_reset = s3_op[2];
  wire s3_matmul = s3_op == 3'd0;
  wire s3_to_acc = s3_destination == tsr_isa_pkg::DestinationAcc;

  wire [17:0] span = s3_matmul ? 18'd0 : 18'(32'(s3_taps) * R + R - 1);
  wire bad_dst = s3_destination == tsr_isa_pkg::DestinationInp ? item_dst_i > 18'((InpDepth - R) / R)
      : item_dst_i >= 18'(tsr_cfg_pkg::AccDepth);
  wire bad_init = s3_init == tsr_isa_pkg::ReduceInitAcc && item_dst_i >= 18'(tsr_cfg_pkg::AccDepth);
  wire bad_src = !s3_reset && item_src_i + span >= 18'(InpDepth);
  wire bad_wgt = !s3_reset && !s3_op[1] && item_wgt_i >= 18'(tsr_cfg_pkg::WgtDepth);
  assign err_o = item_valid_i && !item_null_i && (bad_dst || bad_init || bad_src || bad_wgt);
  assign err_index_o = s3_index;

  assign want_o = item_valid_i && !err_o && (item_last_i || item_null_i);
  assign want_exit_o = !s3_to_acc;
  assign item_ready_o = !want_o || slot_ok_i;
  wire issue = item_valid_i && !err_o && item_ready_o;
  assign busy_o = issue && !item_null_i;

  // Control of the stages: {exit, destination, init, taps, op, bank of src, dst, end, last, first, null}
  localparam int CtlW = 35 + 2 + 2 + 4 + 3 + BankBits + 16 + 4;
  localparam int XExit = CtlW - 35;
  localparam int XDest = XExit - 2;
  localparam int XInit = XDest - 2;
  localparam int XTaps = XInit - 4;
  localparam int XOp = XTaps - 3;
  localparam int XBank = XOp - BankBits;
  localparam int XDst = 4;
  logic [13:4] v_q;  // v_q[n]: stage Sn holds a micro-op
  logic [CtlW-1:0] c4_q, c5_q, c6_q, c7_q, c8_q, c9_q, c10_q, c11_q, c12_q, c13_q;
  wire [BankBits-1:0] s3_bank = item_src_i[BankBits-1:0];

  always_ff @(posedge clk_i) begin
    if (!rst_ni) v_q <= '0;
    else v_q <= {v_q[12:4], issue};
    if (issue) begin
      c4_q <= {s3_exit, s3_destination, s3_init, s3_taps, s3_op, s3_bank, item_dst_i[15:0], item_end_i, item_last_i, item_first_i,
               item_null_i};
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
  end

  // S4: one address register a bank. Bank b holds element src + j with j = (b - src) mod Banks.
  wire [RowBits-1:0] s3_row = item_src_i[BankBits+:RowBits];
  always_ff @(posedge clk_i) begin
    wgt_en_o <= issue && !item_null_i && !s3_op[2] && !s3_op[1];
    for (int b = 0; b < Banks; b++) begin
      inp_en_o[b] <= issue && !item_null_i && !s3_reset && (!s3_matmul || s3_bank == BankBits'(b));
    end
    if (issue) begin
      wgt_addr_o <= item_wgt_i[tsr_cfg_pkg::WgtIndexBits-1:0];
      for (int b = 0; b < Banks; b++) inp_addr_o[b*RowBits+:RowBits] <= s3_row + RowBits'(BankBits'(b) < s3_bank);
    end
  end

  // S6: registers behind the block RAMs. S7: groups of R elements in order, element src + j at place (src + j) mod R further: tsr_dot knows that skew.
  logic [Banks*InpW-1:0] inp6_q, inp7_q;
  logic [WgtW-1:0] wgt6_q;
  wire [2:0] op5 = c5_q[XOp+:3];
  wire [2:0] op6 = c6_q[XOp+:3];
  wire [BankBits-1:0] bank6 = c6_q[XBank+:BankBits];
  wire [SkewW-1:0] skew7 = R > 1 ? c7_q[XBank+:SkewW] : '0;
  always_ff @(posedge clk_i) begin
    if (v_q[5]) begin
      inp6_q <= inp_data_i;
      if (!op5[1]) wgt6_q <= wgt_data_i;
    end
    if (v_q[6]) begin
      for (int j = 0; j < Banks; j += R) begin
        if (j == 0 || op6 != 3'd0) begin
          for (int b = 0; b < Banks; b += R) begin
            if (bank6 >> SkewBits == BankBits'(b - j) >> SkewBits) inp7_q[j*InpW+:R*InpW] <= inp6_q[b*InpW+:R*InpW];
          end
        end
      end
    end
  end

  // S7 to S12
  wire [32*Lanes-1:0] sum;
  tsr_dot u_dot (
      .clk_i,
      .wgt_valid_i(v_q[6]),
      .wgt_i(wgt6_q),
      .wgt_op_i(op6),
      .valid_i(v_q[11:7]),
      .op_i(c7_q[XOp+:3]),
      .taps_i(c7_q[XTaps+:4]),
      .skew_i(skew7),
      .inp_i(inp7_q),
      .sum_o(sum)
  );

  // S9, S10: where the sum starts. ACC is read with the address registers loaded at S9.
  wire [15:0] dst9 = c9_q[XDst+:16];
  wire [15:0] dst8 = c8_q[XDst+:16];
  wire starts9 = c9_q[1] && !c9_q[0] && c9_q[XInit+:2] == tsr_isa_pkg::ReduceInitAcc;
  wire starts8 = c8_q[1] && !c8_q[0] && c8_q[XInit+:2] == tsr_isa_pkg::ReduceInitAcc;
  assign acc_use_next_o = {v_q[9] && starts9 && dst9[0], v_q[9] && starts9 && !dst9[0]};
  assign acc_use_after_o = {v_q[8] && starts8 && dst8[0], v_q[8] && starts8 && !dst8[0]};
  assign acc_addr_o = dst9[AB-1:1];
  assign par_en_o = v_q[10] && c10_q[1] && c10_q[XInit+:2] == tsr_isa_pkg::ReduceInitBias;
  assign par_index_o = c10_q[XExit+:tsr_cfg_pkg::ParIndexBits];

  // Forwarding: the micro-op at S10 against those that end a group with destination ACC at S11, S12, S13 and in the result register.
  wire [15:0] dst10 = c10_q[XDst+:16];
  logic wrote14_q;
  logic [15:0] dst14_q;
  wire writes11 = v_q[11] && c11_q[2] && !c11_q[0] && c11_q[XDest+:2] == tsr_isa_pkg::DestinationAcc;
  wire writes12 = v_q[12] && c12_q[2] && !c12_q[0] && c12_q[XDest+:2] == tsr_isa_pkg::DestinationAcc;
  wire writes13 = v_q[13] && c13_q[2] && !c13_q[0] && c13_q[XDest+:2] == tsr_isa_pkg::DestinationAcc;
  logic back1_q, back2_q, back3_q, back4_q;  // at S11
  logic keep12_q, result12_q;  // at S12: go on from acc_q, start from the result register
  wire acc11 = c11_q[XInit+:2] == tsr_isa_pkg::ReduceInitAcc;
  always_ff @(posedge clk_i) begin
    wrote14_q <= rst_ni && writes13;
    if (writes13) dst14_q <= c13_q[XDst+:16];
    if (v_q[10]) begin
      back1_q <= writes11 && c11_q[XDst+:16] == dst10;
      back2_q <= writes12 && c12_q[XDst+:16] == dst10;
      back3_q <= writes13 && c13_q[XDst+:16] == dst10;
      back4_q <= wrote14_q && dst14_q == dst10;
    end
    if (v_q[11]) begin
      keep12_q   <= !c11_q[1] || (back1_q && acc11);
      result12_q <= back2_q && acc11;
    end
  end

  // S11: the start of a group, S12: the running sum. sum is short of one, and of MAX it is -greatest - 1: hence the carry in.
  wire add12 = v_q[12] && !c12_q[0];
  wire max11 = c11_q[XOp+:3] == {1'b0, tsr_isa_pkg::ReduceOpMax};
  wire max12 = c12_q[XOp+:3] == {1'b0, tsr_isa_pkg::ReduceOpMax};
  wire zero11 = c11_q[XInit+:2] == tsr_isa_pkg::ReduceInitZero;
  wire bias11 = c11_q[XInit+:2] == tsr_isa_pkg::ReduceInitBias;
  wire bank11 = c11_q[XDst];
`ifdef TSR_ACCUMULATE_LANES
  wire [32*Lanes-1:0] acc_q;
  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    tsr_array_lane u_lane (
        .clk_i,
        .zero11_i(zero11),
        .max11_i(max11),
        .bias11_i(bias11),
        .from11_i({back3_q || back4_q, back3_q || back4_q ? !back3_q : bank11}),
        .bias_i(par_bias_i[32*(l%BlockOut)+:32]),
        .acc_0_i(acc_data_i[32*l+:32]),
        .acc_1_i(acc_data_i[32*(Lanes+l)+:32]),
        .res_i(res_data_i[32*l+:32]),
        .res2_i(res2_data_i[32*l+:32]),
        .add12_i(add12),
        .max12_i(max12),
        .keep12_i(keep12_q),
        .result12_i(result12_q),
        .sum_i(sum[32*l+:32]),
        .acc_o(acc_q[32*l+:32])
    );
  end
`else
  logic [32*Lanes-1:0] init_q, acc_q;
  always_ff @(posedge clk_i) begin : p_accumulate
    logic [31:0] base, term;
    if (v_q[11] && c11_q[1]) begin
      if (zero11) for (int l = 0; l < Lanes; l++) init_q[32*l+:32] <= {max11, 31'd0};
      else if (bias11) for (int l = 0; l < Lanes; l++) init_q[32*l+:32] <= par_bias_i[32*(l%BlockOut)+:32];
      else if (back3_q) init_q <= res_data_i;
      else if (back4_q) init_q <= res2_data_i;
      else init_q <= bank11 ? acc_data_i[32*Lanes+:32*Lanes] : acc_data_i[0+:32*Lanes];
    end
    if (add12) begin
      for (int l = 0; l < Lanes; l++) begin
        base = keep12_q ? acc_q[32*l+:32] : result12_q ? res_data_i[32*l+:32] : init_q[32*l+:32];
        term = sum[32*l+:32];
        if (max12) acc_q[32*l+:32] <= $signed(base) > $signed(~term) ? base : ~term;
        else acc_q[32*l+:32] <= base + term + 32'd1;
      end
    end
  end
`endif

  // S13: results
  wire last13 = v_q[13] && (c13_q[2] || c13_q[0]);
  wire to_acc13 = c13_q[XDest+:2] == tsr_isa_pkg::DestinationAcc;
  assign direct_valid_o = last13 && to_acc13;
  assign direct_write_o = !c13_q[0];
  assign direct_end_o = c13_q[3];
  assign direct_index_o = c13_q[XDst+:16];
  assign direct_data_o = acc_q;
  always_ff @(posedge clk_i) begin
    exit_valid_o <= rst_ni && last13 && !to_acc13;
    if (last13 && !to_acc13) begin
      exit_write_o <= !c13_q[0];
      exit_end_o <= c13_q[3];
      exit_index_o <= c13_q[XDst+:16];
      exit_destination_o <= c13_q[XDest+:2];
      exit_cfg_o <= c13_q[XExit+:35];
      exit_data_o <= acc_q;
    end
  end

  wire unused = &{1'b0, c13_q, op5, item_dst_i[17:16], dst8, dst9};
endmodule

`default_nettype wire
