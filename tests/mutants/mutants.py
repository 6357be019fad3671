#!/usr/bin/env python3
"""Plants one mistake after the other in C++ code and sees the tests of its room fail on each, after they have passed without one.

  mutants.py LIST.json ... --root ROOT --build BUILD [--short] [--only NAME ...] [--check] [--jobs N]

A list is {"tests": [...], "optimise": "-O1", "arguments": [...], "mutants": [...]}. A mutant is {"name", "file", "find", "replace"}: what stands on exactly
one place of the file (with "regex" in the list: a regular expression), and what comes instead; "units" are the files to compile where a header is mutated. "tests" are what must
fail, those of the list if a mutant has none: the path of a program in the build folder, then its arguments and those of the list
(for GoogleTest if it has none), a script *.py of the tree with the program that it takes first, or a file *.mlir of tests/compiler/npu/passes ("cpu/NAME.mlir": of
tests/compiler/cpu/passes). A mutant with "equivalent" (its reason) changes nothing and must survive: it shows that the harness can
tell. --short takes those with "short"; --check only sees that every text fits its file. Ends with 1 where a mutant is not as expected.
"""
import argparse
import concurrent.futures
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import plant

RUN_MLIR = "tests/compiler/npu/run_mlir.py"
ARGUMENTS = ("--gtest_brief=1", "--gtest_fail_fast")


def module_of(test):
    """Of a test *.mlir: its file in the tree and the program that runs passes on it."""
    room, _, name = test.rpartition("/")
    room = room or "npu"
    return f"tests/compiler/{room}/passes/{name}", f"tests/compiler/{room}/tessera_{room}_opt"


def program_of(test):
    """The path in the build folder of the program that a test runs."""
    words = test.split()
    return module_of(words[0])[1] if words[0].endswith(".mlir") else words[1] if words[0].endswith(".py") else words[0]


def command_of(test, programs, arguments, root):
    """The command of a test; programs: path in the build folder -> the mutated program."""
    words = test.split()
    if words[0].endswith(".mlir"):
        check = shutil.which("FileCheck-19") or shutil.which("FileCheck") or "/usr/lib/llvm-19/bin/FileCheck"
        module, opt = module_of(words[0])
        return [sys.executable, "-B", os.path.join(root, RUN_MLIR), os.path.join(root, module), programs[opt], check]
    if words[0].endswith(".py"):
        return [sys.executable, "-B", os.path.join(root, words[0]), programs[words[1]], *words[2:]]
    return [programs[words[0]], *words[1:], *arguments]


def passes(build, test, programs, arguments, seconds):
    """Whether a test ends with 0, run where its program lies in the build: tests that look beside themselves find what is there."""
    place = os.path.join(build.folder, os.path.dirname(program_of(test)))
    try:
        return plant.run(command_of(test, programs, arguments, build.root), cwd=place, timeout=seconds, stdin=subprocess.DEVNULL).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def failing(build, chosen, seconds):
    """The tests of the chosen mutants that fail without a mistake: what they say about mutants means nothing."""
    runs = {(test, tuple(defaults.get("arguments", ARGUMENTS))) for defaults, mutant in chosen for test in mutant.get("tests", defaults.get("tests"))}
    programs = {path: os.path.join(build.folder, path) for path in {program_of(test) for test, _ in runs}}
    return [test for test, arguments in sorted(runs) if not passes(build, test, programs, arguments, seconds)]


def judge(build, defaults, mutant, seconds):
    """'killed', 'survived', or why the mutant could not be made."""
    tests = mutant.get("tests", defaults.get("tests"))
    arguments = defaults.get("arguments", ARGUMENTS)
    needed = sorted({program_of(test) for test in tests})
    with tempfile.TemporaryDirectory(prefix="tessera-mutant-") as folder:
        try:
            made = plant.plant(build, mutant, needed, folder, mutant.get("optimise", defaults.get("optimise", "-O1")))
        except plant.Unplantable as error:
            return str(error)
        programs = dict(zip(needed, made))
        return "survived" if all(passes(build, test, programs, arguments, seconds) for test in tests) else "killed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lists", nargs="+")
    parser.add_argument("--root", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=300, help="a test that takes longer has failed")
    options = parser.parse_args()
    root = os.path.realpath(options.root)
    chosen = []
    for path in options.lists:
        with open(path, encoding="utf-8") as file:
            defaults = json.load(file)
        chosen += [(defaults, {"regex": defaults.get("regex", False), **mutant}) for mutant in defaults["mutants"]]
    unknown = set(options.only or []) - {mutant["name"] for _, mutant in chosen}
    if unknown:
        sys.exit(f"no mutant is called {', '.join(sorted(unknown))}")
    chosen = [(defaults, mutant) for defaults, mutant in chosen
              if (not options.only or mutant["name"] in options.only) and (not options.short or mutant.get("short"))]
    if not chosen:
        sys.exit("no mutants")
    bad = 0
    if options.check:
        for _, mutant in chosen:
            try:
                plant.mutate(root, mutant)
            except (plant.Unplantable, OSError) as error:
                bad += 1
                print(f"{mutant['name']}: {error}")
    else:
        build = plant.Build(root, os.path.abspath(options.build))
        start = time.monotonic()
        broken = failing(build, chosen, options.seconds)
        if broken:
            sys.exit("fails without a mistake: " + ", ".join(broken))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            verdicts = pool.map(lambda entry: judge(build, *entry, options.seconds), chosen)
            for (_, mutant), verdict in zip(chosen, verdicts):
                if verdict != ("survived" if "equivalent" in mutant else "killed"):
                    bad += 1
                    print(f"{mutant['name']}: {verdict}", flush=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"{used.ru_utime + used.ru_stime:.0f} s of processor time, {time.monotonic() - start:.0f} s")
    print(f"{len(chosen)} mutants, {len(chosen) - bad} as expected")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
