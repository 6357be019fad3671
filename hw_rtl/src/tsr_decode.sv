// What an instruction of compute is: its unit, whether it is legal, and the loop that the unit's sequencer is to walk. No state.
//
// unit_o: 0 none (SET, FINISH), 1 array, 2 vector unit, 3 loader. bad_o with code_o: the instruction is refused; legality is that of
// isa/src/legal.cpp, and a micro-op range past the micro-op memory is refused where the loop is not empty.
// factors_o and bases_o are in the order of tsr_sequencer. Critical path: opcode, multiplexers; the caller registers its outputs.
`default_nettype none

module tsr_decode (
    input  wire  [127:0]                          insn_i,
    input  wire  [95:0]                           geometry_i,  // SET GEOMETRY's factors in the order of tsr_sequencer
    output logic [1:0]                            unit_o,
    output logic                                  bad_o,
    output logic [3:0]                            code_o,
    output logic                                  null_o,
    output wire                                   overlap_o,
    output wire  [tsr_cfg_pkg::UopIndexBits-1:0]  uop_bgn_o,
    output wire  [tsr_cfg_pkg::UopIndexBits-1:0]  uop_last_o,
    output wire  [13:0]                           out_last_o,
    output wire  [13:0]                           in_last_o,
    output logic [95:0]                           factors_o,
    output logic [47:0]                           bases_o,
    output logic [2:0]                            op_o,        // array: REDUCE op, 4 = write zero; vector: ALU opcode, or VEC op with vec_o
    output logic                                  vec_o,
    output logic [3:0]                            taps_o,
    output logic [1:0]                            init_o,
    output logic [1:0]                            destination_o,
    output logic [7:0]                            par_o,
    output wire                                   use_imm_o,
    output wire  [15:0]                           imm_o
);
  wire [2:0] opcode = insn_i[tsr_cfg_pkg::HeaderOpcodeLsb+:3];
  wire is_gemm = opcode == tsr_isa_pkg::OpcodeGemm;
  wire is_alu = opcode == tsr_isa_pkg::OpcodeAlu;
  wire is_reduce = opcode == tsr_isa_pkg::OpcodeReduce;
  wire is_vec = opcode == tsr_isa_pkg::OpcodeVec;
  wire is_set = opcode == tsr_isa_pkg::OpcodeSet;

  // GEMM, ALU, REDUCE and VEC share the places of their loop fields (tsr_compute checks that).
  wire [tsr_cfg_pkg::UopIndexBits:0] uop_bgn = {1'b0, insn_i[tsr_cfg_pkg::GemmUopBgnLsb+:tsr_cfg_pkg::GemmUopBgnWidth]};
  wire [tsr_cfg_pkg::UopIndexBits:0] uop_end = insn_i[tsr_cfg_pkg::GemmUopEndLsb+:tsr_cfg_pkg::GemmUopEndWidth];
  wire [13:0] iter_out = insn_i[tsr_cfg_pkg::GemmIterOutLsb+:14];
  wire [13:0] iter_in = insn_i[tsr_cfg_pkg::GemmIterInLsb+:14];

  assign uop_bgn_o  = uop_bgn[tsr_cfg_pkg::UopIndexBits-1:0];
  assign uop_last_o = uop_end[tsr_cfg_pkg::UopIndexBits-1:0] - 1'b1;
  assign out_last_o = iter_out - 14'd1;
  assign in_last_o  = iter_in - 14'd1;
  assign overlap_o  = (is_reduce || is_vec) && insn_i[tsr_cfg_pkg::ReduceOverlapLsb];
  assign use_imm_o  = insn_i[tsr_cfg_pkg::AluUseImmLsb];
  assign imm_o      = insn_i[tsr_cfg_pkg::AluImmLsb+:16];

  wire [2:0] memory_type = insn_i[tsr_cfg_pkg::LoadMemoryTypeLsb+:3];
  wire [2:0] alu_opcode = insn_i[tsr_cfg_pkg::AluAluOpcodeLsb+:3];
  wire [1:0] reduce_op = insn_i[tsr_cfg_pkg::ReduceOpLsb+:2];
  wire [1:0] vec_op = insn_i[tsr_cfg_pkg::VecOpLsb+:2];
  wire [2:0] selector = insn_i[tsr_cfg_pkg::SetExitSelectorLsb+:3];
  wire [2:0] exit_mode = insn_i[tsr_cfg_pkg::SetExitModeLsb+:3];
  wire [5:0] lhs_shift = insn_i[tsr_cfg_pkg::SetLhsShiftLsb+:6];
  wire uop_past = uop_end > (tsr_cfg_pkg::UopIndexBits + 1)'(tsr_cfg_pkg::UopDepth);

  // A feature that the machine has, as one bit.
  localparam bit HasRequantise = tsr_cfg_pkg::HasRequantise != 0;
  localparam bit HasOnnx = tsr_cfg_pkg::HasRequantiseOnnx != 0;
  localparam bit HasDepthwise = tsr_cfg_pkg::HasDepthwise != 0;
  localparam bit HasPool = tsr_cfg_pkg::HasPool != 0;
  localparam bit HasAdd = tsr_cfg_pkg::HasRescaledAdd != 0;
  localparam bit HasChain = tsr_cfg_pkg::HasChain != 0;
  localparam bit Tessera = tsr_cfg_pkg::LevelTessera != 0;

  logic field_bad;
  always_comb begin
    field_bad = 1'b0;
    case (opcode)
      tsr_isa_pkg::OpcodeAlu: field_bad = alu_opcode > tsr_isa_pkg::AluOpcodeMul;
      tsr_isa_pkg::OpcodeReduce:
      field_bad = init_o == 2'd3 || destination_o == 2'd3 || (destination_o == tsr_isa_pkg::DestinationInp && !HasChain)
          || 32'(taps_o) >= tsr_cfg_pkg::NumTaps || (reduce_op == tsr_isa_pkg::ReduceOpDepthwise && !HasDepthwise)
          || (reduce_op[1] && !HasPool);
      tsr_isa_pkg::OpcodeVec:
      field_bad = vec_op == 2'd3 || destination_o == 2'd3 || (destination_o == tsr_isa_pkg::DestinationInp && !HasChain)
          || (vec_op != tsr_isa_pkg::VecOpRequantise && !HasAdd);
      tsr_isa_pkg::OpcodeSet:
      case (selector)
        tsr_isa_pkg::SelectorExit:
        case (exit_mode)
          tsr_isa_pkg::ExitModeNone: field_bad = 1'b0;
          tsr_isa_pkg::ExitModeTflite, tsr_isa_pkg::ExitModeTfliteSingle: field_bad = !HasRequantise;
          tsr_isa_pkg::ExitModeOnnx: field_bad = !HasOnnx;
          tsr_isa_pkg::ExitModeAverage: field_bad = !HasPool;
          default: field_bad = 1'b1;
        endcase
        // Shifts from -31 to 0: zero, or negative and not -32.
        tsr_isa_pkg::SelectorLhs, tsr_isa_pkg::SelectorRhs:
        field_bad = !HasAdd || !(lhs_shift == 6'd0 || (lhs_shift[5] && lhs_shift != 6'b100000));
        3'd6, 3'd7: field_bad = 1'b1;
        default: field_bad = 1'b0;
      endcase
      default: field_bad = 1'b0;
    endcase
  end

  always_comb begin
    unit_o = 2'd0;
    bad_o  = 1'b0;
    code_o = tsr_isa_pkg::ErrorCodeNone;
    null_o = uop_bgn >= uop_end || iter_out == '0 || iter_in == '0;
    case (opcode)
      tsr_isa_pkg::OpcodeGemm, tsr_isa_pkg::OpcodeReduce: unit_o = 2'd1;
      tsr_isa_pkg::OpcodeAlu, tsr_isa_pkg::OpcodeVec: unit_o = 2'd2;
      tsr_isa_pkg::OpcodeLoad: unit_o = 2'd3;
      default: unit_o = 2'd0;
    endcase
    if (opcode == tsr_isa_pkg::OpcodeStore || (!Tessera && (is_reduce || is_vec || is_set))) begin
      bad_o  = 1'b1;
      code_o = tsr_isa_pkg::ErrorCodeBadOpcode;
    end else if (opcode == tsr_isa_pkg::OpcodeLoad && (memory_type == tsr_isa_pkg::MemoryTypeOut || memory_type == 3'd7
        || (!Tessera && memory_type == tsr_isa_pkg::MemoryTypePar))) begin
      bad_o  = 1'b1;
      code_o = tsr_isa_pkg::ErrorCodeBadMemoryType;
    end else if (field_bad) begin
      bad_o  = 1'b1;
      code_o = tsr_isa_pkg::ErrorCodeBadField;
    end else if ((is_gemm || is_alu || is_reduce || is_vec) && !null_o && uop_past) begin
      bad_o  = 1'b1;
      code_o = tsr_isa_pkg::ErrorCodeSramBounds;
    end
  end

  // The loop. The vector unit's third stream walks with the destination (tsr_sequencer's ThirdIsDst).
  always_comb begin
    factors_o     = geometry_i;
    bases_o       = '0;
    op_o          = '0;
    vec_o         = 1'b0;
    taps_o        = '0;
    init_o        = tsr_isa_pkg::ReduceInitAcc;
    destination_o = tsr_isa_pkg::DestinationAcc;
    par_o         = '0;
    if (is_gemm) begin
      factors_o = {16'(insn_i[tsr_cfg_pkg::GemmWgtFactorInLsb+:tsr_cfg_pkg::GemmWgtFactorInWidth]),
                   16'(insn_i[tsr_cfg_pkg::GemmWgtFactorOutLsb+:tsr_cfg_pkg::GemmWgtFactorOutWidth]),
                   16'(insn_i[tsr_cfg_pkg::GemmSrcFactorInLsb+:tsr_cfg_pkg::GemmSrcFactorInWidth]),
                   16'(insn_i[tsr_cfg_pkg::GemmSrcFactorOutLsb+:tsr_cfg_pkg::GemmSrcFactorOutWidth]),
                   16'(insn_i[tsr_cfg_pkg::GemmDstFactorInLsb+:tsr_cfg_pkg::GemmDstFactorInWidth]),
                   16'(insn_i[tsr_cfg_pkg::GemmDstFactorOutLsb+:tsr_cfg_pkg::GemmDstFactorOutWidth])};
      if (insn_i[tsr_cfg_pkg::GemmResetLsb]) begin
        op_o   = 3'd4;
        init_o = tsr_isa_pkg::ReduceInitZero;
      end
    end else if (is_alu) begin
      factors_o = {16'(insn_i[tsr_cfg_pkg::AluDstFactorInLsb+:tsr_cfg_pkg::AluDstFactorInWidth]),
                   16'(insn_i[tsr_cfg_pkg::AluDstFactorOutLsb+:tsr_cfg_pkg::AluDstFactorOutWidth]),
                   16'(insn_i[tsr_cfg_pkg::AluSrcFactorInLsb+:tsr_cfg_pkg::AluSrcFactorInWidth]),
                   16'(insn_i[tsr_cfg_pkg::AluSrcFactorOutLsb+:tsr_cfg_pkg::AluSrcFactorOutWidth]),
                   16'(insn_i[tsr_cfg_pkg::AluDstFactorInLsb+:tsr_cfg_pkg::AluDstFactorInWidth]),
                   16'(insn_i[tsr_cfg_pkg::AluDstFactorOutLsb+:tsr_cfg_pkg::AluDstFactorOutWidth])};
      op_o = alu_opcode;
    end else if (is_reduce) begin
      bases_o = {16'(insn_i[tsr_cfg_pkg::ReduceWgtBaseLsb+:tsr_cfg_pkg::ReduceWgtBaseWidth]),
                 16'(insn_i[tsr_cfg_pkg::ReduceSrcBaseLsb+:tsr_cfg_pkg::ReduceSrcBaseWidth]),
                 16'(insn_i[tsr_cfg_pkg::ReduceDstBaseLsb+:tsr_cfg_pkg::ReduceDstBaseWidth])};
      op_o          = {1'b0, reduce_op};
      taps_o        = 4'(insn_i[tsr_cfg_pkg::ReduceTapsLsb+:tsr_cfg_pkg::ReduceTapsWidth]);
      init_o        = insn_i[tsr_cfg_pkg::ReduceInitLsb+:2];
      destination_o = insn_i[tsr_cfg_pkg::ReduceDestinationLsb+:2];
      par_o         = 8'(insn_i[tsr_cfg_pkg::ReduceParLsb+:tsr_cfg_pkg::ReduceParWidth]);
    end else if (is_vec) begin
      factors_o[64+:32] = geometry_i[0+:32];
      bases_o = {16'(insn_i[tsr_cfg_pkg::VecLhsBaseLsb+:tsr_cfg_pkg::VecLhsBaseWidth]),
                 16'(insn_i[tsr_cfg_pkg::VecRhsBaseLsb+:tsr_cfg_pkg::VecRhsBaseWidth]),
                 16'(insn_i[tsr_cfg_pkg::VecDstBaseLsb+:tsr_cfg_pkg::VecDstBaseWidth])};
      op_o          = {1'b0, vec_op};
      vec_o         = 1'b1;
      destination_o = insn_i[tsr_cfg_pkg::VecDestinationLsb+:2];
      par_o         = 8'(insn_i[tsr_cfg_pkg::VecParLsb+:tsr_cfg_pkg::VecParWidth]);
    end
  end
endmodule

`default_nettype wire
