"""The timing model (isa/timing.h) against the Verilated core on every network of the models folder that uses the accelerator, layer by layer.

usage: timing_networks_test.py TESSERA [--machine M] [--only TEXT] [--macs N]. Networks of more than N multiply-accumulates are left out. Inputs are
zeros: with `bench` memory cycles do not depend on data.
"""
import argparse
import glob
import json
import math
import os
import subprocess
import sys
import tempfile

import networks
import timing_model

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
    subprocess.run([tessera, "run", model, *inputs, "--device", device, "--machine", machine, "--memory", "bench", "--json", report, "--quiet"],
                   capture_output=True, timeout=1800, check=True)
    with open(report, encoding="utf-8") as stream:
        return json.load(stream)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--machine", default="pynq")
    parser.add_argument("--only", default="")
    parser.add_argument("--macs", type=float, default=math.inf)
    arguments = parser.parse_args()
    folder = networks.models_folder()
    if folder is None:
        networks.skip("no real networks here: set TESSERA_MODELS to their folder")
    models = sorted(glob.glob(os.path.join(folder, "**", "*.tflite"), recursive=True) + glob.glob(os.path.join(folder, "**", "*.onnx"), recursive=True))
    errors, faults, compared = [], 0, 0
    for model in models:
        name = os.path.relpath(model, folder)
        known = information(arguments.tessera, model, arguments.machine) if arguments.only in name else None
        layers = known["layers"] if known else []
        if not any(layer["where"] == "npu" for layer in layers) or sum(layer["macs"] for layer in layers) > arguments.macs:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            inputs = zeros(known["inputs"], scratch)
            measured, estimate = (measure(arguments.tessera, model, arguments.machine, device, inputs, scratch) for device in ("cycle", "functional"))
        lines, more = timing_model.faults(measured, estimate)
        print(f"{name}: {measured['cycles']} cycles, {estimate['cycles']} by the timing model", flush=True)
        for line in lines:
            print(f"{name}: {line}")
        errors += more
        faults += len(lines)
        compared += 1
    print(f"{compared} networks; {timing_model.distribution(errors)}")
    return 1 if faults or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
