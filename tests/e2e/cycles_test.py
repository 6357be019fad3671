"""Cycle counts are exact: every network and machine of cycles.json is run on the cycle device with `bench` memory and compared.

usage: cycles_test.py TESSERA [--update] [--network N ...]. --update writes what is measured into cycles.json: do that when a
change makes the core or the compiler faster or slower on purpose, and say so in the commit.
"""
import argparse
import json
import os
import sys
import tempfile

import networks
import run_network

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cycles.json")
MACHINES = ("tiny", "pynq", "batch2", "ultra96", "zcu104")
LIMITS = {("ic", "tiny"): 300_000, ("ic", "pynq"): 110_000}  # promised


def measure(tessera, network, machine):
    case = networks.cases_of(network)[0]
    with tempfile.TemporaryDirectory() as folder:
        _, report = run_network.run(tessera, networks.model_path(network), case.data, folder, "--device", "cycle", "--machine", machine,
                                    "--memory", "bench", "--quiet")
    return report["cycles"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--network", nargs="*", default=networks.NAMES)
    arguments = parser.parse_args()
    with open(TABLE, encoding="utf-8") as stream:
        table = json.load(stream)
    faults = 0
    for network in arguments.network:
        known = table.setdefault(network, {})
        if not known and not arguments.update:
            print(f"{network}: no cycles in {TABLE}; --update writes them")
            faults += 1
        for machine in MACHINES if arguments.update else known:
            cycles, before = measure(arguments.tessera, network, machine), known.get(machine)
            limit = LIMITS.get((network, machine))
            note = "" if cycles == before else f" (cycles.json says {before})"
            if limit and cycles > limit:
                note += f" (more than the promised {limit})"
            print(f"{network} on {machine}: {cycles} cycles{note}", flush=True)
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
