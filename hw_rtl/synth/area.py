"""Synthesises the core of one machine with Yosys (synth_xilinx) and writes its area as JSON.

usage: area.py MACHINE [--family xc7|xcup] [--top NAME] [--log FILE] -o FILE.json
       area.py --check FILE.json ...

--check sees that the figures are of today's RTL; a change of the RTL asks for new ones (three to ten minutes a machine).

The JSON: machine, family, config_hash, rtl_hash (of the sources without comments and blanks), and the counts of dsp, bram36 (a RAMB18 counts a half), lut (LUT1..LUT6 as placed cells, with the
LUTs of distributed RAM and shift registers), ff, and carry. Figures are Yosys' after mapping, before place and route. The hierarchy
is kept: equal lanes are mapped once, which is much quicker than the flat design, which stays long in the resource-sharing pass.
LUTs are what is scarce, so no MUXF7 to MUXF9 (they bind four to eight LUTs where fewer would do) and no shift registers in LUTs (flip-flops abound).
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAMILY = {"pynq": "xc7", "tiny": "xc7", "batch2": "xc7", "ultra96": "xcup", "zcu104": "xcup"}
# LUTs that a distributed RAM or shift-register cell takes.
LUT_RAM = {"RAM32X1S": 1, "RAM32X1D": 2, "RAM64X1S": 1, "RAM64X1D": 2, "RAM128X1S": 2, "RAM128X1D": 4, "RAM256X1S": 4, "RAM32M": 4,
           "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "SRL16E": 1, "SRLC32E": 1}


def sources():
    for folder in ("vendor", "cells", "src"):
        names = sorted(os.listdir(os.path.join(ROOT, "hw_rtl", folder)))
        yield from (f"hw_rtl/{folder}/{name}" for name in names if name.endswith(".sv"))


def rtl_hash():
    """Of what Yosys reads, the machine's package apart: equal for sources that differ in comments and blanks alone."""
    digest = hashlib.sha256()
    headers = ["hw_rtl/cells/tsr_assert.svh", "hw_rtl/vendor/tsr_dsp.svh"]
    for path in ["isa/generated/tsr_isa_pkg.sv", *headers, *sources()]:
        with open(os.path.join(ROOT, path), encoding="utf-8") as stream:
            text = re.sub(r"//[^\n]*|/\*.*?\*/", " ", stream.read(), flags=re.DOTALL)
        digest.update(f"{path}\n{' '.join(text.split())}\n".encode())
    return digest.hexdigest()[:16]


def check(paths):
    """The number of files whose figures are of another RTL."""
    stale = 0
    for path in paths:
        with open(path, encoding="utf-8") as stream:
            area = json.load(stream)
        if area.get("rtl_hash") != rtl_hash():
            stale += 1
            print(f"{path} is of another rtl: python3 -B hw_rtl/synth/area.py {area.get('machine')} -o {path}")
    return stale


def script(package, family, top, out):
    files = " ".join(["isa/generated/tsr_isa_pkg.sv", package, *sources()])
    defines = "-DSYNTHESIS" + (" -DTSR_DSP48E2" if family == "xcup" else "")
    return (f"read_verilog -sv {defines} -Ihw_rtl/cells -Ihw_rtl/vendor {files}\n"
            f"synth_xilinx -family {family} -top {top} -nowidelut -nosrl\n"
            f"tee -o {out} stat\n")


def hierarchy_cells(text):
    """Cells of the whole design by type. (Yosys 0.23 writes broken JSON for a hierarchy, so this reads the table.)"""
    table = text[text.rindex("=== design hierarchy ==="):]
    return {name: int(number) for name, number in re.findall(r"^ +([A-Z][A-Z0-9_]+) +(\d+)$", table, re.MULTILINE)}


def count(cells):
    total = dict(dsp=0, bram36=0.0, lut=0, ff=0, carry=0)
    for name, number in cells.items():
        if name.startswith("DSP48"):
            total["dsp"] += number
        elif name.startswith("RAMB36"):
            total["bram36"] += number
        elif name.startswith("RAMB18"):
            total["bram36"] += number / 2
        elif re.fullmatch(r"LUT[1-6]", name):
            total["lut"] += number
        elif name in LUT_RAM:
            total["lut"] += number * LUT_RAM[name]
        elif re.fullmatch(r"FD[RCSP]E(_1)?", name):
            total["ff"] += number
        elif name.startswith("CARRY"):
            total["carry"] += number
    return total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("machine", nargs="?")
    parser.add_argument("--check", nargs="+")
    parser.add_argument("--family")
    parser.add_argument("--top", default="tsr_core")
    parser.add_argument("--log", default=os.devnull)
    parser.add_argument("-o", "--output")
    arguments = parser.parse_args()
    if arguments.check:
        sys.exit(1 if check(arguments.check) else 0)
    if not arguments.machine or not arguments.output:
        parser.error("MACHINE and -o FILE.json, or --check")
    family = arguments.family or FAMILY.get(arguments.machine, "xc7")
    with tempfile.TemporaryDirectory() as folder:
        package, stat = os.path.join(folder, "tsr_cfg_pkg.sv"), os.path.join(folder, "stat.json")
        machine = os.path.join(ROOT, "isa", "machines", arguments.machine + ".json")
        subprocess.run([sys.executable, "-B", os.path.join(ROOT, "isa", "generate.py"), "--cfg", machine, "-o", package], check=True)
        with open(package, encoding="utf-8") as stream:
            found = re.search(r"ConfigHash\s*=\s*64'h([0-9a-fA-F_]+)", stream.read())
        run = os.path.join(folder, "area.ys")
        with open(run, "w", encoding="utf-8") as stream:
            stream.write(script(package, family, arguments.top, stat))
        with open(arguments.log, "w", encoding="utf-8") as log:
            result = subprocess.run(["yosys", "-q", "-s", run], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, check=False)
        if result.returncode != 0:
            raise SystemExit(f"yosys failed with status {result.returncode}; --log FILE keeps what it says")
        with open(stat, encoding="utf-8") as stream:
            cells = hierarchy_cells(stream.read())
    area = {"machine": arguments.machine, "family": family, "config_hash": found.group(1).replace("_", "") if found else "",
            "rtl_hash": rtl_hash(), **count(cells)}
    with open(arguments.output, "w", encoding="utf-8") as stream:
        json.dump(area, stream, indent=1)
        stream.write("\n")
    print(area)


if __name__ == "__main__":
    main()
