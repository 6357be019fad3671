// One of four words, by an encoded select: one LUT6 a bit.
//
// It is a module so that synthesis, which maps module by module, keeps that form; inside other logic it takes such multiplexers apart and needs
// up to twice the LUTs. Combinational.
`default_nettype none

module tsr_mux4 #(
    parameter int Width = 32
) (
    input  wire [1:0]       sel_i,
    input  wire [Width-1:0] a_i,  // sel 0
    input  wire [Width-1:0] b_i,
    input  wire [Width-1:0] c_i,
    input  wire [Width-1:0] d_i,  // sel 3
    output wire [Width-1:0] y_o
);
  assign y_o = sel_i[1] ? (sel_i[0] ? d_i : c_i) : (sel_i[0] ? b_i : a_i);
endmodule

`default_nettype wire
