#!/usr/bin/env python3
"""Proves the formal block of a cell with yosys-smtbmc and z3, sees that its covers are reached, then plants mistakes and expects each to
be found.

  prove.py --root ROOT CELL [--depth N] [--parameter NAME=VALUE ...] [--uses CELL ...]

The mistakes are those of mutants.json for the cell: a pattern that stands on one place, and what comes instead.
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


def passes(options, text, folder, *mode):
    """Whether bounded model checking finds no failed assertion, or with -c reaches every cover; ends the program where the tools fail."""
    source, model = os.path.join(folder, options.cell + ".sv"), os.path.join(folder, "model.smt2")
    with open(source, "w") as file:
        file.write(text)
    parameters = "".join(f"chparam -set {p.replace('=', ' ')} {options.cell}; " for p in options.parameter)
    used = " ".join(["hw_rtl/assert/tsr_stream_order.sv"] + [f"hw_rtl/cells/{cell}.sv" for cell in options.uses])
    script = (f"read_verilog -sv -formal -DFORMAL -Ihw_rtl/cells {used} {source}; {parameters}prep -top {options.cell} -flatten; "
              f"async2sync; opt -full; dffunmap; opt_clean; write_smt2 -wires {model}")
    result = subprocess.run(["yosys", "-q", "-p", script], cwd=options.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit("yosys failed:\n" + result.stdout[-3000:])
    result = subprocess.run(["yosys-smtbmc", "-s", "z3", *mode, "-t", str(options.depth), model], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if "PASSED" not in result.stdout and "FAILED" not in result.stdout:
        sys.exit("yosys-smtbmc failed:\n" + result.stdout[-3000:])
    return "PASSED" in result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("cell")
    parser.add_argument("--depth", type=int, default=10)
    parser.add_argument("--parameter", nargs="*", default=[])
    parser.add_argument("--uses", nargs="*", default=[], help="cells inside it")
    options = parser.parse_args()
    options.root = os.path.abspath(options.root)
    if not all(shutil.which(tool) for tool in ("yosys", "yosys-smtbmc", "z3")):
        print("skipped: yosys, yosys-smtbmc and z3 are needed")
        sys.exit(77)
    with open(os.path.join(options.root, "hw_rtl", "cells", options.cell + ".sv")) as file:
        text = file.read()
    with open(os.path.join(HERE, "mutants.json")) as file:
        mutants = json.load(file)[options.cell]
    with tempfile.TemporaryDirectory(prefix="tessera-prove-") as folder:
        if not passes(options, text, folder):
            sys.exit(f"{options.cell}: an assertion fails within {options.depth} cycles")
        if not passes(options, text, folder, "-c"):
            sys.exit(f"{options.cell}: a cover is not reached within {options.depth} cycles")
        print(f"{options.cell}: holds for {options.depth} cycles")
        survivors = 0
        for mutant in mutants:
            changed, places = re.subn(mutant["find"], lambda _: mutant["replace"], text)
            if places != 1:
                sys.exit(f"pattern of {mutant['name']} stands on {places} places, not on one")
            found = not passes(options, changed, folder)
            survivors += not found
            print(f"{'found' if found else 'NOT FOUND'}: {mutant['name']}")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
