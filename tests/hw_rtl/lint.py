#!/usr/bin/env python3
"""The RTL before the tools that must take it: Verilator --lint-only -Wall, warnings being errors, and Yosys' own front end.

  lint.py --root ROOT [--mutant] MACHINE ...

Every body of every module: as it is simulated with assertions and without, as it is synthesised, and that with the DSPs of UltraScale+. With --mutant
each tool must refuse a mistake that is planted: a signal that nobody reads, a module that is nowhere.
"""
import argparse
import glob
import os
import shutil
import subprocess
import sys
import tempfile

HEADERS = ["-Ihw_rtl/cells", "-Ihw_rtl/vendor", "-Ihw_rtl/assert"]
BODIES = {"simulated": [], "without assertions": ["-DTSR_NO_ASSERT"], "structural": ["-DTSR_STRUCTURAL"], "dsp48e2": ["-DTSR_STRUCTURAL", "-DTSR_DSP48E2"]}
MUTANT = {"hw_rtl/src/tsr_tokens.sv": ("endmodule", "  wire nobody_reads = rst_ni;\nendmodule")}
YOSYS_MUTANT = {"hw_rtl/src/tsr_tokens.sv": ("endmodule", "  tsr_no_such_cell u_lost (.clk_i);\nendmodule")}


def run(command, root):
    return subprocess.run(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False)


def tree_with(root, mutant, folder):
    """A copy of the sources with the mistake in it, or the sources themselves."""
    if not mutant:
        return root
    for part in ("hw_rtl", "isa"):
        shutil.copytree(os.path.join(root, part), os.path.join(folder, part), dirs_exist_ok=True)
    for path, (old, new) in mutant.items():
        with open(os.path.join(root, path), encoding="utf-8") as stream:
            text = stream.read()
        if text.count(old) != 1:
            sys.exit(f"{old!r} stands on {text.count(old)} places of {path}, not on one")
        with open(os.path.join(folder, path), "w", encoding="utf-8") as stream:
            stream.write(text.replace(old, new))
    return folder


def sources(root, folders):
    return [os.path.relpath(path, root) for part in folders for path in sorted(glob.glob(os.path.join(root, "hw_rtl", part, "*.sv")))]


def lint(root, package, body):
    return run(["verilator", "--lint-only", "-Wall", *BODIES[body], *HEADERS, "isa/generated/tsr_isa_pkg.sv", package,
                *sources(root, ("src", "cells", "vendor", "assert")), "--top-module", "tsr_core"], root)


def elaborate(root, package, defines=""):
    files = " ".join(["isa/generated/tsr_isa_pkg.sv", package, *sources(root, ("src", "cells", "vendor"))])
    script = f"read_verilog -sv -DSYNTHESIS {defines} -Ihw_rtl/cells -Ihw_rtl/vendor {files}; read_verilog -lib +/xilinx/cells_sim.v +/xilinx/cells_xtra.v; hierarchy -check -top tsr_core"
    return run(["yosys", "-q", "-p", script], root)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", required=True)
    parser.add_argument("--mutant", action="store_true")
    parser.add_argument("machines", nargs="+")
    options = parser.parse_args()
    root = os.path.abspath(options.root)
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="tessera-lint-") as folder:
        linted = tree_with(root, MUTANT if options.mutant else None, os.path.join(folder, "lint"))
        elaborated = tree_with(root, YOSYS_MUTANT if options.mutant else None, os.path.join(folder, "yosys"))
        for machine in options.machines:
            package = os.path.join(folder, machine, "tsr_cfg_pkg.sv")
            os.makedirs(os.path.dirname(package))
            subprocess.run([sys.executable, "-B", f"{root}/isa/generate.py", "--cfg", machine, "-o", package], check=True)
            results = {f"verilator, {body}": lint(linted, package, body) for body in BODIES}
            results["yosys"] = elaborate(elaborated, package, "-DTSR_DSP48E2" if machine in ("ultra96", "zcu104") else "")
            for name, result in results.items():
                refused = result.returncode != 0
                if refused != options.mutant:
                    wrong += 1
                    print(f"{machine}, {name}: {'takes the mistake' if options.mutant else result.stdout[-3000:]}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
