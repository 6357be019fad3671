#!/usr/bin/env python3
"""Plants one breach of each AXI rule in the core or in the memory model, and sees the assertion module report it.

usage: axi_mutants.py ROOT DMA_TEST [--only NAME ...] [--jobs N]

Each mutant is a copy of the sources with one text replaced; its model takes the place of the good one in the test of the
data movers (TSR_DMA_LIBRARY). Killed: the test fails, and the message names the assertion module and the rule's text.
"""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

ARBITER, STORE, BURSTS = "hw_rtl/src/tsr_read_arbiter.sv", "hw_rtl/src/tsr_store.sv", "hw_rtl/src/tsr_dma_bursts.sv"
REGS = "hw_rtl/src/tsr_regs.sv"
BENCH, CHAOS = "simulator/verilated/model/bench_memory.h", "simulator/verilated/model/chaos_memory.h"

# name, file, text, its replacement, what the assertion's message must hold
MUTANTS = [
    ("ar_dropped", ARBITER, "if (ar_ready_i) ar_valid_q <= 1'b0;", "ar_valid_q <= 1'b0;", "ar_waits_q"),
    ("aw_changes", STORE, "burst_valid && (!aw_valid_q || aw_ready_i) && owed_q", "burst_valid && owed_q", "aw_waits_q"),
    ("w_changes", STORE, "assign w_data_o = w_data_q;", "assign w_data_o = w_data_q ^ BusBits'(w_ready_i);", "w_waits_q"),
    ("page_crossed", BURSTS, "to_page > (13 - BusShift)'(MaxBeats) ?", "1'b1 ?", "_end <= 13'd4096"),
    ("ar_misaligned", ARBITER, "assign ar_addr_o = ar_addr_q;", "assign ar_addr_o = ar_addr_q | 32'd4;", "ar_addr_i[BusShift-1:0]"),
    ("ar_fixed_burst", "hw_rtl/src/tsr_core.sv", "assign ar_burst_o = 2'b01;", "assign ar_burst_o = 2'b00;", "ar_burst_i"),
    ("aw_narrow", "hw_rtl/src/tsr_core.sv", "assign aw_size_o = 3'($clog2(BusBits / 8));", "assign aw_size_o = 3'd2;", "aw_size_i"),
    ("w_last_late", STORE, "w_last_q <= beat_last;", "w_last_q <= 1'b0;", "w_last_i == w_due"),
    ("too_many_reads", ARBITER, "owed_q != 5'd16 &&", "owed_q != 5'd24 &&", "reads_q < 5'd16"),
    ("valid_after_reset", ARBITER, "    if (!rst_ni) begin\n      ar_valid_q <= 1'b0;", "    if (!rst_ni) begin\n      ar_valid_q <= 1'b1;",
     "was_reset_q"),
    ("memory_r_last_early", CHAOS, "top.r_last_i = burst.left == 1;", "top.r_last_i = burst.left <= 2;", "r_last_i == r_due"),
    ("memory_r_unasked", BENCH, "top.r_valid_i = 0;\n    }\n    if (top.ar_valid_o", "top.r_valid_i = 1;\n    }\n    if (top.ar_valid_o",
     "r_open_q"),
    ("lite_b_dropped", REGS, "if (s_b_ready_i) b_valid_q <= 1'b0;", "b_valid_q <= 1'b0;", "b_waits_q"),
    ("lite_r_changes", REGS, "    if (s_r_ready_i) r_valid_q <= 1'b0;",
     "    if (s_r_ready_i) r_valid_q <= 1'b0;\n    else if (r_valid_q) r_data_q <= r_data_q + 32'd1;", "r_waits_q"),
    ("lite_b_unasked", REGS, "wire write = aw_held_q && w_held_q &&", "wire write = aw_held_q &&", "w_open_q"),
    ("memory_b_early", CHAOS, "if (top.w_last_o) {\n        burst.due", "{\n        burst.due", "b_open_q"),
]


def judge(mutant, root, test):
    name, path, text, replacement, message = mutant
    with tempfile.TemporaryDirectory(prefix="tessera-axi-") as folder:
        for part in ("hw_rtl", "isa", "simulator/verilated", "tests/hw_rtl/dma"):
            shutil.copytree(os.path.join(root, part), os.path.join(folder, part))
        target = os.path.join(folder, path)
        with open(target, encoding="utf-8") as file:
            source = file.read()
        if source.count(text) != 1:
            return f"{name}: its text stands {source.count(text)} times in {path}, not once"
        with open(target, "w", encoding="utf-8") as file:
            file.write(source.replace(text, replacement))
        library = os.path.join(folder, "mutant.so")
        built = subprocess.run([sys.executable, "-B", os.path.join(folder, "simulator/verilated/build_model.py"), "--root", folder,
                                "--machine", os.path.join(folder, "isa/machines/pynq.json"), "--rtl",
                                os.path.join(folder, "tests/hw_rtl/dma"), "--optimize", "0", "--out", library],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
        if built.returncode != 0:
            return f"{name}: does not build: {built.stdout[-500:]}"
        try:
            lite = name.startswith("lite_")
            binary = os.path.join(os.path.dirname(test), "core_test") if lite else test
            ran = subprocess.run([binary, "--gtest_filter=" + ("CorePinsTest.*" if lite else "*/1")], env={**os.environ, "TSR_DMA_LIBRARY": library},
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
        except subprocess.TimeoutExpired:
            return f"{name}: the test does not end"
        if ran.returncode == 0:
            return f"{name}: survives"
        if "_assert" not in ran.stdout or message not in ran.stdout:
            return f"{name}: found, but not by the rule ({message}): {ran.stdout[-700:]}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root")
    parser.add_argument("test")
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if not options.only or m[0] in options.only]
    faults = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for mutant, fault in zip(chosen, pool.map(lambda m: judge(m, os.path.abspath(options.root), os.path.abspath(options.test)), chosen)):
            print(fault or f"{mutant[0]}: killed by the rule", flush=True)
            faults += fault is not None
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
