// Loop nest of one instruction: micro-op fetch, addresses, groups, bounds. Used by the array and by the vector unit.
//
// Takes a started instruction (start_*), walks iter_out x iter_in x [uop_bgn, uop_end) and offers one micro-op a cycle (item_*) with its
// three indexes. Instructions follow one another without a gap. An empty loop gives one item with item_null_o set.
// Offsets may run past a memory's depth by less than one step before the item that uses them is refused, so IdxW = 18 bits never wrap.
// range_*_o: where the destinations of the instruction taken last lie, with Ranges (tsr_dst_range); without, never known.
// Stages: S0 loop counters and micro-op RAM address, S1 RAM output, S2 micro-op register, S3 indexes. All four move together (adv).
// Critical path: item_ready_i to the enables of the four stages. Memories: none (the micro-op RAM stands in tsr_scratchpads).
`default_nettype none
`include "tsr_assert.svh"

module tsr_sequencer #(
    parameter int CfgW = 8,
    parameter bit ThirdIsDst = 1'b0,  // the third index takes the micro-op's dst, as the vector unit's first operand does
    parameter bit Ranges = 1'b0
) (
    input  wire                                    clk_i,
    input  wire                                    rst_ni,
    input  wire                                    flush_i,
    // instruction
    input  wire                                    start_valid_i,
    output wire                                    start_ready_o,
    input  wire                                    start_null_i,
    input  wire  [tsr_cfg_pkg::UopIndexBits-1:0]   start_uop_bgn_i,
    input  wire  [tsr_cfg_pkg::UopIndexBits-1:0]   start_uop_last_i,
    input  wire  [13:0]                            start_out_last_i,
    input  wire  [13:0]                            start_in_last_i,
    input  wire  [6*16-1:0]                        start_factors_i,    // wgt in, wgt out, src in, src out, dst in, dst out (low)
    input  wire  [3*16-1:0]                        start_bases_i,      // wgt, src, dst (low)
    input  wire  [CfgW-1:0]                        start_cfg_i,
    // micro-op RAM
    output wire                                    uop_en_o,
    output wire  [tsr_cfg_pkg::UopIndexBits-1:0]   uop_addr_o,
    input  wire  [31:0]                            uop_data_i,
    // items
    output logic                                   item_valid_o,
    input  wire                                    item_ready_i,
    output logic                                   item_null_o,
    output logic                                   item_first_o,       // first of its group
    output logic                                   item_last_o,        // last of its group
    output logic                                   item_end_o,         // last of its instruction
    output logic [17:0]                            item_dst_o,
    output logic [17:0]                            item_src_o,
    output logic [17:0]                            item_wgt_o,
    output logic [CfgW-1:0]                        item_cfg_o,
    output wire                                    busy_o,             // an instruction has items left
    output wire                                    range_known_o,
    output wire  [17:0]                            range_low_o,
    output wire  [17:0]                            range_high_o
);
  localparam int UB = tsr_cfg_pkg::UopIndexBits;
  localparam int DstLsb = tsr_cfg_pkg::MicroOpDstLsb;
  localparam int DstWidth = tsr_cfg_pkg::MicroOpDstWidth;
  localparam int SrcLsb = tsr_cfg_pkg::MicroOpSrcLsb;
  localparam int SrcWidth = tsr_cfg_pkg::MicroOpSrcWidth;
  localparam int WgtLsb = tsr_cfg_pkg::MicroOpWgtLsb;
  localparam int WgtWidth = tsr_cfg_pkg::MicroOpWgtWidth;

  // S0: the loop
  logic act_q, null_q, u_first_q;
  logic [UB-1:0] u_q, bgn_q, ulast_q;
  logic [13:0] i_q, j_q, ilast_q, jlast_q;
  logic [95:0] factor_q;
  logic [17:0] dst_q, src_q, wgt_q;  // offsets of the inner loop
  logic [17:0] dst_row_q, src_row_q, wgt_row_q;  // offsets at the head of the row
  logic [CfgW-1:0] cfg_q;
  // S1, S2
  logic v1_q, null1_q, first1_q, ulast1_q, end1_q;
  logic v2_q, null2_q, first2_q, ulast2_q, end2_q;
  logic [17:0] dst1_q, src1_q, wgt1_q, dst2_q, src2_q, wgt2_q;
  logic [CfgW-1:0] cfg1_q, cfg2_q;
  logic [31:0] uop_q;
  logic group_open_q;  // the item before in S2's range had the same destination

  wire adv = !item_valid_o || item_ready_i;
  wire u_end = u_q == ulast_q;
  wire j_end = j_q == jlast_q;
  wire i_end = i_q == ilast_q;
  wire at_end = null_q || (u_end && j_end && i_end);
  assign start_ready_o = !act_q || (adv && at_end);
  wire take = start_valid_i && start_ready_o;

  assign busy_o = act_q || v1_q || v2_q || item_valid_o;
  assign uop_en_o = adv && act_q;
  assign uop_addr_o = u_q;

  wire [17:0] dst_next_row = dst_row_q + {2'b0, factor_q[0+:16]};
  wire [17:0] src_next_row = src_row_q + {2'b0, factor_q[32+:16]};
  wire [17:0] wgt_next_row = wgt_row_q + {2'b0, factor_q[64+:16]};

  always_ff @(posedge clk_i) begin
    if (take) begin
      null_q    <= start_null_i;
      u_first_q <= 1'b1;
      u_q       <= start_uop_bgn_i;
      bgn_q     <= start_uop_bgn_i;
      ulast_q   <= start_uop_last_i;
      i_q       <= '0;
      j_q       <= '0;
      ilast_q   <= start_out_last_i;
      jlast_q   <= start_in_last_i;
      factor_q  <= start_factors_i;
      dst_q     <= {2'b0, start_bases_i[0+:16]};
      src_q     <= {2'b0, start_bases_i[16+:16]};
      wgt_q     <= {2'b0, start_bases_i[32+:16]};
      dst_row_q <= {2'b0, start_bases_i[0+:16]};
      src_row_q <= {2'b0, start_bases_i[16+:16]};
      wgt_row_q <= {2'b0, start_bases_i[32+:16]};
      cfg_q     <= start_cfg_i;
    end else if (act_q && adv) begin
      u_first_q <= u_end;
      if (!u_end) u_q <= u_q + 1'b1;
      else begin
        u_q <= bgn_q;
        if (!j_end) begin
          j_q   <= j_q + 1'b1;
          dst_q <= dst_q + {2'b0, factor_q[16+:16]};
          src_q <= src_q + {2'b0, factor_q[48+:16]};
          wgt_q <= wgt_q + {2'b0, factor_q[80+:16]};
        end else begin
          j_q       <= '0;
          i_q       <= i_q + 1'b1;
          dst_q     <= dst_next_row;
          src_q     <= src_next_row;
          wgt_q     <= wgt_next_row;
          dst_row_q <= dst_next_row;
          src_row_q <= src_next_row;
          wgt_row_q <= wgt_next_row;
        end
      end
    end
    if (adv && act_q) begin
      null1_q  <= null_q;
      first1_q <= u_first_q;
      ulast1_q <= u_end || null_q;
      end1_q   <= at_end;
      dst1_q   <= dst_q;
      src1_q   <= src_q;
      wgt1_q   <= wgt_q;
      cfg1_q   <= cfg_q;
    end
    if (adv && v1_q) begin
      null2_q  <= null1_q;
      first2_q <= first1_q;
      ulast2_q <= ulast1_q;
      end2_q   <= end1_q;
      dst2_q   <= dst1_q;
      src2_q   <= src1_q;
      wgt2_q   <= wgt1_q;
      cfg2_q   <= cfg1_q;
      uop_q    <= uop_data_i;
    end
    if (!rst_ni || flush_i) begin
      act_q <= 1'b0;
      v1_q  <= 1'b0;
      v2_q  <= 1'b0;
    end else begin
      if (take) act_q <= 1'b1;
      else if (adv && at_end) act_q <= 1'b0;
      if (adv) begin
        v1_q <= act_q;
        v2_q <= v1_q;
      end
    end
  end

  wire unused = &{1'b0, uop_q};

  // S2 to S3: within a range the next micro-op stands at the RAM's output, because all stages move together.
  wire group_end = ulast2_q || uop_data_i[DstLsb+:DstWidth] != uop_q[DstLsb+:DstWidth];

  always_ff @(posedge clk_i) begin
    if (adv && v2_q) begin
      item_null_o  <= null2_q;
      item_first_o <= first2_q || !group_open_q;
      item_last_o  <= group_end;
      item_end_o   <= end2_q;
      item_dst_o   <= dst2_q + 18'(uop_q[DstLsb+:DstWidth]);
      item_src_o   <= src2_q + 18'(uop_q[SrcLsb+:SrcWidth]);
      item_wgt_o   <= wgt2_q + (ThirdIsDst ? 18'(uop_q[DstLsb+:DstWidth]) : 18'(uop_q[WgtLsb+:WgtWidth]));
      item_cfg_o   <= cfg2_q;
      group_open_q <= !group_end;
    end
    if (!rst_ni || flush_i) item_valid_o <= 1'b0;
    else if (adv) item_valid_o <= v2_q;
  end

  if (Ranges) begin : g_range
    logic pass1_q, pass2_q, pass3_q;  // the first pass over the micro-ops
    always_ff @(posedge clk_i) begin
      if (adv && act_q) pass1_q <= i_q == '0 && j_q == '0;
      if (adv && v1_q) pass2_q <= pass1_q;
      if (adv && v2_q) pass3_q <= pass2_q;
    end
    tsr_dst_range u_range (
        .clk_i,
        .rst_ni(rst_ni && !flush_i),
        .take_i(take),
        .out_last_i(start_null_i ? '0 : start_out_last_i),
        .in_last_i(start_null_i ? '0 : start_in_last_i),
        .out_factor_i(start_factors_i[0+:16]),
        .in_factor_i(start_factors_i[16+:16]),
        .item_i(item_valid_o && item_ready_i),
        .item_first_pass_i(pass3_q && !item_null_o),
        .item_end_i(item_end_o),
        .item_dst_i(item_dst_o),
        .known_o(range_known_o),
        .low_o(range_low_o),
        .high_o(range_high_o)
    );
  end else begin : g_no_range
    assign range_known_o = 1'b0;
    assign range_low_o   = '0;
    assign range_high_o  = '0;
  end

  `TSR_ASSERT(!v2_q || null2_q || ulast2_q || v1_q)
endmodule

`default_nettype wire
