"""Runs a network through `tessera run` and compares every output, the placement and the report.

usage: run_network.py TESSERA NETWORK --device D --machine M [--memory MODEL] [--threads N] [--eval N] [--cases N] [--mutant]
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

import networks

ON_NPU = re.compile(r"conv|dense|fully|matmul|pool|add", re.IGNORECASE)
KEYS = ("cycles", "macs", "utilization", "simulated_cycles_per_second", "wall_seconds")


def run(tessera, model, inputs, folder, *arguments):
    """(outputs [cases][...], report) of one `tessera run`."""
    path, report = os.path.join(folder, "input.npy"), os.path.join(folder, "report.json")
    np.save(path, inputs)
    command = [tessera, "run", model, "--input", path, "--output", os.path.join(folder, "out"), "--json", report, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=850, check=False)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nended with status {result.returncode}: {result.stderr.strip()}")
    with open(report, encoding="utf-8") as stream:
        return np.load(os.path.join(folder, "out", "output_0.npy")), json.load(stream)


def report_faults(report, device):
    for key in KEYS + ("layers",):
        if key not in report:
            yield f"the report has no {key}"
    for layer in report.get("layers", []):
        # A layer begins while the one before drains; much above 1 is another layer's work. Loose timing knows no layers.
        if device == "cycle" and layer.get("utilization", 0) > 1.05:
            yield f"layer {layer.get('name')} has a utilisation of {layer['utilization']}"
        for key in KEYS + ("name", "op", "placement", "reason"):
            if key not in layer:
                yield f"layer {layer.get('name')} has no {key}"
        if device == "cpu":
            if layer.get("placement") != "cpu":
                yield f"layer {layer.get('name')} is not on the CPU"
        elif ON_NPU.search(layer.get("op", "")) and layer.get("placement") != "npu":
            yield f"layer {layer.get('name')} ({layer.get('op')}) runs on {layer.get('placement')}: {layer.get('reason')}"
    counted = device in ("cycle", "systemc")
    if counted and not (report.get("cycles", 0) > 0 and 0 < report.get("utilization", 0) <= 1):
        yield f"cycles {report.get('cycles')} and utilisation {report.get('utilization')} cannot be"
    if report.get("macs", 0) != sum(layer.get("macs", 0) for layer in report.get("layers", [])):
        yield "the layers' multiply-accumulates do not sum up"
    if counted and sum(layer.get("cycles", 0) for layer in report.get("layers", [])) > report["cycles"]:
        yield "the layers take more cycles than all"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("network", choices=networks.NAMES)
    parser.add_argument("--device", required=True)
    parser.add_argument("--machine", required=True)
    parser.add_argument("--memory")
    parser.add_argument("--threads")
    parser.add_argument("--eval", type=int, default=0)
    parser.add_argument("--cases", type=int, help="the first N only")
    parser.add_argument("--mutant", action="store_true", help="change one bit of one output: it must be found")
    arguments = parser.parse_args()
    model = networks.model_path(arguments.network)
    cases = networks.cases_of(arguments.network, arguments.eval)[:arguments.cases]
    options = ["--device", arguments.device, "--machine", arguments.machine, "--quiet"]
    options += ["--memory", arguments.memory] if arguments.memory else []
    options += ["--threads", arguments.threads] if arguments.threads else []
    with tempfile.TemporaryDirectory() as folder:
        outputs, report = run(arguments.tessera, model, np.concatenate([case.data for case in cases]), folder, *options)
    faults = []
    outputs = outputs.reshape(len(cases), -1)
    if arguments.mutant:
        outputs[-1, 0] ^= 1
    for case, output in zip(cases, outputs):
        wrong = case.check(output)
        if wrong:
            faults.append(f"{case.name}: {wrong}")
    faults += list(report_faults(report, arguments.device))
    for fault in faults[:20]:
        print(fault)
    print(f"{arguments.network} on {arguments.device}, {arguments.machine}: {len(cases)} cases, {len(faults)} faults, "
          f"{report.get('cycles')} cycles, utilisation {report.get('utilization', 0):.3f}, "
          f"{report.get('simulated_cycles_per_second', 0):.0f} cycles/s, {1e3 * report.get('wall_seconds', 0):.2f} ms a case")
    if arguments.mutant:
        return 0 if len(faults) == 1 and faults[0].startswith(cases[-1].name) else 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
