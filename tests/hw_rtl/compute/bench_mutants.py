#!/usr/bin/env python3
"""Plants one mistake at a time in the multipliers and expects their bench to find it.

  bench_mutants.py --root ROOT --list LIST.json [--only NAME ...] [--yosys-cells cells_sim.v]

An entry names its bench (pair, dot or dsp) and a pattern that stands on one place of one file. The bench is built and run without a mistake
first. Mistakes in primitives' settings need the dsp bench, and that Yosys' model of DSP48E1; without it they are left out.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = ["--cc", "--sv", "-O3", "--assert", "-Wno-fatal", "-Wno-lint", "-Wno-style", "--x-assign", "unique", "--build", "-j", "2"]


def models(options, bench, share, folder):
    """Prefix, top and arguments of each Verilated model of a bench."""
    rtl = [f"-I{share}/hw_rtl/{part}" for part in ("src", "cells", "vendor")]
    if bench == "dsp":
        files = [f"{HERE}/dsp_bench.sv"]
        primitives = [f"{HERE}/dsp48e2_model.sv", options.yosys_cells, "-DSYNTHESIS"]
        return [("Vdsp_links", "dsp_bench", rtl + files), ("Vdsp_primitives", "dsp_bench", rtl + files + primitives)]
    if bench == "pair":
        return [("Vpair_bench", "pair_bench", rtl + [f"{HERE}/pair_bench.sv"])]
    package = os.path.join(folder, "tsr_cfg_pkg.sv")
    machine = os.path.join(options.root, "isa/machines/ultra96.json")
    subprocess.run([sys.executable, "-B", f"{options.root}/isa/generate.py", "--cfg", machine, "-o", package], check=True)
    return [("Vdot_bench", "dot_bench", rtl + [f"{options.root}/isa/generated/tsr_isa_pkg.sv", package, f"{HERE}/dot_bench.sv"])]


def run(command, **keywords):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)


def verdict(options, bench, mutant):
    """"found", "survives", or why neither can be said."""
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as folder:
        share = os.path.join(folder, "share")
        shutil.copytree(os.path.join(options.root, "hw_rtl"), os.path.join(share, "hw_rtl"))
        if mutant:
            path = os.path.join(share, mutant["file"])
            with open(path) as file:
                text, places = re.subn(mutant["find"], lambda _: mutant["replace"], file.read())
            if places != 1:
                return f"pattern stands on {places} places of {mutant['file']}, not on one"
            with open(path, "w") as file:
                file.write(text)
        objects, includes, root = [], [], None
        for prefix, top, arguments in models(options, bench, share, folder):
            out = os.path.join(folder, prefix)
            result = run(["verilator", *FLAGS, "--prefix", prefix, "--top-module", top, "--Mdir", out, *arguments])
            if result.returncode != 0:
                return "does not build: " + result.stdout[-1500:]
            with open(os.path.join(out, prefix + ".mk")) as file:
                root = re.search(r"^VERILATOR_ROOT = (.*)$", file.read(), re.MULTILINE).group(1)
            objects += [os.path.join(out, prefix + "__ALL.a")]
            includes += [f"-I{out}"]
        program = os.path.join(folder, "bench")
        result = run(["c++", "-std=c++17", "-O1", *includes, f"-I{root}/include", f"-I{root}/include/vltstd", f"{HERE}/{bench}_test.cpp",
                      *objects, f"{root}/include/verilated.cpp", f"{root}/include/verilated_threads.cpp", "-lgtest_main", "-lgtest", "-lpthread",
                      "-o", program])
        if result.returncode != 0:
            return "does not build: " + result.stdout[-1500:]
        result = run([program], timeout=1800)
        return "survives" if result.returncode == 0 else "found"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--list", required=True)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--yosys-cells")
    options = parser.parse_args()
    options.root = os.path.abspath(options.root)
    with open(options.list) as file:
        mutants = [m for m in json.load(file) if not options.only or m["name"] in options.only]
    if not options.yosys_cells:
        mutants = [m for m in mutants if m["bench"] != "dsp"]
    failed = 0
    for bench in sorted({m["bench"] for m in mutants}):
        said = verdict(options, bench, None)
        failed += said != "survives"
        print(f"{bench} bench without a mistake: {'passes' if said == 'survives' else said}", flush=True)
    for mutant in mutants:
        said = verdict(options, mutant["bench"], mutant)
        failed += said != "found"
        print(f"{'found' if said == 'found' else 'NOT FOUND (' + said + ')'}: {mutant['name']}", flush=True)
    sys.exit(1 if failed or not mutants else 0)


if __name__ == "__main__":
    main()
