"""What networks lose under memory model `ddr3`: their cycles, compared exactly with ddr3_cycles.json, beside those of `bench`, and the layers that lose most.

usage: ddr3_cycles_test.py TESSERA WRITER [--update] [--network N ...]. WRITER is tessera_onnx_write_network. Both memories run here; that the cycles of
`bench` are right is seen elsewhere (cycles_test.py, seeded_cycles_test.py).
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np

import cycle_table
import networks
import run_network

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ddr3_cycles.json")
MACHINES = {**{name: ("tiny", "pynq", "batch2", "ultra96", "zcu104") for name in networks.NAMES}, "resnet18": ("pynq",), "mobilenet_v2": ("pynq", "ultra96")}
SHOWN = 3  # layers a network


def model_and_input(writer, network, folder):
    if network in networks.NAMES:
        return networks.model_path(network), networks.cases_of(network)[0].data
    model = os.path.join(folder, "net.onnx")
    subprocess.run([writer, network, "1", model], check=True)
    return model, np.random.RandomState(1).randn(1, 3, 224, 224).astype(np.float32)


def layer_cycles(report):
    return {(number, layer["name"]): layer["cycles"] for number, layer in enumerate(report["layers"])}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("writer")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--network", nargs="*", default=list(MACHINES))
    arguments = parser.parse_args()
    table = cycle_table.CycleTable(TABLE)
    for network in arguments.network:
        with tempfile.TemporaryDirectory() as folder:
            model, data = model_and_input(arguments.writer, network, folder)
            for machine in MACHINES[network]:
                bench, ddr3 = (run_network.run(arguments.tessera, model, data, folder, "--device", "cycle", "--machine", machine, "--memory", memory,
                                               "--quiet")[1] for memory in ("bench", "ddr3"))
                table.compare(network, machine, ddr3["cycles"], what=f"cycles, bench {bench['cycles']}, {ddr3['cycles'] / bench['cycles'] - 1:+.1%}")
                before = layer_cycles(bench)
                lost = sorted(((cycles - before[layer], layer[1]) for layer, cycles in layer_cycles(ddr3).items()), reverse=True)
                print("  most in " + ", ".join(f"{name} {more:+}" for more, name in lost[:SHOWN]), flush=True)
    if arguments.update:
        table.write()
        return 0
    return 1 if table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
