"""Every network of the models folder that uses the accelerator: its cycles on the Verilated core, compared exactly with model_cycles.json, and
those of the timing model (isa/timing.h), layer by layer (timing_model.py).

usage: model_cycles_test.py TESSERA [--machines M ...] [--only TEXT] [--update]. Inputs are zeros: with `bench` memory cycles do not depend on
data. --update writes what is measured: do that when a change makes the core or the compiler faster or slower on purpose, and say so in the commit.
"""
import argparse
import glob
import json
import math
import os
import subprocess
import sys
import tempfile

import cycle_table
import networks
import timing_model

TABLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "model_cycles.json")
MACHINES = ("pynq", "tiny", "batch2", "ultra96", "zcu104")

BYTES = {"int8": 1, "uint8": 1, "bool": 1, "int16": 2, "float16": 2, "int32": 4, "float32": 4, "int64": 8}


def information(tessera, model, machine):
    """What `tessera info` says, or None of a model that is not for this machine or not ours."""
    result = subprocess.run([tessera, "info", model, "--machine", machine, "--json", "-"], capture_output=True, text=True, timeout=600, check=False)
    return json.loads(result.stdout) if result.returncode == 0 else None


def zeros(inputs, folder):
    """--input arguments: an open extent is 1."""
    arguments = []
    for place, tensor in enumerate(inputs):
        path = os.path.join(folder, f"{place}.bin")
        with open(path, "wb") as stream:
            stream.write(bytes(BYTES[tensor["type"]] * math.prod(max(extent, 1) for extent in tensor["shape"])))
        arguments += ["--input", path]
    return arguments


def measure(tessera, model, machine, device, inputs, folder):
    report = os.path.join(folder, "report.json")
    subprocess.run([tessera, "run", model, *inputs, "--device", device, "--machine", machine, "--memory", "bench", "--json", report, "--quiet",
                    *(["--no-assertions"] if device == "cycle" else [])],
                   capture_output=True, timeout=1800, check=True)
    with open(report, encoding="utf-8") as stream:
        return json.load(stream)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--machines", nargs="*", default=MACHINES)
    parser.add_argument("--only", default="")
    parser.add_argument("--update", action="store_true")
    arguments = parser.parse_args()
    folder = networks.models_folder()
    if folder is None:
        networks.skip("no real networks here: set TESSERA_MODELS to their folder")
    table = cycle_table.CycleTable(TABLE)
    models = sorted(glob.glob(os.path.join(folder, "**", "*.tflite"), recursive=True) + glob.glob(os.path.join(folder, "**", "*.onnx"), recursive=True))
    errors, missing = [], {(name, machine) for name in table.names() if arguments.only in name
                           for machine in table.of(name) if machine in arguments.machines}
    for model in models:
        name = os.path.relpath(model, folder)
        for machine in arguments.machines if arguments.only in name else ():
            known = information(arguments.tessera, model, machine)
            if not known or not any(layer["where"] == "npu" for layer in known["layers"]):
                break  # machines differ in size alone
            missing.discard((name, machine))
            with tempfile.TemporaryDirectory() as scratch:
                inputs = zeros(known["inputs"], scratch)
                measured, estimate = (measure(arguments.tessera, model, machine, device, inputs, scratch) for device in ("cycle", "functional"))
            table.compare(name, machine, measured["cycles"])
            lines, more = timing_model.faults(measured, estimate)
            for line in lines:
                print(f"{name} on {machine}: {line}")
            errors += more
            table.faults += len(lines)
    for name, machine in sorted(missing):
        print(f"{name} on {machine}: in the table, but it uses the accelerator no more")
    print(timing_model.distribution(errors))
    if arguments.update:
        for name, machine in missing:
            del table.of(name)[machine]
        table.write()
        return 0
    return 1 if table.faults or missing or not errors else 0


if __name__ == "__main__":
    sys.exit(main())
