"""Raw programs of VTA's base instructions on a memory of latency 1 (`ideal`): bytes against numpy, cycles exactly against vta_programs.json.

usage: vta_programs_test.py TESSERA [--update] [--mutant]. The published ones are those whose cycles on the published core are known: one step after the
other. The overlapped ones compute the same from the same data, but load, compute and store at once. --mutant expects ReLU of all, which must fail.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

import cycle_table

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "vta_programs.json")
MACHINES = ("pynq",)
BLOCK = 16
# program: blocks of a side, with ReLU, at most so many cycles
PROGRAMS = {"published_16x16": (1, False, None), "published_32x32_relu": (2, True, 750),  # the published core: 211 and 750
            "overlapped_16x16": (1, False, 170), "overlapped_32x32_relu": (2, True, 560)}
UOP, INP, WGT, OUT = 0x1000, 0x2000, 0x4000, 0x8000


def in_blocks(matrix):
    """Blocks row by row, each row by row."""
    blocks = matrix.shape[0] // BLOCK
    return matrix.reshape(blocks, BLOCK, blocks, BLOCK).swapaxes(1, 2)


def run(tessera, name, device, memory, machine, folder, with_relu):
    """(the result's bytes are right, cycles)."""
    blocks = PROGRAMS[name][0]
    generator = np.random.RandomState(7)
    a, b = (generator.randint(-128, 128, (blocks * BLOCK, blocks * BLOCK)).astype(np.int8) for _ in range(2))
    path = lambda file: os.path.join(folder, file)
    subprocess.run([tessera, "asm", os.path.join(HERE, "vta_programs", name + ".s"), "--machine", machine, "-o", path("insns"), "--uops", path("uops")], check=True,
                   stdout=subprocess.DEVNULL)
    in_blocks(a).tofile(path("inp"))
    in_blocks(b).swapaxes(2, 3).tofile(path("wgt"))  # a WGT element is [block_out][block_in]
    command = [tessera, "exec", "--device", device, "--machine", machine, "--check", "--count", str(os.path.getsize(path("insns")) // 16)]
    command += ["--memory", memory] if memory else []
    for address, file in ((0, "insns"), (UOP, "uops"), (INP, "inp"), (WGT, "wgt")):
        command += ["--write", f"{address}={path(file)}"]
    for base, address in (("uop", UOP), ("inp", INP), ("wgt", WGT), ("out", OUT)):
        command += ["--base", f"{base}={address}"]
    command += ["--read", f"{OUT}:{a.size}={path('out')}", "--json", path("report")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    product = a.astype(np.int32) @ b.astype(np.int32)
    expected = in_blocks((np.maximum(product, 0) if with_relu else product).astype(np.int8))
    with open(path("report"), encoding="utf-8") as stream:
        return np.fromfile(path("out"), np.int8).tobytes() == expected.tobytes(), json.load(stream)["cycles"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--mutant", action="store_true")
    arguments = parser.parse_args()
    table = cycle_table.CycleTable(TABLE)
    wrong = 0
    for name, (_, relu, limit) in PROGRAMS.items():
        for machine in MACHINES:
            for device, memory in (("functional", ""), ("cycle", "chaos,seed=3"), ("cycle", "ideal")):
                with tempfile.TemporaryDirectory() as folder:
                    right, cycles = run(arguments.tessera, name, device, memory, machine, folder, relu or arguments.mutant)
                if not right:
                    print(f"{name} on {device} {memory}: wrong bytes")
                    wrong += 1
                if memory == "ideal":
                    table.compare(name, machine, cycles, limit)
    if arguments.mutant:
        return 0 if wrong == 6 else 1  # the two without ReLU, on each device and memory
    if arguments.update and not wrong:
        table.write()
        return 0
    return 1 if wrong or table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
