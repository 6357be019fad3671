#!/usr/bin/env python3
"""Builds the model library of one machine: configuration package, Verilator, clang++.

  build_model.py --machine FILE.json --out libtessera_cycle_NAME.so [--root DIR] [--waves] [--no-assert] [--no-training] [--rtl DIR]

Used by CMake for the prebuilt machines and by the simulator's library for the others. The output appears in one step
(rename), so that builders may race. --key prints the hash of everything that the result depends on but the machine.
--rtl DIR comes before hw_rtl/src, to put another module in the place of one of the core's (tests).

A cycle of the core is 30,000 lines of C++ of which a third runs. So the model is compiled twice: with counters first, to run the program of
model/training.py, then with what that counted (a third faster; docs/cycle-model.md). Waveforms, --optimize below 3 and --no-training do without,
and so does a system without llvm-profdata or clang's profile runtime.
"""
import argparse
import ctypes
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile

PATTERNS = ["hw_rtl/src/*.sv", "hw_rtl/src/*.svh", "hw_rtl/cells/*.sv", "hw_rtl/cells/*.svh", "hw_rtl/vendor/*.sv",
            "hw_rtl/vendor/*.svh", "hw_rtl/assert/*.sv",
            "isa/generated/tsr_isa_pkg.sv", "isa/generate.py", "isa/generator/*.py", "isa/encoding.json",
            "simulator/verilated/model/*", "simulator/verilated/include/tessera/simulator/core_pins.h",
            "simulator/verilated/build_model.py"]


def content_key(root, extra=()):
    """64-bit FNV-1a over path and content of every source, in the order of the paths; the C++ library computes the same."""
    paths = sorted(os.path.relpath(p, root) for pattern in PATTERNS for p in glob.glob(os.path.join(root, pattern)))
    paths += sorted(extra)
    value = 0xcbf29ce484222325
    for path in paths:
        with open(os.path.join(root, path), "rb") as file:
            data = path.encode() + b"\0" + file.read()
        for byte in data:
            value = ((value ^ byte) * 0x100000001b3) & 0xffffffffffffffff
    return f"{value:016x}"


def processor():
    """What instructions may be used here, in the system's own words; empty where it does not say. C++ reads the same line."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line.split(":", 1)[1] for line in file if line.startswith(("flags", "Features"))]
    except OSError:
        return ""
    return " ".join(lines[0].split()) if lines else ""


def end_with_parent():
    """Who asked for the model may be interrupted: then the compilers stop too and nothing is left behind. Linux alone knows how."""
    def stop(*_):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGTERM)
        sys.exit("stopped")
    signal.signal(signal.SIGTERM, stop)
    set_parent_death_signal = 1
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl:
        prctl(set_parent_death_signal, signal.SIGTERM)


def tool(names, what):
    for name in names:
        if name and shutil.which(name):
            return name
    sys.exit(f"{what} is needed to build the model and was not found (tried {', '.join(n for n in names if n)})")


def run(command, **keywords):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)
    if result.returncode != 0:
        sys.exit(f"{os.path.basename(command[0])} failed ({result.returncode}):\n{result.stdout[-4000:]}")
    return result.stdout


def constant(package, name):
    for line in package.splitlines():
        words = line.replace(";", " ").split()
        if name in words and "=" in words:
            return words[words.index("=") + 1]
    sys.exit(f"{name} is not in the generated configuration package")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--machine")
    parser.add_argument("--out")
    parser.add_argument("--waves", action="store_true")
    parser.add_argument("--no-assert", action="store_true")
    parser.add_argument("--no-training", action="store_true")
    parser.add_argument("--optimize", default="3")
    parser.add_argument("--rtl", action="append", default=[])
    parser.add_argument("--define", action="append", default=[], help="preprocessor name for the Verilog")
    parser.add_argument("--key", action="store_true")
    parser.add_argument("--keep", help="folder for the intermediate files, kept")
    options = parser.parse_args()
    root = os.path.abspath(options.root)
    if options.key:
        print(content_key(root))
        return
    if not options.machine or not options.out:
        parser.error("--machine and --out are needed")

    end_with_parent()
    verilator = tool([os.environ.get("TESSERA_VERILATOR"), "verilator"], "verilator")
    compiler = tool([os.environ.get("TESSERA_CXX"), "clang++-19", "clang++"], "clang++ 19")
    out = os.path.abspath(options.out)
    os.makedirs(os.path.dirname(out), exist_ok=True)
    work = options.keep or tempfile.mkdtemp(prefix=".build-", dir=os.path.dirname(out))
    os.makedirs(work, exist_ok=True)
    try:
        build(options, root, verilator, compiler, out, work)
    finally:
        if not options.keep:
            shutil.rmtree(work, ignore_errors=True)


def build(options, root, verilator, compiler, out, work):
    package_file = os.path.join(work, "tsr_cfg_pkg.sv")
    run([sys.executable, "-B", os.path.join(root, "isa/generate.py"), "--cfg", options.machine, "-o", package_file])
    with open(package_file) as file:
        package = file.read()
    bus_bytes = int(constant(package, "BusBits")) // 8
    config_hash = constant(package, "ConfigHash").split("'h")[1]

    source = os.path.join(work, "source")
    includes = [os.path.abspath(d) for d in options.rtl]
    includes += [os.path.join(root, d) for d in ("hw_rtl/src", "hw_rtl/cells", "hw_rtl/vendor", "hw_rtl/assert")]
    command = [verilator, "--cc", "--sv", "-O3", "--x-assign", "fast", "--x-initial", "fast", "--flatten", "-Wno-fatal",
               "-Wno-lint", "-Wno-style", "--prefix", "Vcore", "--top-module", "tsr_core", "--Mdir", source]
    command += ["--output-split", "0"]
    command += [f"-I{d}" for d in includes]
    if options.waves:
        command += ["--trace-fst", "--trace-structs", "+define+TSR_TRACE"]
    if options.no_assert:
        command += ["+define+TSR_NO_ASSERT"]
    command += [f"+define+{name}" for name in options.define]
    command += [os.path.join(root, "isa/generated/tsr_isa_pkg.sv"), package_file]
    core = [os.path.join(d, "tsr_core.sv") for d in includes]
    command += [next(path for path in core if os.path.exists(path))]
    run(command)

    verilated = None
    for line in run([verilator, "-V"]).splitlines():
        words = line.split()
        if "VERILATOR_ROOT" in words and len(words) >= 3 and os.path.exists(os.path.join(words[-1], "include/verilated.h")):
            verilated = os.path.join(words[-1], "include")
    if not verilated:
        sys.exit("the include folder of verilator was not found (verilator -V)")

    slow = [f for f in sorted(os.listdir(source)) if f.endswith(".cpp") and ("Slow" in f or "Syms" in f or "Trace" in f)]
    fast = [f for f in sorted(os.listdir(source)) if f.endswith(".cpp") and f not in slow]
    write_unit(os.path.join(work, "fast.cpp"), [f"source/{f}" for f in fast] + ["cycle_model.cpp"])
    runtime = ["verilated.cpp", "verilated_threads.cpp"] + (["verilated_fst_c.cpp"] if options.waves else [])
    write_unit(os.path.join(work, "slow.cpp"), [f"source/{f}" for f in slow])
    write_unit(os.path.join(work, "runtime.cpp"), runtime)

    model = os.path.join(root, "simulator/verilated/model")
    key = content_key(root)
    flags = ["-std=c++17", "-fPIC", "-fvisibility=hidden", "-march=native", "-w", "-fbracket-depth=8192",
             "-include", os.path.join(model, "model_output.h"),
             f"-I{work}", f"-I{source}", f"-I{model}", f"-I{verilated}", f"-I{verilated}/vltstd",
             f"-I{root}/simulator/verilated/include", f"-DTSR_CYCLE_BUS_BYTES={bus_bytes}",
             f"-DTSR_CYCLE_CONFIG_HASH=0x{config_hash}ull", f'-DTSR_CYCLE_KEY="{key}"', f'-DTSR_CYCLE_PROCESSOR="{processor()}"',
             "-DVL_TIME_CONTEXT"]
    if options.no_assert:
        flags += ["-DTSR_CYCLE_NO_ASSERT"]
    if options.waves:
        flags += ["-DTSR_CYCLE_WAVES", "-DVM_TRACE=1", "-DVM_TRACE_FST=1"]
    level = "1" if options.waves else options.optimize

    def compile_unit(unit, optimise, *more):
        return [compiler, f"-O{optimise}", "-fno-strict-aliasing", *flags, *more, "-c", f"{unit}.cpp", "-o", f"{unit}.o"]

    def link(name, *more):
        library = os.path.join(work, name)
        return library, [compiler, "-shared", "-o", library, *(os.path.join(work, f"{unit}.o") for unit in ("fast", "slow", "runtime")), "-Wl,-Bsymbolic",
                         "-Wl,-z,defs", *more, *(["-lz"] if options.waves else []), "-lpthread"]

    slow_jobs = [compile_unit("slow", 1), compile_unit("runtime", 1)]
    trained = []
    merge = next((name for name in ("llvm-profdata-19", "llvm-profdata") if shutil.which(name)), None)
    if level == "3" and not options.no_training and merge:
        side_by_side([compile_unit("fast", 1, "-fprofile-instr-generate"), *slow_jobs], work)
        slow_jobs = []
        counting, command = link("counting.so", "-fprofile-instr-generate")
        profile = os.path.join(work, "training.profdata")
        if train(command, counting, options.machine, root, merge, profile):
            trained = [f"-fprofile-instr-use={profile}"]
    side_by_side([compile_unit("fast", level, *trained), *slow_jobs], work)
    library, command = link("model.so")
    run(command)
    os.replace(library, out)


def side_by_side(jobs, work):
    """Compiles at once; the first failure ends all."""
    running = [subprocess.Popen(job, cwd=work, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for job in jobs]
    for job, process in zip(jobs, running):
        text = process.communicate()[0]
        if process.returncode != 0:
            for other in running:
                if other.poll() is None:
                    other.kill()
            sys.exit(f"{job[0]} failed ({process.returncode}):\n{text[-4000:]}")


def train(link_command, library, machine, root, merge, profile):
    """Whether there is a profile now. A core that does not run the program to its end is no reason to have no model."""
    if subprocess.run(link_command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode != 0:
        return False  # no profile runtime for this clang
    raw = profile + ".raw"
    try:
        subprocess.run([sys.executable, "-B", os.path.join(root, "simulator/verilated/model/training.py"), library, os.path.abspath(machine), root],
                       env={**os.environ, "LLVM_PROFILE_FILE": raw}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    except subprocess.TimeoutExpired:
        return False
    merged = os.path.exists(raw) and subprocess.run([merge, "merge", "-o", profile, raw], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    return merged


def write_unit(path, files):
    with open(path, "w") as unit:
        for name in files:
            unit.write(f'#include "{name}"\n')


if __name__ == "__main__":
    main()
