"""Accuracy of quantised networks on the labelled sets of the models folder, against the float networks'.

usage: accuracy_test.py TESSERA [--network NAME ...] [--range RULE ...] [--scales free|powers ...] [--device D]

Of the 500 samples the first 50 and the last 50 calibrate in turn: samples 50 to 499 are classified by a network that has seen the first 50,
samples 0 to 49 by one that has seen the last 50. So all 500 are judged, none by a network that has seen it. Fails where a quantised network is more
than one point (5 samples) below float.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SKIP = 77
SAMPLES, CALIBRATION, ALLOWED = 500, 50, 5
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])

# name: model, labelled set, predictions of the float network by ONNX Runtime, open extents
NETWORKS = {
    "mnist_8": ("onnx-with-published-io/mnist_8/model.onnx", "mnist", "pred_onnx_mnist_8_raw_0..255.txt", ()),
    "resnet20": ("onnx/derived/resnet20_cifar10.onnx", "cifar10", "pred_onnx_resnet20_cifar10.txt", ()),
    "model_ic": ("onnx/mlperf-tiny-results/model_ic.onnx", "cifar10", "pred_onnx_alibaba_ic_float_imagenet_norm.txt", ("--extent", "batch=1")),
}


def samples(folder, name):
    """(inputs, labels) of a labelled set, as the networks want them."""
    if name == "mnist":
        pictures = np.fromfile(os.path.join(folder, "mnist_test_0-499_u8.bin"), np.uint8).reshape(SAMPLES, 1, 28, 28)
        inputs = pictures.astype(np.float32)
    else:
        pictures = np.fromfile(os.path.join(folder, "cifar10_test_0-499_nhwc_u8.bin"), np.uint8).reshape(SAMPLES, 32, 32, 3)
        inputs = np.ascontiguousarray(((pictures.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2))
    kind = "mnist" if name == "mnist" else "cifar10"
    return inputs, np.fromfile(os.path.join(folder, f"{kind}_test_0-499_labels_u8.bin"), np.uint8)


def call(*command):
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with status {result.returncode}: {result.stderr.strip()}")


def quantise(tessera, model, calibration, folder, rule, scales):
    """(path of the quantised network, decibels at its output)."""
    data, path, report = (os.path.join(folder, name) for name in ("calibration", "int8.onnx", "report.json"))
    os.makedirs(data, exist_ok=True)
    np.save(os.path.join(data, "cases.npy"), calibration)
    more = ("--power-of-two",) if scales == "powers" else ()
    call(tessera, "quantize", model, "--calibrate", data, "-o", path, "--range", rule, "--json", report, "--quiet", *more)
    with open(report, encoding="utf-8") as stream:
        return path, json.load(stream)["outputs"][0]["snr_db"]


def classify(tessera, model, inputs, folder, device, extents):
    path, out = os.path.join(folder, "input.npy"), os.path.join(folder, "out")
    np.save(path, inputs)
    call(tessera, "run", model, "--input", path, "--device", device, "--output", out, "--quiet", *extents)
    return np.load(os.path.join(out, "output_0.npy")).reshape(len(inputs), -1).argmax(1)


def judge(tessera, models, name, rule, scales, device):
    """Prints one line of the table; True where accuracy is kept."""
    model, kind, predictions, extents = NETWORKS[name]
    evaluation = os.path.join(models, "eval")
    inputs, labels = samples(evaluation, kind)
    exact = np.loadtxt(os.path.join(evaluation, predictions), dtype=int)
    found = np.empty(SAMPLES, int)
    decibels = []
    for seen, judged in ((slice(0, CALIBRATION), slice(CALIBRATION, SAMPLES)),
                         (slice(SAMPLES - CALIBRATION, SAMPLES), slice(0, CALIBRATION))):
        with tempfile.TemporaryDirectory() as folder:
            path, ratio = quantise(tessera, os.path.join(models, model), inputs[seen], folder, rule, scales)
            found[judged] = classify(tessera, path, inputs[judged], folder, device, extents)
            decibels.append(ratio)
    right, wanted = int((found == labels).sum()), int((exact == labels).sum())
    kept = right >= wanted - ALLOWED
    print(f"{name:10} {rule:10} {scales:7} {100 * wanted / SAMPLES:6.1f} % {100 * right / SAMPLES:8.1f} % {int((found != exact).sum()):10} "
          f"{decibels[0]:9.1f} dB  {'' if kept else 'more than a point lost'}".rstrip(), flush=True)
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--network", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--range", nargs="+", default=["minmax", "percentile", "entropy"])
    parser.add_argument("--scales", nargs="+", default=["free", "powers"])
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    models = os.environ.get("TESSERA_MODELS") or os.path.join(ROOT, "..", "shared", "models")
    if not os.path.isdir(os.path.join(models, "eval")):
        print("skipped: no labelled sets here: set TESSERA_MODELS to the models' folder")
        sys.exit(SKIP)
    print(f"{'network':10} {'range':10} {'scales':7} {'float':>8} {'quantised':>10} {'other class':>10} {'output':>8}")
    results = [judge(options.tessera, models, name, rule, scales, options.device)
               for name in options.network for rule in options.range for scales in options.scales]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
