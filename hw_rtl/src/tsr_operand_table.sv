// One operand of VEC ADD scaled (tsr_operand_fill) for every lane's low byte, one vector a cycle, by look-up: a byte has 256 values.
//
// fill_i has the table filled with the parameters that the caller holds. busy_o means that no VEC may begin yet; the last word is written two
// cycles after its end, long before a VEC that begins then reads. result_o comes one cycle after value_i.
// Two bodies: all lanes hold the same, so simulation keeps one table; the one for synthesis has a memory of 256 x 29 a lane.
// Memory: distributed, single port (filled when nobody reads), 124 LUT a lane; with Block half a RAMB36 a lane. Critical path: table to result register.
`default_nettype none
`include "tsr_assert.svh"

`ifdef YOSYS
`define TSR_TABLE_LANES
`endif
`ifdef TSR_STRUCTURAL
`define TSR_TABLE_LANES
`endif

module tsr_operand_table #(
    parameter int Lanes = 16,
    parameter int Block = 0
) (
    input  wire                 clk_i,
    input  wire                 rst_ni,
    input  wire                 fill_i,
    output wire                 busy_o,
    input  wire  [45:0]         operand_i,  // zero point, shift, multiplier (low)
    input  wire                 single_i,
    input  wire                 valid_i,
    input  wire  [8*Lanes-1:0]  value_i,
    output wire  [32*Lanes-1:0] result_o
);
  localparam int WordW = 29;
  wire write;
  wire [7:0] place;
  wire [WordW-1:0] word;
  tsr_operand_fill u_fill (
      .clk_i,
      .rst_ni,
      .fill_i,
      .busy_o,
      .operand_i,
      .single_i,
      .write_o(write),
      .byte_o(place),
      .word_o(word)
  );

`ifdef TSR_TABLE_LANES
  for (genvar l = 0; l < Lanes; l++) begin : g_lane
    logic [WordW-1:0] result_q;
    if (Block != 0) begin : g_block
      (* ram_style = "block" *) logic [WordW-1:0] table_q[0:255];
      always_ff @(posedge clk_i) begin
        if (write) table_q[place] <= word;
        if (valid_i) result_q <= table_q[value_i[8*l+:8]];
      end
    end else begin : g_distributed
      (* ram_style = "distributed" *) logic [WordW-1:0] table_q[0:255];
      wire [7:0] at = write ? place : value_i[8*l+:8];
      always_ff @(posedge clk_i) begin
        if (write) table_q[at] <= word;
        if (valid_i) result_q <= table_q[at];
      end
    end
    assign result_o[32*l+:32] = {{32 - WordW{result_q[WordW-1]}}, result_q};
  end
`else
  logic [31:0] table_q[0:255];
  logic [32*Lanes-1:0] result_q;
  always_ff @(posedge clk_i) begin
    if (write) table_q[place] <= {{32 - WordW{word[WordW-1]}}, word};
    if (valid_i) for (int l = 0; l < Lanes; l++) result_q[32*l+:32] <= table_q[value_i[8*l+:8]];
  end
  assign result_o = result_q;
  wire unused = &{1'b0, Block != 0};
`endif

  `TSR_ASSERT(!(valid_i && (busy_o || write)))
endmodule

`default_nettype wire
