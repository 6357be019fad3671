"""Cycle counts of the large networks with seeded weights, `bench` memory: run on the cycle device, compared exactly with seeded_cycles.json and
with the bounds below. The answer's bytes are compared elsewhere (tests/compiler/onnx); here only cycles count.

usage: seeded_cycles_test.py TESSERA WRITER [--update] [--network N ...]. WRITER is tessera_onnx_write_network. --update writes what is measured:
do that when a change makes the core or the compiler faster or slower on purpose, and say so in the commit.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

import run_network

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeded_cycles.json")
MACHINES = {"resnet18": ("pynq", "ultra96", "zcu104"), "resnet50": ("pynq",), "mobilenet_v2": ("pynq", "ultra96"), "squeezenet": ("pynq",),
            "ssd_mobilenet_v1": ("pynq",)}
PROMISED = {("resnet18", "pynq"): 7_600_000, ("resnet50", "pynq"): 17_500_000}
PROMISED_SHARE = {("resnet18", "ultra96"): 0.80, ("resnet18", "zcu104"): 0.80}


def measure(tessera, writer, network, machine):
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "net.onnx")
        subprocess.run([writer, network, "1", model], check=True)
        picture = np.random.RandomState(1).randn(1, 3, 224, 224).astype(np.float32)
        _, report = run_network.run(tessera, model, picture, folder, "--device", "cycle", "--machine", machine, "--memory", "bench", "--quiet")
    return report["cycles"], report["utilization"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("writer")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--network", nargs="*", default=list(MACHINES))
    arguments = parser.parse_args()
    with open(TABLE, encoding="utf-8") as stream:
        table = json.load(stream)
    faults = 0
    for network in arguments.network:
        known = table.setdefault(network, {})
        for machine in MACHINES[network]:
            cycles, share = measure(arguments.tessera, arguments.writer, network, machine)
            before, limit = known.get(machine), PROMISED.get((network, machine))
            note = "" if cycles == before else f" (seeded_cycles.json says {before})"
            if limit and cycles > limit:
                note += f" (more than the promised {limit})"
            if share < PROMISED_SHARE.get((network, machine), 0):
                note += f" (less than the promised {PROMISED_SHARE[network, machine]:.0%})"
            print(f"{network} on {machine}: {cycles} cycles, {share:.1%} of the multiply-accumulates that the machine could do{note}", flush=True)
            faults += bool(note)
            known[machine] = cycles
    if arguments.update:
        with open(TABLE, "w", encoding="utf-8") as stream:
            json.dump(table, stream, indent=1)
            stream.write("\n")
        return 0
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
