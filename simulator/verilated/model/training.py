#!/usr/bin/env python3
"""What a model library is trained on: a program that keeps the core as busy as a network does.

  training.py LIBRARY MACHINE.json ROOT

Tiles of a 3x3 convolution, loads and stores beside the array, and now and then an addition of two tensors. build_model.py runs it on the instrumented
model; which paths it takes, and how often, tells the compiler where to put the code of a cycle. It has no say in what a model computes: a
program that does not end (a core that somebody changes) trains as well as it can. Ends with 1 and a word on stderr then.
"""
import ctypes
import os
import random
import struct
import sys

TILES = 24
MOST_CYCLES = 400_000
INSNS, UOPS, PARS, DATA, RESULTS = 0, 0x4000, 0x8000, 0x10000, 0x80000
DRAM_BYTES = 1 << 20


class Program:
    def __init__(self, table, machine):
        self.table, self.machine, self.words, self.uops = table, machine, [], []
        self.enums = table.enums

    def encode(self, rows, values):
        return sum((values.get(field.name, 0) & ((1 << width) - 1)) << lsb for field, lsb, width in rows)

    def add(self, name, tokens="", **values):
        insn = next(i for i in self.table.instructions if i.name == name)
        values = {**values, "opcode": insn.opcode, "selector": insn.selector or 0, **{token: 1 for token in tokens.split()}}
        self.words.append(self.encode(self.table.header_layout(self.machine), values) | self.encode(self.table.instruction_layout(insn, self.machine), values))

    def uop(self, dst, src, wgt):
        self.uops.append(self.encode(self.table.micro_op_layout(self.machine), {"dst": dst, "src": src, "wgt": wgt}))

    def load(self, memory, sram, dram, count, tokens=""):
        self.add("load", tokens, memory_type=self.enums["memory_types"][memory], sram_base=sram, dram_base=dram, y_size=1, x_size=count, x_stride=count)


def convolution(table, machine):
    """Tiles in two halves of INP and ACC that take turns, with one store behind each."""
    p, n = Program(table, machine), machine.numbers
    per_out = n["block_out"] // n["block_in"]
    side = 14
    while (side + 2) ** 2 * per_out > n["inp_depth"] // 2 or side * side > n["acc_depth"] // 2:
        side -= 1
    pixels, window, taps = side * side, (side + 2) ** 2 * per_out, min(9, n["wgt_depth"] // per_out)
    for half in range(2):
        for tap in range(taps):
            for part in range(per_out):
                p.uop(half * n["acc_depth"] // 2, half * n["inp_depth"] // 2 + (tap // 3 * (side + 2) + tap % 3) * per_out + part, tap * per_out + part)
    steps = {"dst_factor_out": side, "dst_factor_in": 1, "src_factor_out": (side + 2) * per_out, "src_factor_in": per_out}
    kernel = taps * per_out
    tessera = machine.level == "tessera" and {"requantise", "rescaled_add"} <= machine.features
    onnx = tessera and "requantise_onnx" in machine.features
    modes = p.enums["exit_modes"]

    p.load("UOP", 0, 0, 2 * kernel)
    if tessera:
        p.add("set_geometry", **steps)
        p.load("PAR", 0, 0, 2)
        for operand in ("set_lhs", "set_rhs"):
            p.add(operand, zero_point=3, shift=-1, multiplier=0x5a827999)
    for tile in range(TILES):
        half = tile % 2
        window_at, result_at = half * n["inp_depth"] // 2, half * n["acc_depth"] // 2
        p.load("INP", window_at, 0, window, "pop_next" if tile > 1 else "")
        p.load("WGT", 0, 0, kernel, "push_next")
        bounds = {"uop_bgn": half * kernel, "uop_end": (half + 1) * kernel, "iter_out": side, "iter_in": side}
        first = "pop_prev" + (" pop_next" if tile > 1 else "")
        if tessera:
            if tile % 8 in (0, 5):
                is_onnx = onnx and tile % 8 == 0
                p.add("set_exit", mode=modes["ONNX" if is_onnx else "TFLITE"], zero_point=-5, clamp_min=-128, clamp_max=127)
            adds = tile % 8 == 7
            p.add("reduce", first + " push_prev" + ("" if adds else " push_next"), overlap=0 if adds else 1, par=0 if onnx and tile % 8 < 5 else 1, **bounds,
                  op=p.enums["reduce_ops"]["MATMUL"], init=p.enums["reduce_inits"]["BIAS"],
                  destination=p.enums["destinations"]["ACC" if adds else "OUT"])
            if adds:
                p.add("vec", "push_next", **{**bounds, "uop_end": half * kernel + 1}, par=1, op=p.enums["vec_ops"]["ADD"], destination=p.enums["destinations"]["OUT"])
        else:
            p.add("gemm", first, reset=1, **{**bounds, "uop_end": half * kernel + 1}, **steps)
            p.add("gemm", "push_prev", **bounds, **steps)
            alu = {**bounds, "uop_end": half * kernel + 1, "dst_factor_out": side, "dst_factor_in": 1, "src_factor_out": side, "src_factor_in": 1, "use_imm": 1}
            # The source of an ALU micro-op is INP's here; with half 0 it is ACC's as well.
            for op, immediate in (("SHR", 6), ("MAX", 0), ("MIN", 127)):
                p.add("alu", "push_next" if op == "MIN" else "", alu_opcode=p.enums["alu_opcodes"][op], imm=immediate, **alu)
        p.add("store", "pop_prev push_prev", memory_type=p.enums["memory_types"]["OUT"], sram_base=result_at, dram_base=tile % 8 * pixels, y_size=1, x_size=pixels,
              x_stride=pixels)
    for _ in range(min(2, TILES)):
        p.load("UOP", 0, 0, 0, "pop_next")
    p.add("finish")
    return p


def fill(dram, program, machine):
    generator = random.Random(1)
    data = bytes(generator.choice((generator.randrange(256), 0)) for _ in range(1 << 14))
    for at in range(DATA, RESULTS, len(data)):
        dram[at:at + len(data)] = data
    lanes = machine.numbers["block_out"]
    float_scale, fixed_scale = 0x39800000, 0x40000000
    par = b"".join(struct.pack(f"<{lanes}i", *[value(lane) for lane in range(lanes)])
                   for scale, shift in ((float_scale, 0), (fixed_scale, -9))
                   for value in (lambda lane: generator.randrange(-5000, 5000), lambda lane: scale, lambda lane: shift))
    for at, content in ((INSNS, b"".join(word.to_bytes(16, "little") for word in program.words)), (UOPS, struct.pack(f"<{len(program.uops)}I", *program.uops)), (PARS, par)):
        dram[at:at + len(content)] = content


def main():
    library, machine_file, root = sys.argv[1:4]
    sys.path.insert(0, os.path.join(root, "isa"))
    from generator.table import Machine, Table

    table = Table.load(os.path.join(root, "isa/encoding.json"))
    machine = Machine.load(machine_file, table)
    program = convolution(table, machine)
    dram = ctypes.create_string_buffer(DRAM_BYTES)
    content = bytearray(DRAM_BYTES)
    fill(content, program, machine)
    ctypes.memmove(dram, bytes(content), DRAM_BYTES)

    class Api(ctypes.Structure):  # TsrCycleApi up to what is used
        _fields_ = [("abi", ctypes.c_uint32), ("waves", ctypes.c_uint32), ("assertions", ctypes.c_uint32), ("bus", ctypes.c_uint32), ("hash", ctypes.c_uint64), ("key", ctypes.c_char_p),
                    ("create", ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)),
                    ("destroy", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
                    ("read", ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32)),
                    ("write", ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)),
                    ("run", ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint64))]

    entry = ctypes.CDLL(library).tsr_cycle_api
    entry.restype = ctypes.POINTER(Api)
    api = entry().contents
    message = ctypes.create_string_buffer(512)
    model = api.create(ctypes.addressof(dram), DRAM_BYTES, b"bench", message, len(message))
    if not model:
        sys.exit(message.value.decode())
    offset = {register["name"]: register["offset"] for register in table.registers}
    for name, value in (("uop_base", UOPS), ("par_base", PARS), ("inp_base", DATA), ("wgt_base", DATA), ("acc_base", DATA), ("out_base", RESULTS), ("insn_address", INSNS),
                        ("insn_count", len(program.words)), ("control", 1)):
        api.write(model, offset[name], value)
    ended = api.run(model, MOST_CYCLES)
    control, code, index, cycles = (api.read(model, offset[name]) for name in ("control", "error_code", "error_index", "cycle_count"))
    api.destroy(model)
    print(f"{cycles} cycles")
    if ended != 0 or control != 2:
        sys.exit(f"the training program did not end well: end {ended}, control {control}, error {code} at instruction {index}")


if __name__ == "__main__":
    main()
