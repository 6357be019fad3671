#!/usr/bin/env python3
"""Plants one mistake at a time and expects the random programs to find it.

  run_mutants.py --list LIST.json ... --cosim tessera_cosim --root ROOT [--only NAME ...] [--count N] [--check]

A mutant is a pattern that stands on exactly one place of one file of the RTL, and what comes instead; it is built as a cycle model of
its own and meets the functional model. Ends with 1 if one survives or no longer fits its file. (C++ mutants: tests/mutants.)
An entry with "define" instead of a pattern is no mistake but another body of the RTL (a macro in front of every module): it must
agree with the functional model.
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
import time

RTL_PARTS = ["hw_rtl", "isa", "simulator/verilated"]


def mutate(root, mutant):
    path = os.path.join(root, mutant["file"])
    with open(path) as file:
        text = file.read()
    changed, places = re.subn(mutant["find"], lambda _: mutant["replace"], text)
    if places != 1:
        raise ValueError(f"pattern stands on {places} places of {mutant['file']}, not on one")
    return changed


def run(command, **keywords):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)


def build_rtl(options, mutant, folder):
    """A tree with the mutated module; the cycle model is built from it at first use, in a cache of its own."""
    share = os.path.join(folder, "share")
    for part in RTL_PARTS:
        shutil.copytree(os.path.join(options.root, part), os.path.join(share, part))
    if "define" in mutant:
        for path in glob.glob(os.path.join(share, "hw_rtl/src/*.sv")):
            with open(path) as file:
                text = file.read()
            with open(path, "w") as file:
                file.write(f"`define {mutant['define']}\n{text}")
    else:
        changed = mutate(options.root, mutant)
        with open(os.path.join(share, mutant["file"]), "w") as file:
            file.write(changed)
    environment = dict(os.environ, TESSERA_SHARE=share, XDG_CACHE_HOME=os.path.join(folder, "cache"))
    machine = mutant.get("machine", "tiny")  # a name, or a file of the repository
    return [options.cosim, "--machine", os.path.join(options.root, machine) if machine.endswith(".json") else machine], environment


def survives(options, mutant):
    """None if the mutant was found (another body: if it agreed), else what went wrong."""
    with tempfile.TemporaryDirectory(prefix="tessera-mutant-") as folder:
        try:
            command, environment = build_rtl(options, mutant, folder)
        except ValueError as error:
            return str(error)
        command += ["--count", str(options.count), "--seed", str(options.seed), "--minimise-seconds", "0",
                    "--output", os.path.join(folder, "failure.txt")]
        try:
            result = run(command, env=environment, timeout=options.seconds)
        except subprocess.TimeoutExpired:
            return f"no end within {options.seconds} s"
        if "define" in mutant:
            return None if result.returncode == 0 else f"does not agree:\n{result.stdout[-2000:]}"
        if result.returncode == 1:
            print(f"  {result.stdout.strip().splitlines()[0][:200]}", flush=True)
            return None
        if result.returncode == 0:
            return f"survived {options.count} programs"
        return f"ended with {result.returncode}:\n{result.stdout[-2000:]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", nargs="+", required=True)
    parser.add_argument("--cosim", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--check", action="store_true", help="only see that every pattern fits its file")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=900)
    options = parser.parse_args()
    options.root, options.cosim = map(os.path.abspath, (options.root, options.cosim))
    mutants = []
    for path in options.list:
        with open(path) as file:
            mutants += json.load(file)
    unknown = set(options.only or []) - {m["name"] for m in mutants}
    if unknown:
        sys.exit(f"no mutant is called {', '.join(sorted(unknown))}")
    failed = 0
    for mutant in mutants:
        if options.only and mutant["name"] not in options.only:
            continue
        if options.check:
            try:
                if "define" not in mutant:
                    mutate(options.root, mutant)
            except (ValueError, OSError) as error:
                print(f"FAILED {error}: {mutant['name']}")
                failed += 1
            continue
        start = time.time()
        trouble = survives(options, mutant)
        failed += trouble is not None
        print(f"{'ok' if trouble is None else 'FAILED ' + trouble}: {mutant['name']} ({time.time() - start:.1f} s)", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
