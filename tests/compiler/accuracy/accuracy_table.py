"""Accuracy on the labelled samples, ours against the reference interpreters', for every network of reference_accuracy.json.

usage: accuracy_table.py TESSERA [--device D] [--machine M] [--only TEXT] [--samples N] [--shift-labels N]

Prints a line a network: samples, the reference's top-1, ours, samples put into another class than the reference puts them into, and, where
reference outputs are there, outputs of other bytes. Fails where any of them differs. Networks that the folder lacks are named and counted;
all of them lacking is a failure. --samples takes the first N samples alone; then top-1 of the reference is that of its predictions.
--shift-labels N moves every label by N samples: a planted mistake that must be found.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SKIP = 77
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])


def as_int8(pictures):
    """What QUANTIZE of picture / 255 gives at scale 1 / 255 and zero point -128, and of the picture at scale 1."""
    return (pictures.astype(np.int16) - 128).astype(np.int8)


def as_float(pictures):
    return pictures.astype(np.float32)


def as_unit(pictures):
    return pictures.astype(np.float32) / 255


def as_channels_first(pictures):
    return pictures.astype(np.float32).transpose(0, 3, 1, 2)


def as_imagenet(pictures):
    return ((pictures.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2)


@dataclass
class Network:
    """A model and what its authors do to a picture; files of the reference's classes and outputs, where there are any."""
    model: str
    prepare: callable
    classes: str = ""
    outputs: str = ""


NETWORKS = {
    "tflite_resnet8_int8(pretrainedResnet_quant)": Network(
        "tflite/mlperf-tiny/pretrainedResnet_quant.tflite", as_int8, "pred_tflite_resnet8_int8_pretrainedResnet_quant.txt",
        "bitexact_outputs_tflm_resnet8_int8_0-499.int8.bin"),
    "tflite_resnet8_float(pretrainedResnet)": Network(
        "tflite/mlperf-tiny/pretrainedResnet.tflite", as_float, "pred_tflite_resnet8_float_pretrainedResnet.txt"),
    "tinymaix_cifar10_q": Network("tflite/tinymaix/cifar10_q.tflite", as_int8, "pred_tinymaix_cifar10_q.txt"),
    "tinymaix_cifar10_f": Network("tflite/tinymaix/cifar10_f.tflite", as_unit, "pred_tinymaix_cifar10_f.txt"),
    "onnx_resnet20_cifar10": Network("onnx/derived/resnet20_cifar10.onnx", as_imagenet, "pred_onnx_resnet20_cifar10.txt"),
    "onnx_alibaba_ic_float(imagenet norm)": Network(
        "onnx/mlperf-tiny-results/model_ic.onnx", as_imagenet, "pred_onnx_alibaba_ic_float_imagenet_norm.txt"),
    "onnx_mnist_8(raw 0..255)": Network("onnx-with-published-io/mnist_8/model.onnx", as_channels_first, "pred_onnx_mnist_8_raw_0..255.txt"),
    "tflite_mnist_lstm_int8": Network("tflite/tflite-micro/trained_lstm_int8.tflite", as_int8),
    "tflite_mnist_lstm_float": Network("tflite/tflite-micro/trained_lstm.tflite", as_unit),
    "tinymaix_mnist_resnet_q": Network("tflite/tinymaix/mnist_resnet_q.tflite", as_int8, "pred_tinymaix_mnist_resnet_q.txt"),
    "tinymaix_mnist_dw_q": Network("tflite/tinymaix/mnist_dw_q.tflite", as_int8, "pred_tinymaix_mnist_dw_q.txt"),
}
# Networks whose files nobody has published with the samples: they are counted as lacking.
LACKING = ("onnx_cnn_mnist_pytorch((x/255-.1307)/.3081)", "onnx_mnist_dynamic_convinteger(raw)",
           "tflite_ptq_mnist_lenet_300_100((x/255-.1307)/.3081)", "tinymaix_mnist_valid_q")


def labelled(folder, name):
    """(pictures N x H x W x C, labels) of the set that the network is for."""
    kind, file, shape = ("mnist", "mnist_test_0-499_u8.bin", (-1, 28, 28, 1)) if "mnist" in name else \
                        ("cifar10", "cifar10_test_0-499_nhwc_u8.bin", (-1, 32, 32, 3))
    return (np.fromfile(os.path.join(folder, file), np.uint8).reshape(shape),
            np.fromfile(os.path.join(folder, f"{kind}_test_0-499_labels_u8.bin"), np.uint8))


def evaluate(options, model, samples, labels, reference):
    """What `tessera eval --json -` says."""
    with tempfile.TemporaryDirectory() as folder:
        def saved(name, array):
            path = os.path.join(folder, name)
            np.save(path, np.ascontiguousarray(array))
            return path

        command = [options.tessera, "eval", model, "--samples", saved("samples.npy", samples), "--labels", saved("labels.npy", labels),
                   "--device", options.device, "--machine", options.machine, "--json", "-"]
        if reference is not None:
            command += ["--reference", saved("reference.npy", reference)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\nended with status {result.returncode}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def judge(options, folder, name, wanted, network):
    """Prints the network's line; True where everything agrees."""
    pictures, labels = labelled(os.path.join(folder, "eval"), name)
    count = min(options.samples or wanted["n"], wanted["n"])
    classes = np.loadtxt(os.path.join(folder, "eval", network.classes), dtype=np.int64) if network.classes else None
    right = round(wanted["top1"] * wanted["n"])
    if count < wanted["n"]:
        if classes is None:
            print(f"{name:52} is judged on all samples alone", flush=True)
            return True
        right = int((classes == labels)[:count].sum())
    samples, model = network.prepare(pictures[:count]), os.path.join(folder, network.model)
    if "lstm" in name:
        samples = samples[..., 0]  # rows of pixels are steps
    given = np.roll(labels, options.shift_labels)[:count]
    found = evaluate(options, model, samples, given, None if classes is None else classes[:count])
    agrees = found["right"] == right and (classes is None or found["reference"]["same_class"] == count)
    others = "-" if classes is None else count - found["reference"]["same_class"]
    bytes_differ = "-"
    if network.outputs:
        outputs = np.fromfile(os.path.join(folder, "eval", network.outputs), np.int8).reshape(wanted["n"], -1)[:count]
        bytes_differ = count - evaluate(options, model, samples, given, outputs)["reference"]["same_output"]
        agrees = agrees and bytes_differ == 0
    print(f"{name:52} {count:7} {100 * right / count:8.1f} % {100 * found['top1']:6.1f} % {others:>12} {bytes_differ:>13}"
          f"{'' if agrees else '  differs'}", flush=True)
    return agrees


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--machine", default="pynq")
    parser.add_argument("--only", default="")
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--shift-labels", type=int, default=0)
    options = parser.parse_args()
    folder = os.environ.get("TESSERA_MODELS") or os.path.join(ROOT, "..", "shared", "models")
    if not os.path.isdir(os.path.join(folder, "eval")):
        print("skipped: no labelled samples here: set TESSERA_MODELS to the models' folder")
        sys.exit(SKIP)
    with open(os.path.join(folder, "eval", "reference_accuracy.json"), encoding="utf-8") as stream:
        table = json.load(stream)
    print(f"{'network on ' + options.device:52} {'samples':>7} {'reference':>10} {'ours':>8} {'other class':>12} {'other output':>13}")
    results, lacking = [], 0
    for name, wanted in table.items():
        if options.only not in name:
            continue
        network = NETWORKS.get(name)
        if network is None and name not in LACKING:
            print(f"{name:52} is not known here", flush=True)
            results.append(False)
        elif network is None or not os.path.isfile(os.path.join(folder, network.model)):
            print(f"{name:52} {wanted['n']:7} {100 * wanted['top1']:8.1f} %  its model is not in the folder", flush=True)
            lacking += 1
        else:
            results.append(judge(options, folder, name, wanted, network))
    print(f"{sum(results)} of {len(results)} networks agree with their reference, {lacking} more have no model here")
    sys.exit(0 if results and all(results) else 1)


if __name__ == "__main__":
    main()
