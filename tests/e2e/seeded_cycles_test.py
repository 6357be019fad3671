"""Cycle counts of the large networks with seeded weights, `bench` memory: run on the cycle device, compared exactly with seeded_cycles.json and
with the bounds below, and with the timing model (timing_model.py). The answer's bytes are compared elsewhere (tests/compiler/onnx); here only cycles count.

usage: seeded_cycles_test.py TESSERA WRITER [--update] [--network N ...]. WRITER is tessera_onnx_write_network. --update writes what is measured:
do that when a change makes the core or the compiler faster or slower on purpose, and say so in the commit.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np

import cycle_table
import run_network
import timing_model

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeded_cycles.json")
ALL = ("tiny", "pynq", "batch2", "ultra96", "zcu104")
MACHINES = {"resnet18": ALL, "resnet50": ALL, "mobilenet_v2": ALL, "squeezenet": ALL, "ssd_mobilenet_v1": ALL, "resnet18_convolutions_vta": ("pynq_vta",)}
INPUTS = {"resnet18_convolutions_vta": (1, 64, 56, 56)}  # others: a picture
PROMISED = {("resnet18", "pynq"): 7_600_000, ("resnet50", "pynq"): 17_500_000}
PROMISED_SHARE = {("resnet18", "ultra96"): 0.80, ("resnet18", "zcu104"): 0.80}


def machine_path(machine):
    """A machine of the tests by its file, the others by their name."""
    path = os.path.join(os.path.dirname(TABLE), "machines", machine + ".json")
    return path if os.path.exists(path) else machine


def measure(tessera, writer, network, machine):
    with tempfile.TemporaryDirectory() as folder:
        model = os.path.join(folder, "net.onnx")
        subprocess.run([writer, network, "1", model], check=True)
        picture = np.random.RandomState(1).randn(*INPUTS.get(network, (1, 3, 224, 224))).astype(np.float32)
        return [run_network.run(tessera, model, picture, folder, "--device", device, "--machine", machine_path(machine), "--memory", "bench",
                                "--quiet")[1] for device in ("cycle", "functional")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("writer")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--network", nargs="*", default=list(MACHINES))
    arguments = parser.parse_args()
    table = cycle_table.CycleTable(TABLE)
    for network in arguments.network:
        for machine in MACHINES[network]:
            measured, estimate = measure(arguments.tessera, arguments.writer, network, machine)
            cycles, share = measured["cycles"], measured["utilization"]
            least = PROMISED_SHARE.get((network, machine), 0)
            table.compare(network, machine, cycles, PROMISED.get((network, machine)),
                          f"cycles, {share:.1%} of the multiply-accumulates that the machine could do",
                          f" (less than the promised {least:.0%})" if share < least else "")
            lines, errors = timing_model.faults(measured, estimate)
            for line in lines + [timing_model.distribution(errors)]:
                print(f"{network} on {machine}: {line}")
            table.faults += len(lines)
    if arguments.update:
        table.write()
        return 0
    return 1 if table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
