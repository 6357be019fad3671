"""Real float networks, quantised with scales that are powers of two, on a machine of VTA's instructions alone.

usage: vta_test.py TESSERA [--network NAME ...] [--device D]

The bytes must be those of the host, every multiply-accumulate must be the accelerator's, and what stays on the host must be what the table says.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
MACHINE = os.path.join(ROOT, "tests", "cosim", "machines", "vta.json")
SKIP = 77
EDGES = {"QuantizeLinear", "DequantizeLinear", "Softmax"}
# name: model under onnx/, its cases under goldens/onnxruntime/, what else stays on the host, open extents. On the host: a reshape of the picture in front, an average
# whose quotients may be halves, and shortcuts that drop rows and add channels in float
NETWORKS = {
    "ad": ("mlperf-tiny-results/model_ad.onnx", "mlperf-tiny-results__model_ad", set()),
    "kws": ("mlperf-tiny-results/model_kws.onnx", "mlperf-tiny-results__model_kws", {"Reshape", "AveragePool"}),
    "vww": ("mlperf-tiny-results/vww_96_float.onnx", "mlperf-tiny-results__vww_96_float", set()),
    "ic": ("mlperf-tiny-results/model_ic.onnx", "mlperf-tiny-results__model_ic", set(), "--extent", "batch=1"),
    "resnet20": ("derived/resnet20_cifar10.onnx", "derived__resnet20_cifar10", {"Slice", "Pad"}),
}


def call(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with status {result.returncode}: {result.stderr.strip()}")


def check(tessera, models, name, device, folder):
    model, golden, allowed, *extents = NETWORKS[name]
    calibration, network = os.path.join(folder, "cases"), os.path.join(folder, "net.onnx")
    os.makedirs(calibration)
    cases = sorted(glob.glob(os.path.join(models, "goldens", "onnxruntime", golden, "case*", "input_0.npy")))
    if not cases:
        sys.exit(f"{name}: no cases")
    for i, case in enumerate(cases):
        np.save(os.path.join(calibration, f"{i}.npy"), np.load(case))
    call(tessera, "quantize", os.path.join(models, "onnx", model), "--calibrate", calibration, "--power-of-two", "--machine", MACHINE, "-o", network, "--quiet")
    outputs = {}
    for where in ("cpu", device):
        result, report = os.path.join(folder, where), os.path.join(folder, "report.json")
        call(tessera, "run", network, "--device", where, "--machine", MACHINE, "--input", cases[0], "--output", result, "--json", report, "--quiet", *extents)
        outputs[where] = [np.load(path) for path in sorted(glob.glob(os.path.join(result, "*.npy")))]
    with open(report, encoding="utf-8") as stream:
        layers = json.load(stream)["layers"]
    faults = [f"result {i} differs from the host's" for i, (a, b) in enumerate(zip(outputs["cpu"], outputs[device])) if a.tobytes() != b.tobytes()]
    if not outputs["cpu"] or len(outputs["cpu"]) != len(outputs[device]):
        faults.append("no result")
    for layer in layers:
        if layer["placement"] != "npu" and (layer["macs"] or layer["op"] not in EDGES | allowed):
            faults.append(f"{layer['op']} {layer['name']} runs on the host: {layer['reason']}")
    print(f"{name} on {device}: {sum(layer['macs'] for layer in layers)} multiply-accumulates, {len(faults)} faults")
    return [f"{name}: {fault}" for fault in faults]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--network", nargs="+", default=list(NETWORKS), choices=list(NETWORKS))
    parser.add_argument("--device", default="functional")
    options = parser.parse_args()
    models = os.environ.get("TESSERA_MODELS") or os.path.join(ROOT, "..", "shared", "models")
    if not os.path.isdir(models):
        print("skipped: no real networks here: set TESSERA_MODELS to their folder")
        sys.exit(SKIP)
    faults = []
    for name in options.network:
        with tempfile.TemporaryDirectory() as folder:
            faults += check(os.path.abspath(options.tessera), models, name, options.device, folder)
    sys.exit("\n".join(faults) if faults else 0)


main()
