#!/usr/bin/env python3
"""The bodies that synthesis sees, on random programs: hardware multipliers, adder trees and exit lanes in place of the behavioural bodies.

  structural.py --cosim tessera_cosim --root ROOT [--machine M] [--count N] [--seed S] [--dsp48e2] [--mutants LIST.json [--only NAME ...]]

Copies the sources, turns TSR_STRUCTURAL on in the modules that have two bodies, and lets tessera_cosim compare the cycle model built from them
with the functional model. With --dsp48e2 they are those for the DSPs of UltraScale+. With --mutants each mistake of the list is planted, one at a time, and must be found.
"""
import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PARTS = ["hw_rtl", "isa", "simulator/verilated"]
TWO_BODIES = ["hw_rtl/cells/tsr_pending.sv", "hw_rtl/src/tsr_array.sv", "hw_rtl/src/tsr_dot.sv", "hw_rtl/src/tsr_exit_path.sv",
              "hw_rtl/src/tsr_operand_table.sv", "hw_rtl/src/tsr_operands.sv", "hw_rtl/src/tsr_vector.sv"]


def run_programs(options, mutant):
    """Exit code and output of tessera_cosim on the structural core with a mistake, if any, in it."""
    with tempfile.TemporaryDirectory(prefix="tessera-structural-") as folder:
        share = os.path.join(folder, "share")
        for part in PARTS:
            shutil.copytree(os.path.join(options.root, part), os.path.join(share, part))
        for path in TWO_BODIES:
            with open(os.path.join(share, path), "r+") as file:
                text = file.read()
                file.seek(0)
                file.write("`ifndef TSR_STRUCTURAL\n`define TSR_STRUCTURAL\n`endif\n" + text)
        if options.dsp48e2:
            for path in glob.glob(os.path.join(share, "hw_rtl", "*", "*.sv*")):
                with open(path, "r+") as file:
                    text = file.read()
                    file.seek(0)
                    file.write("`ifndef TSR_DSP48E2\n`define TSR_DSP48E2\n`endif\n" + text)
        if mutant:
            path = os.path.join(share, mutant["file"])
            with open(path) as file:
                text, places = re.subn(mutant["find"], lambda _: mutant["replace"], file.read())
            if places != 1:
                return 2, f"pattern stands on {places} places of {mutant['file']}, not on one"
            with open(path, "w") as file:
                file.write(text)
        environment = dict(os.environ, TESSERA_SHARE=share, XDG_CACHE_HOME=os.path.join(folder, "cache"))
        machine = (mutant or {}).get("machine", options.machine)
        command = [options.cosim, "--machine", machine, "--count", str(options.count), "--seed", str(options.seed),
                   "--minimise-seconds", "0", "--output", os.path.join(folder, "failure.txt")]
        result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=options.seconds)
        return result.returncode, result.stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cosim", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--machine", default="tiny")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--dsp48e2", action="store_true")
    parser.add_argument("--mutants")
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()
    options.root, options.cosim = map(os.path.abspath, (options.root, options.cosim))
    if not options.mutants:
        code, text = run_programs(options, None)
        print(text)
        sys.exit(code)
    with open(options.mutants) as file:
        mutants = [m for m in json.load(file) if not options.only or m["name"] in options.only]
    failed = 0
    for mutant in mutants:
        code, text = run_programs(options, mutant)
        failed += code != 1
        print(f"{'found' if code == 1 else 'NOT FOUND'}: {mutant['name']}: {text.splitlines()[0][:160] if text else ''}", flush=True)
    sys.exit(1 if failed or not mutants else 0)


if __name__ == "__main__":
    main()
