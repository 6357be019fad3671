"""Cycle counts are exact: every network and machine of cycles.json is run on the cycle device with `bench` memory and compared. Each is run on
the functional device too, whose estimate must be near, layer by layer (timing_model.py).

usage: cycles_test.py TESSERA [--update] [--network N ...]. --update writes what is measured into cycles.json: do that when a
change makes the core or the compiler faster or slower on purpose, and say so in the commit.
"""
import argparse
import os
import sys
import tempfile

import cycle_table
import networks
import run_network
import timing_model

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cycles.json")
MACHINES = ("tiny", "pynq", "batch2", "ultra96", "zcu104")
LIMITS = {("ic", "tiny"): 300_000, ("ic", "pynq"): 110_000}  # promised


def measure(tessera, network, machine, device):
    case = networks.cases_of(network)[0]
    with tempfile.TemporaryDirectory() as folder:
        _, report = run_network.run(tessera, networks.model_path(network), case.data, folder, "--device", device, "--machine", machine,
                                    "--memory", "bench", "--quiet")
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--network", nargs="*", default=networks.NAMES)
    arguments = parser.parse_args()
    table = cycle_table.CycleTable(TABLE)
    errors = []
    for network in arguments.network:
        known = table.of(network)
        if not known and not arguments.update:
            print(f"{network}: no cycles in {TABLE}; --update writes them")
            table.faults += 1
        for machine in MACHINES if arguments.update else list(known):
            measured = measure(arguments.tessera, network, machine, "cycle")
            table.compare(network, machine, measured["cycles"], LIMITS.get((network, machine)))
            lines, more = timing_model.faults(measured, measure(arguments.tessera, network, machine, "functional"))
            errors += more
            for line in lines:
                print(f"{network} on {machine}: {line}")
            table.faults += len(lines)
    print(timing_model.distribution(errors))
    if arguments.update:
        table.write()
        return 0
    return 1 if table.faults else 0


if __name__ == "__main__":
    sys.exit(main())
